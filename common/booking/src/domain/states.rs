//! The states of tickets, reservations and payments, and the moves between them that are legal.
//!
//! The same machine is drawn in ARCHITECTURE.md and enforced by CHECK constraints in `migrations/`.

use serde::{Deserialize, Serialize};

macro_rules! states {
    ($(#[$doc:meta])* $name:ident {
        $($(#[$vdoc:meta])* $variant:ident = $text:literal),+ $(,)?
    }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$vdoc])* $variant),+ }

        impl $name {
            /// Every state, in the order of a life.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The name used in JSON, in SQL and in logs.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            /// The state of that name.
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|state| state.as_str() == text)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

states! {
    TicketState {
        /// Free to be held.
        Available = "available",
        /// Held by one reservation until a time.
        Held = "held",
        /// Sold to one reservation.
        Sold = "sold",
        /// Kept back by the organiser.
        Blocked = "blocked",
    }
}

states! {
    /// A reservation's state.
    ReservationStatus {
        /// Accepted and not decided yet: in the broker, not in the database.
        Pending = "pending",
        /// The tickets are held until `expires_at`.
        Held = "held",
        /// A payment is under way; the hold is frozen, once and bounded.
        Paying = "paying",
        /// Paid; the tickets are sold.
        Confirmed = "confirmed",
        /// Refused, with a reason.
        Rejected = "rejected",
        /// Given back by the buyer.
        Cancelled = "cancelled",
        /// The hold ran out.
        Expired = "expired",
        /// Paid back after it was confirmed; the tickets were given back.
        Refunded = "refunded",
    }
}

states! {
    /// A payment's state.
    PaymentStatus {
        /// Begun; the gateway has not given its last word.
        Processing = "processing",
        /// Charged, and the tickets are the buyer's.
        Succeeded = "succeeded",
        /// The gateway said no.
        Declined = "declined",
        /// It could not be tried, or the gateway had an error; nothing was charged.
        Failed = "failed",
        /// Charged, and given back in full.
        Refunded = "refunded",
    }
}

impl ReservationStatus {
    /// Whether the machine allows this move.
    pub const fn may_become(self, next: Self) -> bool {
        use ReservationStatus::{
            Cancelled, Confirmed, Expired, Held, Paying, Pending, Refunded, Rejected,
        };
        matches!(
            (self, next),
            (Pending, Held | Rejected | Cancelled)
                | (Held, Paying | Cancelled | Expired)
                | (Paying, Held | Confirmed | Expired)
                // A charge that landed after the hold was lost, whose tickets were still free.
                | (Expired, Confirmed)
                | (Confirmed, Refunded)
        )
    }

    /// No message of a buyer changes it any more.
    pub const fn is_final(self) -> bool {
        !matches!(self, Self::Pending | Self::Held | Self::Paying)
    }

    /// The reservation has a claim on its tickets.
    pub const fn is_live(self) -> bool {
        matches!(self, Self::Held | Self::Paying | Self::Confirmed)
    }
}

impl PaymentStatus {
    /// Nothing changes it any more.
    pub const fn is_final(self) -> bool {
        !matches!(self, Self::Processing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back_as_the_same_state() {
        for state in ReservationStatus::ALL {
            assert_eq!(ReservationStatus::parse(state.as_str()), Some(*state));
            assert_eq!(
                serde_json::to_string(state).expect("plain"),
                format!("\"{state}\""),
                "JSON and SQL use one name"
            );
        }
        assert_eq!(TicketState::parse("gone"), None);
    }

    #[test]
    fn no_state_becomes_pending_and_refunded_is_the_end() {
        for state in ReservationStatus::ALL {
            assert!(!state.may_become(ReservationStatus::Pending));
            assert!(!ReservationStatus::Refunded.may_become(*state));
            assert!(!state.may_become(*state));
        }
    }
}
