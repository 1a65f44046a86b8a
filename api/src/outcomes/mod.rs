//! What the workers decide, as it is told to every front door: it wakes who waits, and shows how far
//! behind the queues are. Only hints: the truth is in the database.

mod feed;
mod follow;
mod keys;
mod pace;
mod waiters;

pub use follow::follow;
pub use keys::Keys;
pub use pace::Pace;
pub use waiters::{Revised, Waiter, Waiters, Word};

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use chrono::{DateTime, Utc};
use common::domain::{Payment, Reservation};
use common::ids::{PaymentId, ReservationId};
use common::messages;

/// Who waits for what, and what the outcomes show.
#[derive(Debug)]
pub struct Outcomes {
    /// Clients that wait for a reservation to change.
    pub reservations: Arc<Waiters<ReservationId, Reservation>>,
    /// Clients that wait for a payment to change.
    pub payments: Arc<Waiters<PaymentId, Payment>>,
    /// How far behind the queues are.
    pub pace: Pace,
    /// Which body an idempotency key was first seen with.
    pub keys: Keys,
    is_live: AtomicBool,
}

impl Outcomes {
    /// Nothing is known yet. `waiters_max` clients may wait at once.
    pub fn new(waiters_max: usize) -> Self {
        let (reservations, payments) = Waiters::pair(waiters_max);
        Self {
            reservations,
            payments,
            pace: Pace::default(),
            keys: Keys::default(),
            is_live: AtomicBool::new(false),
        }
    }

    /// Outcomes come in now, as far as is known.
    pub fn is_live(&self) -> bool {
        self.is_live.load(Ordering::Relaxed)
    }

    /// Nobody waits any more: whoever does is sent away with what is known.
    pub fn drain(&self) {
        self.reservations.drain();
        self.payments.drain();
    }

    /// Tells what one transaction decided.
    fn tell(&self, outcomes: messages::Outcomes, now: DateTime<Utc>) {
        if let Some(accepted_at) = outcomes.oldest_accepted_at {
            self.pace.note(&outcomes.queue, accepted_at, now);
        }
        self.keys.note_all(outcomes.reservations.iter().map(|one| (one.id.0, one.fingerprint)));
        self.keys.note_all(outcomes.payments.iter().map(|one| (one.id.0, one.fingerprint)));
        for reservation in outcomes.reservations {
            self.reservations.tell(reservation.id, reservation);
        }
        for payment in outcomes.payments {
            self.payments.tell(payment.id, payment);
        }
    }

    /// Some outcomes were missed: who waits must look in the database.
    fn missed_some(&self) {
        self.reservations.gap();
        self.payments.gap();
    }
}
