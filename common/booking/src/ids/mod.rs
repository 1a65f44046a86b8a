//! Ids and keys: a type each, so that a seat is never taken for a section.

mod mint;
mod minted;
mod numbers;

pub use mint::Mint;
pub use minted::{Kind, PaymentId, ReservationId};
pub use numbers::{EventId, SectionNumber, TicketNumber, TierNumber};

pub type ReservationKey = (EventId, ReservationId);
pub type SectionKey = (EventId, SectionNumber);
pub type TicketKey = (EventId, TicketNumber);
