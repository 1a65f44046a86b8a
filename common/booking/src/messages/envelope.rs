//! An envelope: many requests in one message, so that they share a publisher confirm, a transaction
//! and an acknowledgement.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::wire::check_version;
use super::{Undecodable, VERSION, later};
use crate::trace::Trace;

/// Requests of one partition, in order of acceptance.
#[derive(Debug, Clone, Serialize)]
pub struct Envelope<T> {
    v: u8,
    requests: Vec<T>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    traces: Vec<(u32, Trace)>,
}

/// The content of an envelope: the requests, and traces with the index of their request.
#[derive(Debug)]
pub struct Opened<T> {
    /// For a request that cannot be parsed: its bytes and the reason.
    pub requests: Vec<Result<T, (Vec<u8>, Undecodable)>>,
    pub traces: Vec<(u32, Trace)>,
}

#[derive(Deserialize)]
struct Raw<'a> {
    v: u8,
    #[serde(borrow)]
    requests: Vec<&'a RawValue>,
    #[serde(default)]
    traces: Vec<(u32, Trace)>,
}

impl<T: Serialize> Envelope<T> {
    pub fn new(requests: Vec<T>) -> Self {
        Self::traced(requests, Vec::new())
    }

    /// An envelope of these requests; each trace has the index of its request.
    pub fn traced(requests: Vec<T>, traces: Vec<(u32, Trace)>) -> Self {
        Self { v: VERSION, requests, traces }
    }

    pub fn encode(&self) -> Vec<u8> {
        later::sent(serde_json::to_vec(self).expect("plain data always has a JSON form"))
    }
}

impl<T: DeserializeOwned> Envelope<T> {
    /// The requests of an envelope. One that cannot be parsed does not affect the others; the error
    /// means that the bytes are not an envelope.
    pub fn open(bytes: &[u8]) -> Result<Opened<T>, Undecodable> {
        let raw: Raw<'_> =
            serde_json::from_slice(bytes).map_err(|error| Undecodable(error.to_string()))?;
        check_version(raw.v)?;
        let read = |one: &RawValue| {
            serde_json::from_str(one.get())
                .map_err(|error| (one.get().as_bytes().to_vec(), Undecodable(error.to_string())))
        };
        let requests = raw.requests.into_iter().map(read).collect();
        Ok(Opened { requests, traces: raw.traces })
    }

    /// The same without the traces.
    #[expect(clippy::type_complexity, reason = "a list of readable and unreadable requests")]
    pub fn decode(bytes: &[u8]) -> Result<Vec<Result<T, (Vec<u8>, Undecodable)>>, Undecodable> {
        Ok(Self::open(bytes)?.requests)
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

    #[test]
    fn traces_travel_beside_their_requests_and_cost_nothing_where_there_are_none() {
        let header = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let trace: Trace = header.parse().expect("valid");
        assert_eq!(Envelope::new(vec![1]).encode(), br#"{"v":1,"requests":[1]}"#);
        let bytes = Envelope::traced(vec![1, 2], vec![(1, trace)]).encode();
        let text = format!(r#"{{"v":1,"requests":[1,2],"traces":[[1,"{header}"]]}}"#);
        assert_eq!(String::from_utf8(bytes.clone()).expect("JSON"), text);
        assert_eq!(Envelope::<u8>::open(&bytes).expect("an envelope").traces, [(1, trace)]);
    }
}
