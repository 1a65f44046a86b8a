//! Payments: one verb per file.

pub mod create;
pub mod show;
pub mod verdict;
pub mod view;
