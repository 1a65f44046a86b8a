//! Postgres and RabbitMQ: existing servers, or private ones from local binaries.
//!
//! A private server listens only on 127.0.0.1, on ports of its own, keeps all its files in one
//! directory, and ends with the process that started it.

mod choose;
pub mod postgres;
pub mod rabbitmq;

mod account;
mod compose;
mod dev;
mod directory;
mod identity;
mod lease;
mod log;
mod management;
mod port;

pub use identity::Identity;

pub use choose::{Servers, for_tests, tools_for_tests};
pub use dev::ForDev;
pub use port::free as free_port;

use std::time::Duration;

/// What a server's directory is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keep {
    /// Existing data are used, and the server is stopped cleanly.
    Data,
    /// Existing data are deleted at the start. At the end the server is killed, and its files stay
    /// for inspection.
    Nothing,
}

/// The longest time that a private server may take to start or stop.
const PATIENCE: Duration = Duration::from_mins(1);
