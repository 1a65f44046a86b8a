//! What a process tells of itself: logs and metrics.

pub mod log;
pub mod metrics;
pub mod names;

pub use log::start;
