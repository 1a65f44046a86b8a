//! The outcomes that workers publish, as every front door receives them: they wake waiting clients
//! and show the lag of the queues. They are only hints: the truth is in the database.

mod feed;
mod follow;
mod lag;
mod meter;
mod trace;
mod waiters;

pub(crate) use follow::follow;
pub(crate) use lag::QueueLags;
pub(crate) use meter::register as register_metrics;
pub(crate) use waiters::{News, Revised, Waiter, Waiters};

use std::sync::Arc;

use booking::domain::{Payment, Reservation};
use booking::ids::{PaymentId, ReservationId};
use booking::messages;
use chrono::{DateTime, Utc};
use store::Pool;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use crate::board::Boards;
use crate::idempotency::Keys;

/// The waiters of all kinds, and what the outcomes show.
#[derive(Debug)]
pub(crate) struct OutcomeDispatcher {
    pub(crate) reservations: Arc<Waiters<ReservationId, Reservation>>,
    pub(crate) payments: Arc<Waiters<PaymentId, Payment>>,
    /// One permit for each waiting client, streams included.
    permits: Arc<Semaphore>,
    waiters_max: usize,
    pub(crate) boards: Boards,
    pub(crate) lags: Arc<QueueLags>,
    pub(crate) keys: Keys,
}

impl OutcomeDispatcher {
    /// At most `waiters_max` clients may wait at once.
    pub(crate) fn new(waiters_max: usize, pool: Pool, stop: &CancellationToken) -> Self {
        let waiters_max = waiters_max.min(Semaphore::MAX_PERMITS);
        let permits = Arc::new(Semaphore::new(waiters_max));
        Self {
            reservations: Waiters::new(&permits),
            payments: Waiters::new(&permits),
            permits,
            waiters_max,
            boards: Boards::new(pool, stop),
            lags: Arc::default(),
            keys: Keys::default(),
        }
    }

    /// Lets a client wait until the permit is dropped; none if too many wait already.
    pub(crate) fn permit_wait(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.permits).try_acquire_owned().ok()
    }

    pub(crate) fn waiting_clients(&self) -> usize {
        self.waiters_max - self.permits.available_permits()
    }

    /// Ends all waits: each waiting client is answered with what is known.
    pub(crate) fn drain(&self) {
        self.reservations.drain();
        self.payments.drain();
        self.boards.drain();
    }

    /// Passes on the outcomes of one transaction.
    fn dispatch(&self, outcomes: messages::BatchOutcome, now: DateTime<Utc>) {
        for progress in &outcomes.progress {
            self.lags.note_progress(progress, now);
        }
        if let Some(accepted_at) = outcomes.oldest_accepted_at() {
            // Clocks differ: an outcome may seem earlier than its request.
            let took = (now - accepted_at).to_std().unwrap_or_default();
            meter::count(&outcomes.queue, took);
        }
        self.keys.note_all(outcomes.reservations.iter().map(|one| (one.id.0, one.fingerprint)));
        self.keys.note_all(outcomes.payments.iter().map(|one| (one.id.0, one.fingerprint)));
        trace::log_heard(&outcomes.traces, now);
        // The board comes first: a client that learns of its hold and then reads the availability
        // must see its tickets as taken.
        self.boards.apply(outcomes.sections);
        for reservation in outcomes.reservations {
            self.reservations.announce(reservation.id, reservation);
        }
        for payment in outcomes.payments {
            self.payments.announce(payment.id, payment);
        }
    }

    /// Some outcomes may have been missed: waiters must read the database.
    fn announce_gap(&self) {
        self.reservations.announce_gap();
        self.payments.announce_gap();
        self.boards.doubt();
    }
}
