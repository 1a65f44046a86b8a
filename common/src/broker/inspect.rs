//! Compares what the broker has with the topology, and changes nothing.

use lapin::ErrorKind;
use lapin::options::{ExchangeDeclareOptions, QueueDeclareOptions};
use lapin::protocol::{AMQPErrorKind, AMQPSoftError};
use lapin::types::FieldTable;

use super::connection::{Connection, LostConnection};
use super::declare::{arguments, close, kind};
use super::depths::Depth;
use crate::topology::{Argument, Exchange, Topology};

/// What is wrong with a queue or an exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// It is not there.
    Missing,
    /// It was declared with other arguments: the broker says which.
    Differs(String),
    /// It is there, but this user may not compare it: the broker's words.
    Forbidden(String),
}

/// Each queue of the topology as the broker has it. Bindings cannot be seen over AMQP.
pub async fn inspect(
    connection: &Connection,
    topology: &Topology,
) -> Result<Vec<(String, Result<Depth, Fault>)>, LostConnection> {
    let mut found = Vec::new();
    for queue in topology.queues() {
        let state = match declare(connection, &queue.name, None).await? {
            // Of a queue that is there, a declaration only compares.
            Ok(depth) => {
                let compared = declare(connection, &queue.name, Some(&queue.arguments)).await?;
                compared.map(|_| depth)
            }
            Err(fault) => Err(fault),
        };
        found.push((queue.name, state));
    }
    Ok(found)
}

/// What waits in a queue; none where there is no such queue.
pub async fn depth(connection: &Connection, queue: &str) -> Result<Option<Depth>, LostConnection> {
    match declare(connection, queue, None).await? {
        Ok(depth) => Ok(Some(depth)),
        Err(Fault::Missing) => Ok(None),
        Err(Fault::Differs(words) | Fault::Forbidden(words)) => Err(LostConnection(words)),
    }
}

/// Compares an exchange and its kind.
pub async fn compare_exchange(
    connection: &Connection,
    exchange: &Exchange,
) -> Result<Result<(), Fault>, LostConnection> {
    for passive in [true, false] {
        let channel = connection.channel().await?;
        let options = ExchangeDeclareOptions { durable: true, passive, ..Default::default() };
        let (name, none) = (exchange.name.into(), FieldTable::default());
        let declared = channel.exchange_declare(name, kind(exchange.kind), options, none).await;
        close(&channel).await;
        if let Err(error) = declared {
            return fault(error).map(Err);
        }
    }
    Ok(Ok(()))
}

/// Looks at a queue, and compares its arguments where they are given. The broker closes the channel
/// on a fault, so each declaration has one of its own.
async fn declare(
    connection: &Connection,
    queue: &str,
    with: Option<&[(&'static str, Argument)]>,
) -> Result<Result<Depth, Fault>, LostConnection> {
    let channel = connection.channel().await?;
    let passive = with.is_none();
    let options = QueueDeclareOptions { passive, durable: true, ..Default::default() };
    let arguments = with.map(arguments).unwrap_or_default();
    let declared = channel.queue_declare(queue.into(), options, arguments).await;
    close(&channel).await;
    match declared {
        Ok(found) => {
            let (messages, consumers) = (found.message_count(), found.consumer_count());
            Ok(Ok(Depth { queue: queue.to_owned(), messages, consumers }))
        }
        Err(error) => fault(error).map(Err),
    }
}

/// What the broker found wrong with a declaration; other errors are passed on.
fn fault(error: lapin::Error) -> Result<Fault, LostConnection> {
    let ErrorKind::ProtocolError(protocol) = error.kind() else { return Err(error.into()) };
    let words = protocol.get_message().to_string();
    match protocol.kind() {
        AMQPErrorKind::Soft(AMQPSoftError::NOTFOUND) => Ok(Fault::Missing),
        AMQPErrorKind::Soft(AMQPSoftError::PRECONDITIONFAILED) => Ok(Fault::Differs(words)),
        AMQPErrorKind::Soft(AMQPSoftError::ACCESSREFUSED) => Ok(Fault::Forbidden(words)),
        _ => Err(error.into()),
    }
}
