//! What processes used between two moments, calculated from samples.

use std::time::Instant;

use serde::Serialize;

/// The use of one part of the system, up to a moment.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Use {
    /// CPU time since its start, in seconds.
    pub cpu_s: f64,
    /// Resident memory at that moment, in MiB.
    pub memory_mib: f64,
}

/// The use of all parts, up to a moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    pub at: Instant,
    /// Always in the same order.
    pub parts: Vec<Use>,
    /// CPU time of all cores of the machine, in seconds.
    pub machine_cpu_s: f64,
}

/// The use of one part within a window.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Usage {
    /// The name of the part.
    pub name: String,
    /// CPU time in seconds.
    pub cpu_s: f64,
    /// Maximum memory in MiB.
    pub memory_mib: f64,
}

/// What each part used between two moments. The last entry, "others", is the rest of the machine.
/// Moments between two samples are interpolated.
pub fn usage(names: &[&str], samples: &[Sample], from: Instant, to: Instant) -> Vec<Usage> {
    let spent = |value: &dyn Fn(&Sample) -> f64| {
        (at(samples, to, value) - at(samples, from, value)).max(0.0)
    };
    let during = |sample: &&Sample| sample.at >= from && sample.at <= to;
    let mut all: Vec<Usage> = names
        .iter()
        .enumerate()
        .map(|(part, name)| Usage {
            name: (*name).to_owned(),
            cpu_s: spent(&|sample| sample.parts[part].cpu_s),
            memory_mib: samples
                .iter()
                .filter(during)
                .map(|sample| sample.parts[part].memory_mib)
                .fold(0.0, f64::max),
        })
        .collect();
    let ours: f64 = all.iter().map(|one| one.cpu_s).sum();
    let others = (spent(&|sample| sample.machine_cpu_s) - ours).max(0.0);
    all.push(Usage { name: "others".to_owned(), cpu_s: others, memory_mib: 0.0 });
    all
}

fn at(samples: &[Sample], moment: Instant, value: &dyn Fn(&Sample) -> f64) -> f64 {
    let after = samples.partition_point(|sample| sample.at < moment);
    match (after.checked_sub(1).map(|before| &samples[before]), samples.get(after)) {
        (None, None) => 0.0,
        (Some(one), None) | (None, Some(one)) => value(one),
        (Some(before), Some(after)) => {
            let whole = (after.at - before.at).as_secs_f64();
            let share = if whole > 0.0 { (moment - before.at).as_secs_f64() / whole } else { 1.0 };
            value(before) + share * (value(after) - value(before))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_window_between_samples_is_interpolated() {
        let start = Instant::now();
        let sample = |second: u64, cpu_s, memory_mib| Sample {
            at: start + Duration::from_secs(second),
            parts: vec![Use { cpu_s, memory_mib }],
            machine_cpu_s: 2.0 * cpu_s,
        };
        let samples = [sample(0, 10.0, 5.0), sample(2, 12.0, 7.0), sample(4, 16.0, 6.0)];
        let from = start + Duration::from_secs(1);
        let to = start + Duration::from_secs(3);
        let usage = usage(&["api"], &samples, from, to);
        assert!((usage[0].cpu_s - 3.0).abs() < 1e-9, "{usage:?}");
        assert!((usage[0].memory_mib - 7.0).abs() < 1e-9);
        assert_eq!(usage[1].name, "others");
        assert!((usage[1].cpu_s - 3.0).abs() < 1e-9);
    }

    #[test]
    fn beyond_the_samples_the_nearest_counts() {
        let at = Instant::now();
        let parts = vec![Use { cpu_s: 1.0, memory_mib: 1.0 }];
        let samples = [Sample { at, parts, machine_cpu_s: 1.0 }];
        let usage = usage(&["api"], &samples, at, at + Duration::from_secs(9));
        assert!(usage[0].cpu_s.abs() < 1e-9);
    }
}
