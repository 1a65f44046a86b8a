//! Compares the broker's queues with the topology, and changes nothing.

use lapin::ErrorKind;
use lapin::options::QueueDeclareOptions;
use lapin::protocol::{AMQPErrorKind, AMQPSoftError};
use lapin::types::FieldTable;

use super::connection::{Connection, LostConnection};
use super::declare::{arguments, close};
use super::depths::Depth;
use crate::topology::{Queue, Topology};

/// What is wrong with a queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum QueueFault {
    /// There is no such queue.
    Missing,
    /// It was declared with other arguments: the broker says which.
    Differs(String),
}

/// Each queue of the topology as the broker has it. Bindings cannot be seen over AMQP.
pub async fn inspect(
    connection: &Connection,
    topology: &Topology,
) -> Result<Vec<(String, Result<Depth, QueueFault>)>, LostConnection> {
    let mut found = Vec::new();
    for queue in topology.queues() {
        let state = match declare(connection, &queue, true).await? {
            // Of a queue that is there, a declaration only compares.
            Ok(depth) => declare(connection, &queue, false).await?.map(|_| depth),
            Err(fault) => Err(fault),
        };
        found.push((queue.name, state));
    }
    Ok(found)
}

/// The broker closes the channel on a fault, so each declaration has one of its own.
async fn declare(
    connection: &Connection,
    queue: &Queue,
    passive: bool,
) -> Result<Result<Depth, QueueFault>, LostConnection> {
    let channel = connection.channel().await?;
    let options = QueueDeclareOptions { passive, durable: true, ..Default::default() };
    let arguments = if passive { FieldTable::default() } else { arguments(&queue.arguments) };
    let declared = channel.queue_declare(queue.name.as_str().into(), options, arguments).await;
    let fault = match declared {
        Ok(found) => {
            close(&channel).await;
            let (messages, consumers) = (found.message_count(), found.consumer_count());
            return Ok(Ok(Depth { queue: queue.name.clone(), messages, consumers }));
        }
        Err(error) => error,
    };
    if let ErrorKind::ProtocolError(protocol) = fault.kind() {
        match protocol.kind() {
            AMQPErrorKind::Soft(AMQPSoftError::NOTFOUND) => return Ok(Err(QueueFault::Missing)),
            AMQPErrorKind::Soft(AMQPSoftError::PRECONDITIONFAILED) => {
                return Ok(Err(QueueFault::Differs(protocol.get_message().to_string())));
            }
            _ => {}
        }
    }
    Err(fault.into())
}
