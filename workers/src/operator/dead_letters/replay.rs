//! The message that brings a dead letter back to where it came from.

use booking::messages::Envelope;
use broker::Publication;
use broker::operators::Letter;
use broker::topology::{PAYMENTS, REQUESTS, Topology};
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

/// The message, with headers of its own: what is said of the letter's death stays behind. An error
/// says why it cannot be sent.
pub(super) fn again(topology: &Topology, letter: &Letter) -> Result<Publication, String> {
    let queue = letter.queue.as_deref().ok_or("it does not say where it came from")?;
    let (exchange, key) =
        topology.way_into(queue).ok_or_else(|| format!("there is no queue {queue} now"))?;
    let in_envelopes = [REQUESTS, PAYMENTS].contains(&exchange);
    let body = if in_envelopes { enveloped(&letter.body) } else { letter.body.clone() };
    Ok(Publication::durable(exchange, key, body))
}

/// A request that was singled out of its envelope gets one of its own. What is no JSON stays as it
/// is, and will come back.
fn enveloped(bytes: &[u8]) -> Vec<u8> {
    if Envelope::<IgnoredAny>::decode(bytes).is_ok() {
        return bytes.to_vec();
    }
    match serde_json::from_slice::<&RawValue>(bytes) {
        Ok(request) => Envelope::new(vec![request]).encode(),
        Err(_) => bytes.to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_gets_an_envelope_and_an_envelope_stays_one() {
        let alone = enveloped(br#"{"cancel":{"id":"x"}}"#);
        assert_eq!(alone, br#"{"v":1,"requests":[{"cancel":{"id":"x"}}]}"#);
        assert_eq!(enveloped(&alone), alone);
        assert_eq!(enveloped(b"no JSON"), b"no JSON");
    }
}
