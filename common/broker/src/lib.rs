//! The only crate with AMQP.
//!
//! A process has two connections, a [`Publisher`] and a [`Connection`] for consumers: a broker that
//! lacks memory or disk blocks a connection that publishes, and consumers must still be able to
//! ack. The client library recovers nothing by itself. Whoever loses a channel drops everything
//! that used it and starts again.

mod connection;
mod consumer;
mod declare;
mod depths;
mod fault;
mod feed;
mod meter;
pub mod operators;
mod publication;
mod publisher;
mod sender;
pub mod topology;

pub use connection::{Connection, LostConnection};
pub use consumer::{Consumer, Delivery, Subscription};
pub use declare::declare;
pub use depths::{Depth, Depths};
pub use fault::Fault;
pub use feed::Feed;
pub use publication::{Publication, PublishError};
pub use publisher::Publisher;
pub use sender::Sender;
