//! Ctrl-C and SIGTERM, to be polled or awaited.

use std::cell::Cell;
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use anyhow::Result;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::signal_name;
use testbed::note;

/// The request of the user, or of a supervisor, to end this program.
#[derive(Clone)]
pub(crate) struct Stop {
    received: Arc<Received>,
    /// How many signals this value has reported. Each clone reports every signal after its
    /// creation.
    reported: Cell<u64>,
}

#[derive(Default)]
struct Received {
    count: Mutex<u64>,
    another: Condvar,
}

impl Stop {
    /// Catches these signals from now on: they no longer end the program by themselves.
    pub(crate) fn listen() -> Result<Self> {
        let received = Arc::new(Received::default());
        let receiver = Arc::clone(&received);
        let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
        thread::spawn(move || {
            for signal in signals.forever() {
                note(&format!("{}: stopping", signal_name(signal).unwrap_or("signal")));
                receiver.add_one();
            }
        });
        Ok(Self { received, reported: Cell::new(0) })
    }

    /// Waits for the next signal, at most for `timeout`. Returns whether one came.
    pub(crate) fn wait(&self, timeout: Duration) -> bool {
        let count = self.received.count.lock().expect("no holder panics");
        let reported = self.reported.get();
        let is_awaited = |count: &mut u64| *count == reported;
        let waited = self.received.another.wait_timeout_while(count, timeout, is_awaited);
        let (_count, result) = waited.expect("no holder panics");
        if result.timed_out() {
            return false;
        }
        self.reported.set(reported + 1);
        true
    }
}

impl Received {
    fn add_one(&self) {
        *self.count.lock().expect("no holder panics") += 1;
        self.another.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_clone_reports_every_signal_once() {
        let received = Arc::new(Received::default());
        let first = Stop { received: Arc::clone(&received), reported: Cell::new(0) };
        let second = first.clone();
        assert!(!first.wait(Duration::ZERO));
        received.add_one();
        received.add_one();
        for stop in [&first, &second] {
            assert!(stop.wait(Duration::MAX) && stop.wait(Duration::MAX));
            assert!(!stop.wait(Duration::ZERO));
        }
    }
}
