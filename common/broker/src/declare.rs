//! Declares the topology on a broker. Declaring it again changes nothing; a difference is an error.

use lapin::options::{ExchangeDeclareOptions, QueueBindOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::{Channel, ExchangeKind as Kind};

use super::connection::{Connection, LostConnection};
use super::fault::Fault;
use crate::topology::{Argument, ExchangeKind, Topology};

/// Declares every exchange, queue and binding. If the settings forbid it, only checks that every
/// exchange and queue exists.
pub async fn declare(connection: &Connection, topology: &Topology) -> Result<(), LostConnection> {
    let channel = connection.channel().await?;
    let passive = !connection.declares;
    for exchange in topology.exchanges() {
        let options = ExchangeDeclareOptions { durable: true, passive, ..Default::default() };
        let name = exchange.name.into();
        let none = FieldTable::default();
        let declared = channel.exchange_declare(name, kind(exchange.kind), options, none).await;
        declared.map_err(|error| with_advice("exchange", exchange.name, error))?;
    }
    for queue in topology.queues() {
        let options = QueueDeclareOptions { durable: true, passive, ..Default::default() };
        let name = queue.name.as_str();
        let declared =
            channel.queue_declare(name.into(), options, arguments(&queue.arguments)).await;
        declared.map_err(|error| with_advice("queue", name, error))?;
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

/// Adds the advice to the error, because it is all that whoever starts a process sees.
fn with_advice(what: &str, name: &str, error: lapin::Error) -> LostConnection {
    match Fault::of(error) {
        Ok(fault) => LostConnection(format!("{what} {name}: {fault} -> {}", fault.advice())),
        Err(error) => error,
    }
}

pub(super) fn kind(kind: ExchangeKind) -> Kind {
    match kind {
        ExchangeKind::Direct => Kind::Direct,
        ExchangeKind::Topic => Kind::Topic,
        ExchangeKind::Fanout => Kind::Fanout,
    }
}

/// Ignores an error: the channel is closed either way.
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
