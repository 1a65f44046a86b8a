//! Payments: one verb per file.

pub(crate) mod create;
pub(crate) mod show;
pub(crate) mod verdict;
pub(crate) mod view;
