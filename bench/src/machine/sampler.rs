//! Samples the use of CPU and memory once a second, on a thread of its own.

use std::collections::HashMap;
use std::fs;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::proc::{ProcessStat, busy_ticks, parse_memory, parse_stat};
use super::usage::{Sample, Usage, Use, usage};

const INTERVAL: Duration = Duration::from_secs(1);

/// A part of the system to sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Watched {
    /// Its name in reports.
    pub name: &'static str,
    pub pid: u32,
    /// Whether its descendants are included.
    pub with_children: bool,
}

/// Samples parts of the system until it is dropped.
#[derive(Debug)]
pub struct Sampler {
    parts: Vec<Watched>,
    samples: Arc<Mutex<Vec<Sample>>>,
    stop: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Sampler {
    /// Starts to sample. Parts of the same name are added up.
    pub fn start(parts: Vec<Watched>) -> Self {
        let samples = Arc::new(Mutex::new(vec![look(&parts)]));
        let (stop, stopped) = mpsc::channel();
        let to = Arc::clone(&samples);
        let watched = parts.clone();
        let thread = thread::spawn(move || {
            while stopped.recv_timeout(INTERVAL) == Err(RecvTimeoutError::Timeout) {
                let sample = look(&watched);
                to.lock().unwrap_or_else(PoisonError::into_inner).push(sample);
            }
        });
        Self { parts, samples, stop: Some(stop), thread: Some(thread) }
    }

    /// Takes an extra sample now: a short window needs exact ends.
    pub fn look_now(&self) {
        let sample = look(&self.parts);
        let mut samples = self.samples.lock().unwrap_or_else(PoisonError::into_inner);
        let place = samples.partition_point(|other| other.at <= sample.at);
        samples.insert(place, sample);
    }

    /// What each part used between two moments.
    pub fn usage(&self, from: Instant, to: Instant) -> Vec<Usage> {
        let names: Vec<&str> = self.parts.iter().map(|part| part.name).collect();
        let samples = self.samples.lock().unwrap_or_else(PoisonError::into_inner);
        let mut merged: Vec<Usage> = Vec::new();
        for one in usage(&names, &samples, from, to) {
            match merged.iter_mut().find(|other| other.name == one.name) {
                Some(other) => {
                    other.cpu_s += one.cpu_s;
                    other.memory_mib += one.memory_mib;
                }
                None => merged.push(one),
            }
        }
        merged
    }
}

impl Drop for Sampler {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic in the thread was already printed.
            let _ended = thread.join();
        }
    }
}

fn look(parts: &[Watched]) -> Sample {
    let processes = if parts.iter().any(|part| part.with_children) { all() } else { Vec::new() };
    let machine = fs::read_to_string("/proc/stat").ok().and_then(|text| busy_ticks(&text));
    let seconds = |ticks: u64| ticks as f64 / rustix::param::clock_ticks_per_second() as f64;
    Sample {
        at: Instant::now(),
        parts: parts.iter().map(|part| used(part, &processes, &seconds)).collect(),
        machine_cpu_s: seconds(machine.unwrap_or_default()),
    }
}

/// Shared memory counts once for all processes of a part: the largest amount of any of them.
fn used(part: &Watched, processes: &[ProcessStat], seconds: &impl Fn(u64) -> f64) -> Use {
    let mut ticks = 0;
    let mut own_kb = 0;
    let mut shared_kb = 0;
    for pid in members(part, processes) {
        if let Some(stat) = read(pid, "stat").and_then(|text| parse_stat(&text)) {
            ticks += stat.own_ticks;
            ticks += if part.with_children { stat.ended_children_ticks } else { 0 };
        }
        let memory = read(pid, "status").map(|text| parse_memory(&text)).unwrap_or_default();
        own_kb += memory.own_kb;
        shared_kb = shared_kb.max(memory.shared_kb);
    }
    Use { cpu_s: seconds(ticks), memory_mib: (own_kb + shared_kb) as f64 / 1_024.0 }
}

fn members(part: &Watched, processes: &[ProcessStat]) -> Vec<u32> {
    let mut members = vec![part.pid];
    if part.with_children {
        let mut children: HashMap<u32, Vec<u32>> = HashMap::new();
        for process in processes {
            children.entry(process.parent).or_default().push(process.pid);
        }
        let mut next = 0;
        while let Some(pid) = members.get(next) {
            members.extend(children.remove(pid).unwrap_or_default());
            next += 1;
        }
    }
    members
}

fn all() -> Vec<ProcessStat> {
    let Ok(directory) = fs::read_dir("/proc") else { return Vec::new() };
    let pids = directory.flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    // A process may end between the two reads; then it is skipped.
    pids.filter_map(|pid| parse_stat(&read(pid, "stat")?)).collect()
}

fn read(pid: u32, file: &str) -> Option<String> {
    fs::read_to_string(format!("/proc/{pid}/{file}")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn process(pid: u32, parent: u32) -> ProcessStat {
        ProcessStat { pid, parent, own_ticks: 0, ended_children_ticks: 0 }
    }

    #[test]
    fn a_tree_has_all_descendants_and_nobody_else() {
        let processes = [process(2, 1), process(3, 2), process(4, 3), process(9, 1)];
        let part = Watched { name: "x", pid: 2, with_children: true };
        let mut members = members(&part, &processes);
        members.sort_unstable();
        assert_eq!(members, [2, 3, 4]);
    }

    #[test]
    fn this_process_is_seen_to_work() {
        let part = Watched { name: "self", pid: std::process::id(), with_children: false };
        let sampler = Sampler::start(vec![part]);
        let start = Instant::now();
        let usage = loop {
            sampler.look_now();
            let usage = sampler.usage(start, Instant::now());
            assert!(start.elapsed() < Duration::from_secs(30), "no work seen: {usage:?}");
            if usage[0].cpu_s > 0.02 {
                break usage;
            }
        };
        assert!(usage[0].memory_mib > 1.0, "{usage:?}");
    }
}
