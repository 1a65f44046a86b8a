//! What a process tells of itself: logs, metrics, and traces.

pub mod log;
pub mod metrics;
pub mod names;
pub mod otlp;
pub mod trace;

pub use log::start;
