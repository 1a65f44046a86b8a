//! Reservations: one verb per file.

pub(crate) mod cancel;
pub(crate) mod create;
pub(crate) mod edge_refusal;
pub(crate) mod order;
pub(crate) mod show;
pub(crate) mod stream;
pub(crate) mod tickets;
pub(crate) mod verdict;
pub(crate) mod view;
