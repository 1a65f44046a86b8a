//! The front door: an HTTP server that accepts bookings by publishing them, answers reads, and
//! streams what changes.
//!
//! Read in this order: `app` (the process), `router` (every route), `reservations` (a request for
//! tickets arrives), `front_desk` (it is put into an envelope and admitted), `outcomes` (the
//! outcome arrives), `reads` (or is read from the database).

pub mod app;
pub mod extract;
pub mod serve;

mod router;

mod events;
mod health;
mod operators;
mod payments;
mod reservations;

mod openapi;
mod state;

mod board;
mod front_desk;
mod idempotency;
mod limits;
mod outcomes;
mod reads;

mod http;
mod metrics;
mod problem;
