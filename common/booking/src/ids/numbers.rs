//! The numbers of events, sections, tickets and tiers.

use serde::{Deserialize, Serialize};

macro_rules! number {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(pub i32);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

number! {
    /// An event. Every key and every URL starts with it.
    EventId
}
number! {
    /// A section of an event's seating plan: a block of seats, or a standing area.
    SectionNumber
}
number! {
    /// A ticket; numbered from 1 without a gap within its event.
    TicketNumber
}
number! {
    /// A price tier of an event.
    TierNumber
}
