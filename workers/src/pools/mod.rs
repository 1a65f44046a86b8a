//! The three pools, one folder for each.

mod batch;

pub(crate) mod expiry;
pub(crate) mod payments;
pub(crate) mod reservations;
