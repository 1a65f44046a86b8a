//! Compares the broker with the topology. Changes nothing.

use lapin::options::{ExchangeDeclareOptions, QueueDeclareOptions};
use lapin::types::FieldTable;

use crate::connection::{Connection, LostConnection};
use crate::declare::{arguments, close, kind};
use crate::depths::Depth;
use crate::fault::Fault;
use crate::topology::{Argument, Exchange, Topology};

/// A queue of the topology, as it is on the broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The name of the queue.
    pub queue: String,
    /// What waits in it; none if it is missing.
    pub depth: Option<Depth>,
    /// The difference from the topology; none if there is none.
    pub fault: Option<Fault>,
}

/// Compares each queue of the topology. AMQP cannot show bindings.
pub async fn inspect(
    connection: &Connection,
    topology: &Topology,
) -> Result<Vec<Seen>, LostConnection> {
    let mut seen = Vec::new();
    for queue in topology.queues() {
        let (depth, fault) = match declare(connection, &queue.name, None).await? {
            // Declaring a queue that exists only compares its arguments.
            Ok(depth) => {
                let compared = declare(connection, &queue.name, Some(&queue.arguments)).await?;
                (Some(depth), compared.err())
            }
            Err(fault) => (None, Some(fault)),
        };
        seen.push(Seen { queue: queue.name, depth, fault });
    }
    Ok(seen)
}

/// What waits in one queue; none if it does not exist.
pub async fn depth(connection: &Connection, queue: &str) -> Result<Option<Depth>, LostConnection> {
    match declare(connection, queue, None).await? {
        Ok(depth) => Ok(Some(depth)),
        Err(Fault::Missing) => Ok(None),
        Err(fault) => Err(LostConnection(format!("queue {queue}: {fault}"))),
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
        let name = exchange.name.into();
        let none = FieldTable::default();
        let declared = channel.exchange_declare(name, kind(exchange.kind), options, none).await;
        close(&channel).await;
        if let Err(error) = declared {
            return Fault::of(error).map(Err);
        }
    }
    Ok(Ok(()))
}

/// Asks for a queue, and compares its arguments if they are given. The broker closes the channel on
/// a fault, so each declaration has its own channel.
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
            let messages = found.message_count();
            let consumers = found.consumer_count();
            Ok(Ok(Depth { queue: queue.to_owned(), messages, consumers }))
        }
        Err(error) => Fault::of(error).map(Err),
    }
}
