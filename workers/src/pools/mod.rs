//! The three pools, a folder each.

mod batch;

pub(crate) mod expiry;
pub(crate) mod payments;
pub(crate) mod reservations;
