//! The only place with SQL. Who only reads gives a connection; who writes what was decided gives
//! the [`Transaction`] that holds the locks.
//!
//! All statements that change tickets are in [`stock`]. Transactions run under READ COMMITTED:
//! what they check, they have locked. The compiler checks every statement against the schema, with
//! what `cargo xtask sql` has written to `.sqlx`; the few others are in [`text`].

pub mod audit;
pub mod availability;
pub mod charges;
pub mod error;
pub mod events;
pub mod history;
pub mod holds;
pub mod lock;
mod names;
pub mod payments;
pub mod pool;
pub mod pool_orders;
pub mod replan;
pub mod reservations;
pub mod schema;
pub mod seating_plans;
pub mod seats;
pub mod seed;
pub mod stock;
pub mod text;
pub mod timeline;
mod transaction;

pub use error::Error;
pub use pool::{Failure, Pool};
pub use sqlx::PgConnection as Connection;
pub use transaction::Transaction;
