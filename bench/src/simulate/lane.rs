//! One lane: takes waiting requests as a batch, has it decided, announces the outcomes.

use super::Costs;
use super::line::{Group, WaitingLine};

#[derive(Debug, Default)]
enum Doing {
    #[default]
    Nothing,
    /// The database decides this batch; microseconds of a core that remain.
    Deciding(Vec<Group>, f64),
    /// Announces the outcomes of this batch; microseconds that remain.
    Announcing(Vec<Group>, f64),
}

/// A lane and the requests that wait for it.
#[derive(Debug, Default)]
pub(super) struct Lane {
    pub(super) line: WaitingLine,
    doing: Doing,
}

/// What a lane did within a millisecond.
#[derive(Debug, Default)]
pub(super) struct Done {
    /// Batches that were committed.
    pub(super) committed: Vec<Vec<Group>>,
    /// Batches whose outcomes were announced.
    pub(super) announced: Vec<Vec<Group>>,
    /// Microseconds that it used of the database's cores.
    pub(super) database_us: f64,
}

impl Lane {
    pub(super) fn wants_database(&self) -> bool {
        match self.doing {
            Doing::Nothing => self.line.len() > 0,
            Doing::Deciding(..) => true,
            Doing::Announcing(..) => false,
        }
    }

    pub(super) fn is_idle(&self) -> bool {
        matches!(self.doing, Doing::Nothing) && self.line.len() == 0
    }

    /// Advances by a millisecond, in which the lane gets this share of a core of the database.
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
                    self.doing = Doing::Announcing(batch, costs.announce_us);
                }
                Doing::Announcing(batch, work) => {
                    if work > left {
                        self.doing = Doing::Announcing(batch, work - left);
                        return done;
                    }
                    left -= work;
                    done.announced.push(batch);
                }
            }
        }
    }
}
