//! What has to hold of any bytes that come from outside. The fuzz targets call these with bytes
//! that a fuzzer made up, and `api/tests/fuzz_corpora.rs` with those that are kept in `corpus/`.

use api::extract::{idempotency_key, wait_seconds, wants_event_stream};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use booking::ids::{EventId, Mint, ReservationId};
use booking::messages::{BatchOutcome, DueHolds, Envelope, Message, Presence};
use booking::payments::Pay;
use booking::requests::Request;

/// No bytes make a message reader panic; and what was read once is read the same again from its own
/// bytes.
pub(crate) fn messages(bytes: &[u8]) {
    envelope::<Request>(bytes);
    envelope::<Pay>(bytes);
    message::<DueHolds>(bytes);
    message::<BatchOutcome>(bytes);
    message::<Presence>(bytes);
}

fn envelope<T>(bytes: &[u8])
where
    T: serde::Serialize + serde::de::DeserializeOwned + PartialEq + std::fmt::Debug,
{
    let Ok(read) = Envelope::<T>::decode(bytes) else { return };
    let readable: Vec<T> = read.into_iter().filter_map(Result::ok).collect();
    let again = Envelope::new(readable.iter().collect::<Vec<_>>()).encode();
    let again = Envelope::<T>::decode(&again).expect("our own bytes");
    let again: Vec<T> = again.into_iter().map(|one| one.expect("our own bytes")).collect();
    assert_eq!(again, readable);
}

fn message<T: Message + PartialEq + std::fmt::Debug>(bytes: &[u8]) {
    let Ok(read) = T::decode(bytes) else { return };
    assert_eq!(T::decode(&read.encode()).expect("our own bytes"), read);
}

/// No text makes the reader of ids panic, what it read is written the same way, and any owner and
/// key give an id that was issued. That an id which was made up is noticed is not for a fuzzer to
/// check: its tag has 24 bits, so one in 16 million passes, and a fuzzer tries more.
pub(crate) fn ids(bytes: &[u8]) {
    let mint = Mint::new("a secret that no fuzzer knows");
    let event = EventId(1);
    let text = String::from_utf8_lossy(bytes);
    if let Ok(id) = text.parse::<ReservationId>() {
        assert_eq!(id.to_string().parse(), Ok(id));
    }
    let (owner, key) = text.split_at(text.floor_char_boundary(text.len() / 2));
    let reservation: ReservationId = mint.keyed(event, owner, key);
    assert!(mint.issued(event, reservation));
    assert_eq!(reservation, mint.keyed(event, owner, key));
    assert_eq!(reservation.to_string().parse(), Ok(reservation));
}

/// Each line is a header's value. No values make the readers panic, and a key is within its bounds.
pub(crate) fn headers(bytes: &[u8]) {
    let mut headers = HeaderMap::new();
    for line in bytes.split(|byte| *byte == b'\n').take(16) {
        let Ok(value) = HeaderValue::from_bytes(line) else { continue };
        for name in ["prefer", "idempotency-key", "accept"] {
            headers.append(HeaderName::from_static(name), value.clone());
        }
    }
    let _wait: Option<u32> = wait_seconds(&headers);
    let _streams: bool = wants_event_stream(&headers);
    for value in headers.get_all("idempotency-key") {
        let one =
            HeaderMap::from_iter([(HeaderName::from_static("idempotency-key"), value.clone())]);
        let Ok(Some(key)) = idempotency_key(&one) else { continue };
        assert!((1..=255).contains(&key.chars().count()));
        assert!(!key.chars().any(char::is_control));
        let quoted = format!("\"{}\"", key.replace('\\', "\\\\").replace('"', "\\\""));
        let quoted = HeaderValue::from_str(&quoted).or(HeaderValue::from_bytes(quoted.as_bytes()));
        let quoted = quoted.expect("no control characters");
        let quoted = HeaderMap::from_iter([(HeaderName::from_static("idempotency-key"), quoted)]);
        assert_eq!(idempotency_key(&quoted).ok().flatten(), Some(key), "quoted, it is the same");
    }
    assert!(
        headers.get_all("idempotency-key").iter().count() < 2 || idempotency_key(&headers).is_err()
    );
}
