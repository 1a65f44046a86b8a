//! What every process needs, whatever it does: settings, telemetry, a clock, and orderly shutdown.

pub mod backoff;
pub mod clock;
pub mod failpoint;
pub mod healthcheck;
pub mod settings;
pub mod shutdown;
pub mod telemetry;
