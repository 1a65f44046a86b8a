//! The only place with SQL. Functions take a connection; who calls owns the transaction.
//!
//! All statements that change tickets are in [`stock`]. Transactions run under READ COMMITTED:
//! what they check, they have locked.

#![warn(missing_docs)]

pub mod audit;
pub mod availability;
pub mod charges;
pub mod events;
pub mod history;
pub mod holds;
pub mod houses;
pub mod lock;
pub mod payments;
pub mod pool;
pub mod pool_orders;
pub mod replan;
pub mod reservations;
pub mod schema;
pub mod seats;
pub mod seed;
pub mod stock;
pub mod timeline;

pub use pool::{Failure, Pool};
