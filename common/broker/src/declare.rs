//! Declares the topology on a broker. Doing so again changes nothing; a difference is an error.

use futures::future::try_join_all;
use lapin::options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{Channel, ExchangeKind as Kind};

use super::connection::{Connection, LostConnection};
use super::depths::Depth;
use super::fault::Fault;
use crate::topology::{Argument, ExchangeKind, Topology};

/// Declares every exchange, queue and binding; where the settings forbid it, only looks whether
/// every exchange and queue is there.
pub async fn declare(connection: &Connection, topology: &Topology) -> Result<(), LostConnection> {
    let channel = connection.channel().await?;
    let passive = !connection.declares;
    for exchange in topology.exchanges() {
        let options = ExchangeDeclareOptions { durable: true, passive, ..Default::default() };
        let name = exchange.name.into();
        let none = FieldTable::default();
        let declared = channel.exchange_declare(name, kind(exchange.kind), options, none).await;
        declared.map_err(|error| explained("exchange", exchange.name, error))?;
    }
    for queue in topology.queues() {
        let options = QueueDeclareOptions { durable: true, passive, ..Default::default() };
        let name = queue.name.as_str();
        let declared =
            channel.queue_declare(name.into(), options, arguments(&queue.arguments)).await;
        declared.map_err(|error| explained("queue", name, error))?;
        if passive {
            continue;
        }
        let exchange = queue.exchange.into();
        let key = queue.routing_key.as_str().into();
        let bind = QueueBindOptions::default();
        channel.queue_bind(name.into(), exchange, key, bind, FieldTable::default()).await?;
    }
    close(&channel).await;
    Ok(())
}

/// The error with what to do about it: whoever starts a process sees this and no more.
fn explained(what: &str, name: &str, error: lapin::Error) -> LostConnection {
    match Fault::of(error) {
        Ok(fault) => LostConnection(format!("{what} {name}: {fault} -> {}", fault.advice())),
        Err(error) => error,
    }
}

/// The broker's name for a kind of exchange.
pub(super) fn kind(kind: ExchangeKind) -> Kind {
    match kind {
        ExchangeKind::Direct => Kind::Direct,
        ExchangeKind::Topic => Kind::Topic,
        ExchangeKind::Fanout => Kind::Fanout,
    }
}

/// How many messages wait in queues and how many consumers they have, in their order. Messages that
/// were sent to a consumer and are not acked are not counted.
pub(super) async fn queue_depths(
    connection: &Connection,
    queues: &[String],
) -> Result<Vec<Depth>, LostConnection> {
    let channel = connection.channel().await?;
    let look = queues.iter().map(|queue| async {
        let options = QueueDeclareOptions { passive: true, ..Default::default() };
        let name = queue.as_str().into();
        let found = channel.queue_declare(name, options, FieldTable::default()).await?;
        let messages = found.message_count();
        let consumers = found.consumer_count();
        Ok::<_, LostConnection>(Depth { queue: queue.clone(), messages, consumers })
    });
    let depths = try_join_all(look).await?;
    close(&channel).await;
    Ok(depths)
}

/// An error while closing is no error: the channel is gone either way.
pub(super) async fn close(channel: &Channel) {
    let _gone = channel.close(200, "done".into()).await;
}

pub(super) fn arguments(list: &[(&'static str, Argument)]) -> FieldTable {
    let mut table = FieldTable::default();
    for (name, value) in list {
        let value = match value {
            Argument::Bool(flag) => AMQPValue::Boolean(*flag),
            Argument::Int(number) => AMQPValue::LongLongInt(*number),
            Argument::Text(text) => AMQPValue::LongString((*text).into()),
        };
        table.insert((*name).into(), value);
    }
    table
}
