//! One lane: takes what waits as a batch, has it decided, tells.

use super::Costs;
use super::line::{Group, Line};

/// What a lane does.
#[derive(Debug, Default)]
enum Doing {
    /// Waits for requests.
    #[default]
    Nothing,
    /// Has the database decide these, for so many more microseconds of a core.
    Deciding(Vec<Group>, f64),
    /// Tells what became of these, for so many more microseconds.
    Telling(Vec<Group>, f64),
}

/// A lane and those who wait for it.
#[derive(Debug, Default)]
pub(super) struct Lane {
    /// Those who wait.
    pub(super) line: Line,
    doing: Doing,
}

/// What a lane did in a millisecond.
#[derive(Debug, Default)]
pub(super) struct Done {
    /// Batches that were committed.
    pub(super) committed: Vec<Vec<Group>>,
    /// Batches that were told.
    pub(super) told: Vec<Vec<Group>>,
    /// Microseconds of the database's cores.
    pub(super) database_us: f64,
}

impl Lane {
    /// Whether it wants the database now.
    pub(super) fn wants_database(&self) -> bool {
        match self.doing {
            Doing::Nothing => self.line.len() > 0,
            Doing::Deciding(..) => true,
            Doing::Telling(..) => false,
        }
    }

    /// Whether it has nothing to do.
    pub(super) fn is_idle(&self) -> bool {
        matches!(self.doing, Doing::Nothing) && self.line.len() == 0
    }

    /// Goes on for a millisecond, in which a core of the database gives it this part of itself.
    pub(super) fn go_on(&mut self, costs: &Costs, share: f64) -> Done {
        let mut left = 1_000.0;
        let mut done = Done::default();
        loop {
            match std::mem::take(&mut self.doing) {
                Doing::Nothing => {
                    let batch = self.line.take(costs.batch_max);
                    if batch.is_empty() {
                        return done;
                    }
                    let count: u64 = batch.iter().map(|group| group.count).sum();
                    let work = costs.batch_us + count as f64 * costs.request_us;
                    self.doing = Doing::Deciding(batch, work);
                }
                Doing::Deciding(batch, work) => {
                    let spent = work.min(left * share);
                    done.database_us += spent;
                    if spent < work {
                        self.doing = Doing::Deciding(batch, work - spent);
                        return done;
                    }
                    left -= spent / share;
                    done.committed.push(batch.clone());
                    self.doing = Doing::Telling(batch, costs.tell_us);
                }
                Doing::Telling(batch, work) => {
                    if work > left {
                        self.doing = Doing::Telling(batch, work - left);
                        return done;
                    }
                    left -= work;
                    done.told.push(batch);
                }
            }
        }
    }
}
