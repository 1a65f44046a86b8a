//! Dead letters for messages and requests that cannot be handled, with the reason. The body has the
//! form that its queue takes, so that operators can replay it as it is.

use booking::messages::Envelope;
use broker::Publication;
use broker::topology::DEAD_LETTERS;
use serde::Serialize;
use serde_json::value::RawValue;

use crate::metrics;

/// Longer reasons are cut, because a header must fit into one AMQP frame.
const REASON_BYTES_MAX: usize = 1_000;

/// Makes a dead letter of a whole message that came from this queue.
pub(crate) fn bury_message(queue: &str, body: Vec<u8>, reason: &str) -> Publication {
    metrics::pool(queue).dead_letters.inc();
    tracing::error!(queue, reason, "to the dead letters");
    let cut = (0..=REASON_BYTES_MAX).rev().find(|at| reason.is_char_boundary(*at)).unwrap_or(0);
    let mut publication = Publication::durable(DEAD_LETTERS, queue.to_owned(), body);
    publication.headers = vec![
        ("x-boxoffice-queue", queue.to_owned()),
        ("x-boxoffice-reason", reason[..cut.min(reason.len())].to_owned()),
    ];
    publication
}

/// Makes a dead letter of one request of an envelope, in a new envelope.
pub(crate) fn bury_request(queue: &str, request: &impl Serialize, reason: &str) -> Publication {
    bury_message(queue, Envelope::new(vec![request]).encode(), reason)
}

/// Makes a dead letter of a request that could not be read. Bytes that are not JSON do not fit
/// into an envelope, so they become the body alone.
pub(crate) fn bury_unreadable(queue: &str, request: Vec<u8>, reason: &str) -> Publication {
    match serde_json::from_slice::<&RawValue>(&request) {
        Ok(raw) => bury_request(queue, &raw, reason),
        Err(_) => bury_message(queue, request, reason),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_gets_an_envelope_of_its_own_even_where_nobody_can_read_it() {
        let letter = bury_unreadable("requests.00", br#"{"sing":{}}"#.to_vec(), "unknown");
        assert_eq!(letter.body, br#"{"v":1,"requests":[{"sing":{}}]}"#);
        let letter = bury_unreadable("requests.00", b"no JSON".to_vec(), "no JSON");
        assert_eq!(letter.body, b"no JSON");
    }

    #[test]
    fn a_long_reason_is_cut_between_characters() {
        let letter = bury_message("holds.due", Vec::new(), &"é".repeat(REASON_BYTES_MAX));
        assert_eq!(letter.headers[1].1.len(), REASON_BYTES_MAX);
    }
}
