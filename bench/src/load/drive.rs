//! Sends each request when it is due.

use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use super::arrivals::Arrivals;

/// How often to look for due requests: the resolution of the timer.
const GRAIN: Duration = Duration::from_millis(1);

/// The requests in flight.
#[derive(Debug, Clone, Default)]
pub struct Crowd(Rc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    in_flight: Cell<usize>,
    someone_left: Notify,
}

/// A request in flight, until this is dropped.
struct Member(Rc<Inner>);

impl Drop for Member {
    fn drop(&mut self) {
        self.0.in_flight.set(self.0.in_flight.get() - 1);
        self.0.someone_left.notify_one();
    }
}

impl Crowd {
    pub fn in_flight(&self) -> usize {
        self.0.in_flight.get()
    }

    /// Runs a task on this thread, and counts it as in flight until it ends.
    pub fn join(&self, task: impl Future<Output = ()> + 'static) {
        self.0.in_flight.set(self.0.in_flight.get() + 1);
        let member = Member(Rc::clone(&self.0));
        tokio::task::spawn_local(async move {
            task.await;
            drop(member);
        });
    }

    /// Waits until no request is in flight, or until `limit`. Returns how many are left.
    pub async fn dispersed(&self, limit: Duration) -> usize {
        let empty = async {
            while self.in_flight() > 0 {
                self.0.someone_left.notified().await;
            }
        };
        let _in_time = tokio::time::timeout(limit, empty).await;
        self.in_flight()
    }
}

/// Sends requests when they are due. `fire` gets the number of the request and the time at which it
/// is due. Stops early and returns true if more than `in_flight_max` are in flight: then the system
/// does not keep up, and further requests would only prolong the run.
pub async fn drive<F>(
    arrivals: Arrivals,
    start: Instant,
    crowd: &Crowd,
    in_flight_max: usize,
    mut fire: impl FnMut(u64, Instant) -> F,
) -> bool
where
    F: Future<Output = ()> + 'static,
{
    let mut sent = 0;
    while sent < arrivals.count {
        let due = arrivals.due_by(start.elapsed());
        while sent < due {
            crowd.join(fire(sent, start + arrivals.due(sent)));
            sent += 1;
        }
        if crowd.in_flight() > in_flight_max {
            return true;
        }
        let next = (start + arrivals.due(sent)).max(Instant::now() + GRAIN);
        tokio::time::sleep_until(next.into()).await;
    }
    false
}

/// Sends this many requests at once.
pub async fn together<F>(
    count: u64,
    start: Instant,
    crowd: &Crowd,
    mut fire: impl FnMut(u64, Instant) -> F,
) where
    F: Future<Output = ()> + 'static,
{
    // Yields after each group of this size, so that the first requests are not kept waiting.
    const HANDFUL: u64 = 256;
    for number in 0..count {
        crowd.join(fire(number, start));
        if number % HANDFUL == HANDFUL - 1 {
            tokio::task::yield_now().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use tokio::task::LocalSet;

    use super::*;

    #[tokio::test]
    async fn every_request_is_sent_once_and_not_before_it_is_due() {
        let seen = Rc::new(RefCell::new(Vec::new()));
        let note = Rc::clone(&seen);
        let run = async move {
            let crowd = Crowd::default();
            let start = Instant::now();
            let arrivals = Arrivals { rate: 2_000.0, count: 50 };
            let overloaded = drive(arrivals, start, &crowd, 1_000, move |number, due| {
                let note = Rc::clone(&note);
                async move { note.borrow_mut().push((number, Instant::now() >= due)) }
            });
            assert!(!overloaded.await);
            assert_eq!(crowd.dispersed(Duration::from_secs(5)).await, 0);
        };
        LocalSet::new().run_until(run).await;
        let seen = seen.borrow();
        assert!(seen.iter().map(|(number, _)| *number).eq(0..50));
        assert!(seen.iter().all(|(_, was_due)| *was_due));
    }

    #[tokio::test]
    async fn too_many_in_flight_end_the_run() {
        let run = async {
            let crowd = Crowd::default();
            let start = Instant::now();
            let arrivals = Arrivals { rate: 100_000.0, count: 1_000_000 };
            let never = |_, _| std::future::pending::<()>();
            assert!(drive(arrivals, start, &crowd, 10, never).await);
            assert!(crowd.dispersed(Duration::from_millis(1)).await > 10);
        };
        LocalSet::new().run_until(run).await;
    }
}
