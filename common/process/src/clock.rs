//! The process's clock. Decisions take the time as an argument; only code that does I/O reads it.

use chrono::{DateTime, SubsecRound, Utc};

/// The current time, cut to milliseconds.
pub fn now() -> DateTime<Utc> {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
    let now = Utc::now();
    skewed(now).trunc_subsecs(3)
}

/// Test builds only: `BOXOFFICE_CLOCK_OFFSET_MS` gives one process a wrong clock.
#[cfg(debug_assertions)]
fn skewed(now: DateTime<Utc>) -> DateTime<Utc> {
    use std::sync::LazyLock;
    static OFFSET_MS: LazyLock<i64> = LazyLock::new(|| {
        let offset = std::env::var("BOXOFFICE_CLOCK_OFFSET_MS");
        offset.ok().and_then(|text| text.parse().ok()).unwrap_or(0)
    });
    now + chrono::TimeDelta::milliseconds(*OFFSET_MS)
}

#[cfg(not(debug_assertions))]
fn skewed(now: DateTime<Utc>) -> DateTime<Utc> {
    now
}
