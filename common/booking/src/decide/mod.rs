//! The rules of booking, pure: locked rows and a request in, moved rows out. No I/O, no clock.
//!
//! A [`Ledger`] holds the rows that a transaction has locked. Each decision reads it and moves it;
//! what moved is written in one go ([`Ledger::changes`]). A decision that meets a row that is not
//! locked (an overdue hold in the way, say) answers with the [`Footprint`] that it needs, and the
//! transaction begins again with the larger one: locks are only ever taken in the fixed order.

mod cancel;
mod changes;
mod decision;
mod expire;
mod footprint;
mod ledger;
mod pay;
mod pick;
mod reserve;

pub use cancel::cancel;
pub use changes::{Changes, SectionMove, TicketMove};
pub use decision::Decision;
pub use expire::{Expiry, expire};
pub use footprint::{Footprint, ReservationKey, SectionKey, TicketKey};
pub use ledger::{Ledger, LockedRows, SectionRow, TicketRow};
pub use pay::{Begun, Charge, Finished, begin_payment, finish_payment, refunded_payment};
pub use reserve::{reject_faulty, reserve};

#[cfg(test)]
mod tests;
