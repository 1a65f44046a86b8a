//! The three pools, a folder each.

pub(crate) mod expiry;
pub(crate) mod payments;
pub(crate) mod reservations;
