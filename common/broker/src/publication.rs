//! A message to publish, and why publishing it can fail.

/// A message to publish.
#[derive(Debug, Clone)]
pub struct Publication {
    /// The name of the exchange.
    pub exchange: &'static str,
    /// The key that the exchange routes by.
    pub routing_key: String,
    /// The bytes, encoded already.
    pub body: Vec<u8>,
    /// Whether it must reach a queue and survive a restart of the broker. False for a hint.
    pub durable: bool,
    /// Headers for people, such as why a message was dead-lettered.
    pub headers: Vec<(&'static str, String)>,
}

impl Publication {
    /// A message that must not be lost.
    pub fn durable(exchange: &'static str, routing_key: String, body: Vec<u8>) -> Self {
        Self { exchange, routing_key, body, durable: true, headers: Vec::new() }
    }

    /// A message that may be lost, and may reach nobody.
    pub fn hint(exchange: &'static str, routing_key: String, body: Vec<u8>) -> Self {
        Self { durable: false, ..Self::durable(exchange, routing_key, body) }
    }
}

/// Why it is not certain that the broker has a message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PublishError {
    /// There is no connection, or the broker blocks publishers. The message was not sent.
    #[error("the broker is away: {0}")]
    Away(String),
    /// The broker rejected it, because the queue is full. The broker does not have it.
    #[error("the queue is full")]
    Full,
    /// No queue is bound to that key. The broker does not have it.
    #[error("no queue takes the routing key {0}")]
    Unroutable(String),
    /// It was sent, and no confirm came in time. The broker may have it.
    #[error("the broker did not confirm in time")]
    Unknown,
}
