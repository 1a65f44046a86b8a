//! Logs. One line per decision that matters; ids in fields; never secrets, never card numbers.

use tracing_subscriber::EnvFilter;

use crate::settings::{Log, LogFormat};

/// Starts logging to standard output. An error where the filter cannot be read.
pub fn start(settings: &Log) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&settings.filter)?;
    // Who reads the log may be gone; the process must not fail for that.
    let lines = tracing_subscriber::fmt().log_internal_errors(false).with_env_filter(filter);
    match settings.format {
        LogFormat::Pretty => lines.with_target(false).compact().init(),
        LogFormat::Json => lines.json().flatten_event(true).with_current_span(false).init(),
    }
    Ok(())
}
