//! An envelope: many requests in one message, so that confirms, transactions and acks are shared.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::wire::check_version;
use super::{Undecodable, VERSION};

/// Requests of one partition, in order of acceptance.
#[derive(Debug, Clone, Serialize)]
pub struct Envelope<T> {
    v: u8,
    requests: Vec<T>,
}

#[derive(Deserialize)]
struct Raw<'a> {
    v: u8,
    #[serde(borrow)]
    requests: Vec<&'a RawValue>,
}

impl<T: Serialize> Envelope<T> {
    /// An envelope of these requests.
    pub fn new(requests: Vec<T>) -> Self {
        Self { v: VERSION, requests }
    }

    /// Its bytes.
    pub fn encode(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("plain data always has a JSON form")
    }
}

impl<T: DeserializeOwned> Envelope<T> {
    /// The requests of an envelope. One that cannot be read stands as its bytes and the reason, and
    /// does not spoil its neighbours; the error is for bytes that are no envelope at all.
    #[expect(clippy::type_complexity, reason = "a list of readable and unreadable requests")]
    pub fn decode(bytes: &[u8]) -> Result<Vec<Result<T, (Vec<u8>, Undecodable)>>, Undecodable> {
        let raw: Raw<'_> =
            serde_json::from_slice(bytes).map_err(|error| Undecodable(error.to_string()))?;
        check_version(raw.v)?;
        let read = |one: &RawValue| {
            serde_json::from_str(one.get())
                .map_err(|error| (one.get().as_bytes().to_vec(), Undecodable(error.to_string())))
        };
        Ok(raw.requests.into_iter().map(read).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unreadable_request_does_not_spoil_its_neighbours() {
        let bytes = br#"{"v":1,"requests":[1,"two",3],"later":true}"#;
        let read = Envelope::<u8>::decode(bytes).expect("an envelope");
        assert_eq!(read[0], Ok(1));
        assert!(read[1].as_ref().is_err_and(|(raw, _)| raw == b"\"two\""));
        assert_eq!(read[2], Ok(3));
    }

    #[test]
    fn another_version_is_refused_whole() {
        assert!(Envelope::<u8>::decode(br#"{"v":2,"requests":[]}"#).is_err());
        assert!(Envelope::<u8>::decode(b"\xff").is_err());
    }
}
