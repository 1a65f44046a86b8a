//! What is booked, and the rules of booking. No I/O.
//!
//! Read in this order: [`ids`] and [`domain`] (what is booked), [`requests`] and [`payments`]
//! (requests of buyers, and the decisions), [`expiry`] (the end of holds that are due), [`ledger`]
//! (the locked rows that decisions read and change), [`messages`] (all other messages).

pub mod domain;
pub mod expiry;
pub mod ids;
pub mod ledger;
pub mod messages;
pub mod payments;
pub mod requests;
pub mod trace;
