//! Shows the progress of a run, and counts the requests in flight.

use std::cell::RefCell;
use std::io::IsTerminal;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::task::JoinHandle;

use crate::load::{Crowd, Recorder};
use crate::report::progress;

const COUNT_EVERY: Duration = Duration::from_millis(100);

/// Watches a run until it is dropped.
pub(super) struct Watch {
    in_flight: Rc<RefCell<Vec<usize>>>,
    task: JoinHandle<()>,
}

impl Watch {
    /// Starts to watch. `recorder` holds the figures that are shown.
    pub(super) fn start(name: &str, recorder: &Rc<Recorder>, crowd: &Crowd) -> Self {
        let in_flight = Rc::new(RefCell::new(Vec::new()));
        let counts = Rc::clone(&in_flight);
        let name = name.to_owned();
        let recorder = Rc::clone(recorder);
        let crowd = crowd.clone();
        let every = if std::io::stderr().is_terminal() { 1 } else { 5 };
        let task = tokio::task::spawn_local(async move {
            let mut shown = 0;
            loop {
                tokio::time::sleep(COUNT_EVERY).await;
                if recorder.window().contains(Instant::now()) {
                    counts.borrow_mut().push(crowd.in_flight());
                }
                let second = recorder.window().start.elapsed().as_secs();
                if second >= shown + every {
                    shown = second;
                    progress(&line(&name, second, &recorder, &crowd), false);
                }
            }
        });
        Self { in_flight, task }
    }

    /// The number of requests in flight, at regular times of the window.
    pub(super) fn in_flight(&self) -> Vec<usize> {
        self.in_flight.borrow().clone()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.task.abort();
        if std::io::stderr().is_terminal() {
            progress("", true);
        }
    }
}

fn line(name: &str, second: u64, recorder: &Recorder, crowd: &Crowd) -> String {
    let counts = recorder.all();
    let last = recorder.last_second();
    let rate = last.as_ref().map_or(0, |last| last.counts.decided());
    let p95 = last.and_then(|last| last.latency).map_or(0.0, |latency| latency.p95_ms);
    let other = counts.all() - counts.decided();
    format!(
        "{name}: {second} s, {rate}/s, p95 {p95:.0} ms, {} won, {} refused, {other} other, \
         {} in flight",
        counts.won,
        counts.refused,
        crowd.in_flight()
    )
}
