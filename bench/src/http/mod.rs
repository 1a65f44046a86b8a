//! A very cheap HTTP/1.1 client, because it shares the machine with the system that it measures. No
//! pipelining, no redirects, no TLS; requests are bytes, and answers are read in place. HTTP/2 is
//! for more waiting clients than a process may have sockets.

mod connection;
mod failure;
mod multiplexed;
mod pool;
mod request;
mod response;
mod seen;
mod stream;

pub use connection::{Answer, Connection};
pub use failure::Failure;
pub use pool::Pool;
pub use request::Request;
pub use response::{Head, Malformed, head};
pub use seen::{Known, Versions, View, versions};
pub use stream::{Chunks, Event, EventStream};
