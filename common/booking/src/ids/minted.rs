//! Ids of reservations and payments. [`Mint`](super::Mint) makes them and says what their bits are.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $kind:literal) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl Kind for $name {
            const KIND: &'static [u8] = $kind;

            fn wrap(id: Uuid) -> Self {
                Self(id)
            }

            fn unwrap(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.as_hyphenated().fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, uuid::Error> {
                Uuid::from_str(text).map(Self)
            }
        }
    };
}

/// What an id names. The kind is part of the tag, so an id of one kind is refused as one of the
/// other.
pub trait Kind: Copy {
    /// Part of the hash that gives the tag.
    const KIND: &'static [u8];
    fn wrap(id: Uuid) -> Self;
    fn unwrap(self) -> Uuid;
}

id! {
    ReservationId, b"reservation"
}
id! {
    /// A payment attempt's id; also the gateway's idempotency key for it.
    PaymentId, b"payment"
}
