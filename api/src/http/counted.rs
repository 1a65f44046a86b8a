//! A gauge that is one higher while a value lives.

use process::telemetry::metrics::Gauge;

#[derive(Debug)]
pub(crate) struct Counted(Gauge);

impl Counted {
    pub(crate) fn one_more(gauge: Gauge) -> Self {
        gauge.inc();
        Self(gauge)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.dec();
    }
}

#[cfg(test)]
mod tests {
    use process::telemetry::metrics::gauge;
    use process::telemetry::names;

    use super::*;

    #[test]
    fn what_is_counted_is_given_back() {
        let open = gauge(names::STREAMS, &[("kind", "a test")]);
        let one = Counted::one_more(open.clone());
        assert!((open.get() - 1.0).abs() < f64::EPSILON);
        drop(one);
        assert!(open.get().abs() < f64::EPSILON);
    }
}
