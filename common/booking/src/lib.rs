//! What is booked, and the rules. No I/O.
//!
//! Read in this order: [`domain`] (what is booked), [`ids`] (of what is booked), [`messages`] (what
//! travels), [`decide`] (the rules, pure).

#![warn(missing_docs)]

pub mod decide;
pub mod domain;
pub mod ids;
pub mod messages;
pub mod trace;
