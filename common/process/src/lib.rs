//! What every process needs, whatever it does: settings, telemetry, a clock, a way to stop.

#![warn(missing_docs)]

pub mod backoff;
pub mod broken;
pub mod clock;
pub mod failpoint;
pub mod healthcheck;
pub mod settings;
pub mod shutdown;
pub mod telemetry;
