//! What cannot be handled goes to the dead letters, with the reason, where operators find it.

use broker::Publication;
use broker::topology::DEAD_LETTERS;

use crate::metrics;

/// Longer reasons are cut: a header must fit into a frame.
const REASON_BYTES_MAX: usize = 1_000;

/// A dead letter of something that came from this queue.
pub(crate) fn dead_letter(queue: &str, body: Vec<u8>, reason: &str) -> Publication {
    metrics::pool(queue).dead_letters.inc();
    tracing::error!(queue, reason, "to the dead letters");
    let cut = (0..=REASON_BYTES_MAX).rev().find(|at| reason.is_char_boundary(*at)).unwrap_or(0);
    let mut message = Publication::durable(DEAD_LETTERS, queue.to_owned(), body);
    message.headers = vec![
        ("x-boxoffice-queue", queue.to_owned()),
        ("x-boxoffice-reason", reason[..cut.min(reason.len())].to_owned()),
    ];
    message
}
