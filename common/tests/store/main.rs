//! The store against a real Postgres.

#[path = "../support/mod.rs"]
mod support;

mod schema;

mod events;
mod houses;

mod write;

mod conflicts;
mod races;

mod charges;
mod holds;
mod payments;

mod audit;
