//! Logs. One line per decision that matters; ids in fields; never secrets, never card numbers.

use std::sync::OnceLock;

use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry, fmt, reload};

use crate::settings::{Log, LogFormat};

static FILTER: OnceLock<reload::Handle<EnvFilter, Registry>> = OnceLock::new();

/// Starts logging to standard output. An error where the filter cannot be read.
pub fn start(settings: &Log) -> anyhow::Result<()> {
    let (filter, handle) = reload::Layer::new(EnvFilter::try_new(&settings.filter)?);
    // Who reads the log may be gone; the process must not fail for that.
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

/// The filter of what is logged now; none where logging was not started.
pub fn filter() -> Option<String> {
    FILTER.get()?.with_current(ToString::to_string).ok()
}

/// Logs by this filter from now on, until the process ends. An error where it cannot be read.
pub fn set_filter(text: &str) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(text)?;
    let handle = FILTER.get().ok_or_else(|| anyhow::anyhow!("logging was not started"))?;
    handle.reload(filter)?;
    tracing::warn!(filter = text, "the filter of the log was changed");
    Ok(())
}
