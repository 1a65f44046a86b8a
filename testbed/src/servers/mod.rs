//! Postgres and RabbitMQ: servers that are there already, or private ones from local binaries.
//!
//! A private server listens on 127.0.0.1 only, on ports of its own, keeps all its files in one
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
    /// Data found there is used again, and a stop is a clean one.
    Data,
    /// Data found there is deleted at the start; at the end the server is killed, and its files
    /// stay to be looked at.
    Nothing,
}

/// The longest a private server may take to start or stop.
const PATIENCE: Duration = Duration::from_mins(1);
