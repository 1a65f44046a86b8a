//! The only crate with SQL. Functions that only read take a connection. Functions that write
//! decisions take the [`Transaction`] that holds the locks.
//!
//! All statements that change tickets are in [`stock`]. READ COMMITTED is enough for transactions,
//! because they lock the rows that they check. The compiler checks the statements against the
//! schema, with the files in `.sqlx` that `cargo xtask sql` writes; the few exceptions are in
//! [`text`].

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
