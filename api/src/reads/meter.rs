//! Measures the reads from Postgres, by kind.

use std::sync::LazyLock;
use std::time::Duration;

use process::telemetry::metrics::{Counter, Histogram, SECONDS, counter, histogram};
use process::telemetry::names;

macro_rules! reads {
    ($($read:ident = $name:literal),+ $(,)?) => {
        /// A kind of read, as metrics and the log name it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Read { $($read),+ }

        impl Read {
            const ALL: &'static [Self] = &[$(Self::$read),+];

            pub(crate) const fn as_str(self) -> &'static str {
                match self { $(Self::$read => $name),+ }
            }
        }
    };
}

reads! {
    Events = "events",
    EventsById = "events_by_id",
    Layout = "layout",
    LayoutVersion = "layout_version",
    Labels = "labels",
    Availability = "availability",
    Reservations = "reservations",
    Payments = "payments",
}

struct Meter {
    seconds: Histogram,
    failures: Counter,
}

static METERS: LazyLock<Vec<Meter>> =
    LazyLock::new(|| Read::ALL.iter().copied().map(Meter::of).collect());

pub(crate) fn register() {
    LazyLock::force(&METERS);
}

/// Failed reads are counted apart, so that time-outs do not distort the durations.
pub(super) fn count(read: Read, took: Duration, is_ok: bool) {
    let meter = &METERS[read as usize];
    if is_ok {
        meter.seconds.observe(took.as_secs_f64());
    } else {
        meter.failures.inc();
    }
}

impl Meter {
    fn of(read: Read) -> Self {
        let labels = [("what", read.as_str())];
        Self {
            seconds: histogram(names::DATABASE_READ_SECONDS, SECONDS, &labels),
            failures: counter(names::DATABASE_READ_FAILURES_TOTAL, &labels),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_read_is_counted_under_its_own_name() {
        for read in Read::ALL {
            let labels = [("what", read.as_str())];
            let failures = counter(names::DATABASE_READ_FAILURES_TOTAL, &labels);
            let before = failures.get();
            count(*read, Duration::ZERO, false);
            assert_eq!(failures.get(), before + 1, "{read:?}");
        }
    }
}
