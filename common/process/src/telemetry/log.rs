//! Logs. One line for each decision that matters; ids in fields; never secrets, never card numbers.

use std::sync::OnceLock;

use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry, fmt, reload};

use crate::settings::{Log, LogFormat};

static FILTER: OnceLock<reload::Handle<EnvFilter, Registry>> = OnceLock::new();

/// Starts logging to standard output. An invalid filter is an error.
pub fn start(settings: &Log) -> anyhow::Result<()> {
    let (filter, handle) = reload::Layer::new(EnvFilter::try_new(&settings.filter)?);
    // The reader of the log may close the pipe. The process must not fail because of that.
    let lines = fmt::layer().log_internal_errors(false);
    let lines = match settings.format {
        LogFormat::Pretty => lines.with_target(false).compact().boxed(),
        LogFormat::Json => lines.json().flatten_event(true).with_current_span(false).boxed(),
    };
    tracing_subscriber::registry().with(filter).with(lines).try_init()?;
    let _first = FILTER.set(handle);
    if booking::messages::later::is_on() {
        tracing::warn!("writes messages as a later build");
    }
    Ok(())
}

/// The current filter; none if logging was not started.
pub fn filter() -> Option<String> {
    FILTER.get()?.with_current(ToString::to_string).ok()
}

/// Replaces the filter until the process ends. An invalid filter is an error.
pub fn set_filter(text: &str) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(text)?;
    let handle = FILTER.get().ok_or_else(|| anyhow::anyhow!("logging was not started"))?;
    handle.reload(filter)?;
    tracing::warn!(filter = text, "the filter of the log was changed");
    Ok(())
}
