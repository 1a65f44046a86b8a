//! The process's clock. Decisions take the time as an argument; only edges read it.

use chrono::{DateTime, SubsecRound, Utc};

/// Now, to the millisecond.
pub fn now() -> DateTime<Utc> {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the clock")]
    let now = Utc::now();
    now.trunc_subsecs(3)
}
