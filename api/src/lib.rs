//! The front door: an HTTP server that accepts bookings by publishing them, answers reads, and
//! streams what changes.
//!
//! Read in this order: [`app`] (the process), [`router`] (every route), [`reservations`] (a request
//! for tickets comes in), [`front_desk`] (it is put into an envelope and admitted), [`outcomes`] (the
//! decision comes back), [`reader`] (or is looked up).

pub mod app;
pub mod router;
pub mod server;

mod bustle;

pub mod edge;
pub mod extract;
pub mod limits;
pub mod problem;

pub mod events;
pub mod organiser;
pub mod payments;
pub mod reservations;

pub mod front_desk;
pub mod outcomes;

pub mod board;

pub mod catalogue;
pub mod database;
pub mod labels;
pub mod layouts;
pub mod reader;
pub mod state;
pub mod traced;

pub mod etag;
pub mod health;
pub mod metrics;
pub mod money;
pub mod open_files;
pub mod openapi;
pub mod operators;
pub mod page;
pub mod query;
