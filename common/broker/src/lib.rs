//! The only place with AMQP.
//!
//! A process has two connections, because a broker in need blocks the one that publishes and the
//! other must go on acking: [`Publisher`] and [`Connection`]. Nothing recovers by itself in the
//! client library; whoever loses a channel drops everything that hung on it and begins anew.

#![warn(missing_docs)]

mod connection;
mod consumer;
mod declare;
mod depths;
mod fault;
mod feed;
mod meter;
pub mod operators;
mod publisher;
mod sender;
pub mod topology;

pub use connection::{Connection, LostConnection};
pub use consumer::{Consumer, Delivery, Subscription};
pub use declare::declare;
pub use depths::{Depth, Depths};
pub use fault::Fault;
pub use feed::Feed;
pub use publisher::{Message, PublishError, Publisher};
pub use sender::Sender;
