//! What handlers take from a request. Whatever cannot be read is a problem.

mod accept;
mod body;
mod idempotency;
mod path;
mod prefer;

pub use accept::wants_event_stream;
pub use body::Body;
pub use idempotency::{IdempotencyKey, idempotency_key};
pub use path::{EventPath, PaymentPath, ReservationPath, TicketPath, number};
pub use prefer::{Prefer, wait_seconds};
