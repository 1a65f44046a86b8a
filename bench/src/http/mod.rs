//! A very cheap HTTP/1.1 client: it shares the machine with what it measures. No pipelining, no
//! redirects, no TLS; requests are bytes, and answers are read in place. For crowds that wait,
//! HTTP/2.

mod connection;
mod multiplexed;
mod pool;
mod request;
mod response;
mod seen;
mod stream;

pub use connection::{Answer, Connection, Failure};
pub use pool::Pool;
pub use request::Request;
pub use response::{Head, Malformed, head};
pub use seen::{Known, Versions, View, versions};
pub use stream::{Chunks, Event, EventStream};
