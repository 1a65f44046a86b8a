//! What the workers decide, as it is told to every front door: it wakes who waits, and shows how far
//! behind the queues are. Only hints: the truth is in the database.

mod feed;
mod follow;
mod keys;
mod pace;
mod places;
mod waiters;

pub use follow::follow;
pub use keys::Keys;
pub use pace::Pace;
pub use places::{Place, Places};
pub use waiters::{Revised, Waiter, Waiters, Word};

use std::sync::Arc;

use booking::domain::{Payment, Reservation};
use booking::ids::{PaymentId, ReservationId};
use booking::messages;
use chrono::{DateTime, Utc};
use process::telemetry::otlp::{self, Kind};
use store::Pool;
use tokio_util::sync::CancellationToken;

use crate::board::Boards;
use crate::metrics;

/// Who waits for what, and what the outcomes show.
#[derive(Debug)]
pub struct Outcomes {
    /// Clients that wait for a reservation to change.
    pub reservations: Arc<Waiters<ReservationId, Reservation>>,
    /// Clients that wait for a payment to change.
    pub payments: Arc<Waiters<PaymentId, Payment>>,
    /// How many may wait, for these and for streams.
    pub places: Arc<Places>,
    /// Which tickets are free.
    pub boards: Boards,
    /// How far behind the queues are.
    pub pace: Arc<Pace>,
    /// Which body an idempotency key was first seen with.
    pub keys: Keys,
}

impl Outcomes {
    /// Nothing is known yet. `waiters_max` clients may wait at once.
    pub fn new(waiters_max: usize, pool: Pool, stop: &CancellationToken) -> Self {
        let places = Places::new(waiters_max);
        Self {
            reservations: Waiters::new(&places),
            payments: Waiters::new(&places),
            places,
            boards: Boards::new(pool, stop),
            pace: Arc::default(),
            keys: Keys::default(),
        }
    }

    /// Nobody waits any more: whoever does is sent away with what is known.
    pub fn drain(&self) {
        self.reservations.drain();
        self.payments.drain();
        self.boards.drain();
    }

    /// Tells what one transaction decided.
    fn tell(&self, outcomes: messages::Outcomes, now: DateTime<Utc>) {
        for progress in &outcomes.progress {
            self.pace.note(progress, now);
        }
        if let Some(accepted_at) = outcomes.oldest_accepted_at() {
            metrics::heard(&outcomes, (now - accepted_at).num_milliseconds());
        }
        self.keys.note_all(outcomes.reservations.iter().map(|one| (one.id.0, one.fingerprint)));
        self.keys.note_all(outcomes.payments.iter().map(|one| (one.id.0, one.fingerprint)));
        for traced in &outcomes.traces {
            let own = traced.trace.child();
            otlp::ended(|| otlp::Span {
                name: "outcome heard",
                kind: Kind::Internal,
                own,
                parent: Some(traced.trace),
                links: Vec::new(),
                begun: now,
                attributes: vec![("boxoffice.id", traced.id.to_string())],
            });
            tracing::info!(
                trace_id = own.trace_id(),
                span_id = own.span_id(),
                parent_id = traced.trace.span_id(),
                id = %traced.id,
                "heard the outcome of a traced request"
            );
        }
        // First the board: who hears of a hold and then asks what is taken must see it taken.
        self.boards.apply(outcomes.sections);
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
        self.boards.doubt();
    }
}
