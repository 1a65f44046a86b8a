//! Ids and keys. Each has its own type, so that the compiler refuses, say, a ticket number as a
//! section number.

mod mint;
mod minted;
mod numbers;

pub use mint::Mint;
pub use minted::{Kind, PaymentId, ReservationId};
pub use numbers::{EventId, SectionNumber, TicketNumber, TierNumber};

pub type ReservationKey = (EventId, ReservationId);
pub type SectionKey = (EventId, SectionNumber);
pub type TicketKey = (EventId, TicketNumber);
