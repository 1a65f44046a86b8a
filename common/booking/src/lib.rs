//! What is booked, and the rules. No I/O.
//!
//! Read in this order: [`ids`] and [`domain`] (what is booked), [`requests`] and [`payments`] (what
//! buyers ask for, and the decisions), [`expiry`] (what becomes of holds that fall due), [`ledger`]
//! (the locked rows that decisions read and move), [`messages`] (what else travels).

pub mod domain;
pub mod expiry;
pub mod ids;
pub mod ledger;
pub mod messages;
pub mod payments;
pub mod requests;
pub mod trace;
