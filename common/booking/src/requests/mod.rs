//! What buyers ask the reservation workers for. A file is a kind of request: its message, the rows
//! that it needs, its decision, and what its buyer is told when the database refuses it.
//!
//! A new kind is a file here, its name in the table below, and a variant nowhere else: front doors,
//! workers and tests call the methods of [`Decide`].

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

/// What everybody needs to know of a request, whatever its kind.
pub trait Decide {
    /// The reservation that it is about.
    fn key(&self) -> ReservationKey;

    /// When the front door accepted it, by that front door's clock.
    fn accepted_at(&self) -> DateTime<Utc>;

    /// Which partition keeps its order.
    fn route(&self, plan: &SeatingPlan) -> Route;

    /// Whether its decision can only make tickets free. Such a request is let in however far behind
    /// the queue is, because it shortens the wait of the others.
    fn frees_tickets(&self) -> bool {
        false
    }

    /// Adds the rows that must be locked before it can be decided, as far as they are known then.
    fn footprint(&self, plan: &SeatingPlan, footprint: &mut Footprint);

    /// Moves the ledger, or says what must be locked first. What was decided before is announced
    /// again and moves nothing, because every message may be delivered more than once.
    fn decide(&self, ledger: &mut Ledger) -> Decision<()>;

    /// Gives its buyer an answer where the database refuses to write the decision. It must write
    /// only what is surely harmless; its rows are those of [`Self::key`].
    fn reject(&self, ledger: &mut Ledger);
}

/// What the requests of one partition have in common. `broker::topology` says which partition it
/// is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Route {
    /// A section of an event: requests for its tickets are decided in the order of acceptance.
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

/// Decides requests in their order. All are decided even when one of them needs more locks, so that
/// one more round of locking serves all.
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
