//! What can be run: one module for each scenario, and what they share.

pub mod browse;
pub mod checkout;
pub mod compare;
pub mod expiry_wave;
pub mod growth;
pub mod limits;
pub mod on_sale;
pub mod open_loop;
pub mod search;
pub mod steady;
pub mod waiters;

mod audit;
mod client;
mod kit;
mod watch;

pub use client::{Client, Mode};
pub use kit::{Kit, Options};
