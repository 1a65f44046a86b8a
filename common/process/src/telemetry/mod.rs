//! What a process reports about itself: logs, metrics, and traces.

mod current;
pub mod log;
pub mod metrics;
pub mod names;
pub mod otlp;

pub use current::{current_trace, run_in_trace};
pub use log::start;
