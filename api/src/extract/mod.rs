//! What handlers extract from a request. Whatever cannot be parsed becomes a problem.

mod accept;
mod body;
mod idempotency;
mod organiser;
mod path;
mod prefer;

pub use accept::wants_event_stream;
pub use idempotency::idempotency_key;
pub use prefer::wait_seconds;

pub(crate) use body::Body;
pub(crate) use idempotency::IdempotencyKey;
pub(crate) use organiser::Organiser;
pub(crate) use path::{EventPath, PaymentPath, ReservationPath, TicketPath, parse_number};
pub(crate) use prefer::Prefer;
