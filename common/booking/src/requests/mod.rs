//! The requests that reservation workers decide. Each kind has one file: its message, the rows that
//! it needs, its decision, and the outcome if the database refuses that decision.
//!
//! A new kind needs a file here, its name in the table below, and no variant elsewhere: front
//! doors, workers and tests call the methods of [`Decide`].

mod best;
mod cancel;
mod reserve;

pub use best::Best;
pub use cancel::Cancel;
pub use reserve::Reserve;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::domain::SeatingPlan;
use crate::ids::{EventId, ReservationId, ReservationKey, SectionNumber};
use crate::ledger::{Decision, Footprint, Ledger};

/// What front doors and workers must know of a request, whatever its kind.
pub trait Decide {
    /// The reservation of the request.
    fn key(&self) -> ReservationKey;

    /// When the front door accepted it, by that front door's clock.
    fn accepted_at(&self) -> DateTime<Utc>;

    /// What decides the partition: requests with the same route are decided in order.
    fn route(&self, plan: &SeatingPlan) -> Route;

    /// Whether its decision can only free tickets. Such a request is accepted whatever the lag of
    /// the queue is, because it helps the requests that wait.
    fn frees_tickets(&self) -> bool {
        false
    }

    /// Adds the rows that must be locked before the decision, as far as they can be known.
    fn footprint(&self, plan: &SeatingPlan, footprint: &mut Footprint);

    /// Changes the ledger, or returns the locks that it needs first. A request that was decided
    /// before is announced again and changes nothing, because every message may be delivered more
    /// than once.
    fn decide(&self, ledger: &mut Ledger) -> Decision<()>;

    /// Decides what the buyer gets if the database refuses to write the decision. It may write only
    /// values that cannot be refused again; its rows are those of [`Self::key`].
    fn reject(&self, ledger: &mut Ledger);
}

/// What requests of one partition have in common. `broker::topology` maps it to a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Route {
    /// A section of an event: requests for its tickets are decided in the order of their
    /// acceptance.
    Section(EventId, SectionNumber),
    /// A reservation, for requests that name no section.
    Reservation(ReservationId),
}

macro_rules! requests {
    ($($kind:ident),+ $(,)?) => {
        /// A request to a reservation worker.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Request {
            $(#[doc = concat!("See [`", stringify!($kind), "`].")] $kind($kind)),+
        }

        impl Request {
            fn kind(&self) -> &dyn Decide {
                match self { $(Self::$kind(request) => request),+ }
            }
        }

        $(impl From<$kind> for Request {
            fn from(request: $kind) -> Self {
                Self::$kind(request)
            }
        })+
    };
}

requests! { Reserve, Cancel }

impl Decide for Request {
    fn key(&self) -> ReservationKey {
        self.kind().key()
    }

    fn accepted_at(&self) -> DateTime<Utc> {
        self.kind().accepted_at()
    }

    fn route(&self, plan: &SeatingPlan) -> Route {
        self.kind().route(plan)
    }

    fn frees_tickets(&self) -> bool {
        self.kind().frees_tickets()
    }

    fn footprint(&self, plan: &SeatingPlan, footprint: &mut Footprint) {
        self.kind().footprint(plan, footprint);
    }

    fn decide(&self, ledger: &mut Ledger) -> Decision<()> {
        self.kind().decide(ledger)
    }

    fn reject(&self, ledger: &mut Ledger) {
        self.kind().reject(ledger);
    }
}

/// Decides requests in order. All are decided even if one of them needs more locks, so that one
/// more round of locking serves all of them.
pub fn decide_all<'a>(
    ledger: &mut Ledger,
    requests: impl IntoIterator<Item = &'a Request>,
) -> Decision<()> {
    let mut need = Footprint::default();
    for request in requests {
        if let Decision::NeedsLocks(more) = request.decide(ledger) {
            need.absorb(more);
        }
    }
    Decision::unless_needed(need, ())
}
