//! Payments. A buyer asks the payment workers to pay for a reservation: the payment is begun, the
//! gateway is called outside of any transaction, and what it answered is recorded.

mod begin;
mod finish;

pub use begin::{Begun, Pay, begin_payment};
pub use finish::{Charge, Finished, finish_payment, refunded_payment};
