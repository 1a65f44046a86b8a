//! Why a request was not admitted, and the problem that its client gets.

use uuid::Uuid;

use crate::problem::Problem;

/// The longest `Retry-After`.
const RETRY_SECONDS_MAX: u32 = 60;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The waiting queue or the broker's queue is full. The request is not queued.
    Full,
    /// There is no broker, or it accepts nothing. The request is not queued.
    Away,
    /// It was published, but no publisher confirm came in time: it may be queued.
    Unknown,
    /// The lag is so large that the request would be decided too late. It is not queued.
    Behind { by_ms: u32 },
}

impl Refusal {
    /// The problem names the request's id only if the request may be queued nevertheless.
    pub(super) fn to_problem(self, name: &str, id: Uuid) -> Problem {
        match self {
            Self::Full => Problem::unavailable("Too many requests are waiting. Try again soon.", 1),
            Self::Behind { by_ms } => Problem::unavailable(
                "Requests wait so long now that yours might not be decided in time.",
                by_ms.div_ceil(1_000).clamp(1, RETRY_SECONDS_MAX),
            ),
            Self::Away => Problem::unavailable("Requests cannot be queued now.", 2),
            Self::Unknown => {
                let detail = "It is not known whether the request was queued. Look it up, or \
                              repeat it with the same Idempotency-Key.";
                Problem::unavailable(detail, 2).with(name, id)
            }
        }
    }
}
