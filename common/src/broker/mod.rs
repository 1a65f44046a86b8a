//! The only place with AMQP.
//!
//! A process has two connections, because a broker in need blocks the one that publishes and the
//! other must go on acking: [`Publisher`] and [`Connection`]. Nothing recovers by itself in the
//! client library; whoever loses a channel drops everything that hung on it and begins anew.

mod connection;
mod consumer;
mod declare;
mod depths;
mod feed;
mod inspect;
mod meter;
mod publisher;

pub use connection::{Connection, LostConnection};
pub use consumer::{Consumer, Delivery, Subscription};
pub use declare::{declare, queue_depth};
pub use depths::{Depth, Depths};
pub use feed::Feed;
pub use inspect::{QueueFault, inspect};
pub use publisher::{Message, PublishError, Publisher};
