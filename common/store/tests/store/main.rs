//! The store against a real Postgres.

#[path = "../support/mod.rs"]
mod support;

mod schema;
mod statements;

mod events;
mod seating_plans;

mod write;

mod conflicts;
mod order;
mod races;

mod model;

mod charges;
mod history;
mod holds;
mod payments;
mod timeline;

mod audit;
mod audit_plans;
