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
        let mut found = declare(connection, &queue.name, None).await?;
        if found.depth.is_some() {
            // Declaring a queue that exists only compares its arguments.
            let compared = declare(connection, &queue.name, Some(&queue.arguments)).await?;
            found.fault = compared.fault;
        }
        seen.push(found);
    }
    Ok(seen)
}

/// What waits in one queue; none if it does not exist.
pub async fn depth(connection: &Connection, queue: &str) -> Result<Option<Depth>, LostConnection> {
    let seen = declare(connection, queue, None).await?;
    match seen.fault {
        None | Some(Fault::Missing) => Ok(seen.depth),
        Some(fault) => Err(LostConnection(format!("queue {queue}: {fault}"))),
    }
}

/// Compares an exchange and its kind. None if there is no difference.
pub async fn compare_exchange(
    connection: &Connection,
    exchange: &Exchange,
) -> Result<Option<Fault>, LostConnection> {
    for passive in [true, false] {
        let channel = connection.channel().await?;
        let options = ExchangeDeclareOptions { durable: true, passive, ..Default::default() };
        let name = exchange.name.into();
        let none = FieldTable::default();
        let declared = channel.exchange_declare(name, kind(exchange.kind), options, none).await;
        close(&channel).await;
        if let Err(error) = declared {
            return Fault::of(error).map(Some);
        }
    }
    Ok(None)
}

/// Asks for a queue, and compares its arguments if they are given. The broker closes the channel on
/// a fault, so each declaration has its own channel.
async fn declare(
    connection: &Connection,
    queue: &str,
    with: Option<&[(&'static str, Argument)]>,
) -> Result<Seen, LostConnection> {
    let channel = connection.channel().await?;
    let passive = with.is_none();
    let options = QueueDeclareOptions { passive, durable: true, ..Default::default() };
    let arguments = with.map(arguments).unwrap_or_default();
    let declared = channel.queue_declare(queue.into(), options, arguments).await;
    close(&channel).await;
    let name = queue.to_owned();
    match declared {
        Ok(found) => {
            let messages = found.message_count();
            let consumers = found.consumer_count();
            let depth = Depth { queue: name.clone(), messages, consumers };
            Ok(Seen { queue: name, depth: Some(depth), fault: None })
        }
        Err(error) => Ok(Seen { queue: name, depth: None, fault: Some(Fault::of(error)?) }),
    }
}
