//! Metrics: one registry for each process. Register a handle once and keep it; using it costs an
//! atomic addition, or a short lock for a histogram.

use std::collections::HashMap;
use std::sync::atomic::AtomicU64;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use prometheus_client::metrics::family::{Family, MetricConstructor};
use prometheus_client::registry::{Metric, Registry};

use super::names::{self, Name};
use crate::clock;

pub use prometheus_client::metrics::counter::Counter;
pub use prometheus_client::metrics::histogram::Histogram;

/// The floating-point variant: ages and times need fractions.
pub type Gauge = prometheus_client::metrics::gauge::Gauge<f64, AtomicU64>;

type Labels = Vec<(&'static str, String)>;

/// The media type of the text from [`encode`].
pub const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Upper bounds of histograms for times, from half a millisecond to a minute.
pub const SECONDS: Buckets = Buckets(&[
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0,
    60.0,
]);
/// Upper bounds of histograms for batch sizes.
pub const SIZES: Buckets =
    Buckets(&[1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1_000.0]);

/// The upper bounds of a histogram.
#[derive(Debug, Clone, Copy)]
pub struct Buckets(&'static [f64]);

impl MetricConstructor<Histogram> for Buckets {
    fn new_metric(&self) -> Histogram {
        Histogram::new(self.0.iter().copied())
    }
}

#[derive(Default)]
struct All {
    registry: Registry,
    counters: HashMap<&'static str, Family<Labels, Counter>>,
    gauges: HashMap<&'static str, Family<Labels, Gauge>>,
    histograms: HashMap<&'static str, Family<Labels, Histogram, Buckets>>,
}

static ALL: LazyLock<Mutex<All>> = LazyLock::new(Mutex::default);

fn all() -> MutexGuard<'static, All> {
    ALL.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Finds or registers the counter with this name and these labels.
pub fn counter(name: Name, labels: &[(&'static str, &str)]) -> Counter {
    let All { registry, counters, .. } = &mut *all();
    let family =
        counters.entry(name.name).or_insert_with(|| register(registry, name, <_>::default()));
    family.get_or_create_owned(&owned(labels))
}

/// Finds or registers the gauge with this name and these labels.
pub fn gauge(name: Name, labels: &[(&'static str, &str)]) -> Gauge {
    let All { registry, gauges, .. } = &mut *all();
    let family =
        gauges.entry(name.name).or_insert_with(|| register(registry, name, <_>::default()));
    family.get_or_create_owned(&owned(labels))
}

/// Finds or registers the histogram with this name and these labels.
pub fn histogram(name: Name, buckets: Buckets, labels: &[(&'static str, &str)]) -> Histogram {
    let All { registry, histograms, .. } = &mut *all();
    let family = histograms
        .entry(name.name)
        .or_insert_with(|| register(registry, name, Family::new_with_constructor(buckets)));
    family.get_or_create_owned(&owned(labels))
}

/// Removes all series of a gauge. For a gauge whose label values come and go.
pub fn clear_gauge(name: Name) {
    if let Some(family) = all().gauges.get(name.name) {
        family.clear();
    }
}

/// Sets the metrics that identify a process: its kind (`api` or `workers`), version and start.
pub fn identify(process: &str) {
    gauge(names::BUILD_INFO, &[("process", process), ("version", env!("CARGO_PKG_VERSION"))])
        .set(1.0);
    gauge(names::START_TIME_SECONDS, &[]).set(unix_seconds());
}

/// All metrics as text, in the OpenMetrics format.
pub fn encode() -> String {
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, &all().registry)
        .expect("writing into a string does not fail");
    text
}

/// Now, in seconds since 1970.
pub fn unix_seconds() -> f64 {
    clock::now().timestamp_millis() as f64 / 1_000.0
}

fn owned(labels: &[(&'static str, &str)]) -> Labels {
    labels.iter().map(|(name, value)| (*name, (*value).to_owned())).collect()
}

fn register<M: Metric + Clone>(registry: &mut Registry, Name { name, help }: Name, metric: M) -> M {
    // The library appends `_total` to a counter's name and a full stop to the help.
    let name = name.strip_suffix("_total").unwrap_or(name);
    registry.register(name, help.trim_end_matches('.'), metric.clone());
    metric
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handles_of_one_name_share_a_family_and_show_up_in_the_text() {
        let labels = [("pool", "a test")];
        counter(names::DEAD_LETTERS_TOTAL, &labels).inc();
        counter(names::DEAD_LETTERS_TOTAL, &labels).inc_by(2);
        gauge(names::WAITERS, &[]).set(7.0);
        histogram(names::BATCH_REQUESTS, SIZES, &labels).observe(3.0);
        let text = encode();
        for line in [
            "# TYPE boxoffice_dead_letters counter",
            "boxoffice_dead_letters_total{pool=\"a test\"} 3",
            "# HELP boxoffice_waiters Clients that wait for outcomes, long polls and streams \
             together.",
            "boxoffice_waiters 7.0",
            "boxoffice_batch_requests_bucket{le=\"5.0\",pool=\"a test\"} 1",
        ] {
            assert!(text.lines().any(|one| one == line), "{line} is not in {text}");
        }
    }
}
