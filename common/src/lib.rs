//! What the front door and the workers must agree on, and nothing else.
//!
//! Read in this order: [`domain`] (what is booked), [`messages`] (what travels), [`topology`] (where it
//! travels), [`decide`] (the rules, pure), [`store`] (the only SQL), [`broker`] (the only AMQP).

pub mod domain;
pub mod ids;
pub mod messages;
pub mod topology;

pub mod decide;

pub mod broker;
pub mod store;

pub mod backoff;
pub mod broken;
pub mod clock;
pub mod failpoint;
pub mod healthcheck;
pub mod settings;
pub mod shutdown;
pub mod telemetry;
