//! The worker pools. Each is a role of one binary, so that operators scale them apart:
//! [`reservations`] decides requests for tickets, [`payments`] has them paid, [`expiry`] frees
//! holds that are due.

pub mod cli;

pub mod expiry;
pub mod payments;
pub mod reservations;

mod admin;
mod audit;
mod commands;
mod context;
mod control;
mod dead_letter;
mod in_hand;
mod metrics;
mod orders;
mod partitions;
mod presence;
mod run;
mod subscriber;
mod suspects;
mod tell;
mod timeline;
mod traces;
mod transact;

pub use context::Context;
pub use orders::Orders;
pub use payments::{GatewayError, PaymentGateway};
