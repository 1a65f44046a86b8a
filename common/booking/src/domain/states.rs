//! The states of tickets, reservations and payments, and the allowed transitions.
//!
//! The same state machine is drawn in ARCHITECTURE.md and enforced by CHECK constraints in
//! `migrations/`.

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
            /// Every state, in the order in which they are usually reached.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The name used in JSON, in SQL and in logs.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

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
        /// Not for sale: blocked by the organiser.
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
        /// A payment is being processed; the hold is prolonged, once and for a limited time.
        Paying = "paying",
        /// Paid; the tickets are sold.
        Confirmed = "confirmed",
        /// Refused, with a reason.
        Rejected = "rejected",
        /// Cancelled by the buyer.
        Cancelled = "cancelled",
        /// The hold was not paid in time.
        Expired = "expired",
        /// The payment was refunded after it was confirmed, and the tickets were freed.
        Refunded = "refunded",
    }
}

states! {
    /// A payment's state.
    PaymentStatus {
        /// Begun; the gateway's final answer is not recorded yet.
        Processing = "processing",
        /// Charged, and the tickets are sold to the buyer.
        Succeeded = "succeeded",
        /// The card's issuer declined.
        Declined = "declined",
        /// It was not attempted, or the gateway failed; nothing was charged.
        Failed = "failed",
        /// Charged, and refunded in full.
        Refunded = "refunded",
    }
}

impl ReservationStatus {
    /// Whether this transition is allowed.
    pub const fn may_become(self, next: Self) -> bool {
        use ReservationStatus::{
            Cancelled, Confirmed, Expired, Held, Paying, Pending, Refunded, Rejected,
        };
        matches!(
            (self, next),
            (Pending, Held | Rejected | Cancelled)
                | (Held, Paying | Cancelled | Expired)
                | (Paying, Held | Confirmed | Expired)
                // A charge succeeded after the hold had ended, and its tickets were still free.
                | (Expired, Confirmed)
                | (Confirmed, Refunded)
        )
    }

    /// Whether no request of the buyer can change it any more.
    pub const fn is_final(self) -> bool {
        !matches!(self, Self::Pending | Self::Held | Self::Paying)
    }

    /// Whether the reservation has a right to its tickets.
    pub const fn is_live(self) -> bool {
        matches!(self, Self::Held | Self::Paying | Self::Confirmed)
    }
}

impl PaymentStatus {
    /// Whether no later state follows.
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
