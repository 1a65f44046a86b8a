//! Payments. A payment is begun, the gateway is called outside of any transaction, and its answer
//! is recorded.

mod begin;
mod finish;

pub use begin::{Begun, Pay, begin_payment};
pub use finish::{Charge, Finished, finish_payment, refunded_payment};
