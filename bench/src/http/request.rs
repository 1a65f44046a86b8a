//! HTTP requests as bytes, prepared before they are due.

use std::fmt::Display;
use std::io::Write as _;

use bytes::Bytes;

use super::failure::Failure;

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Request(Vec<u8>);

impl Request {
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// The head and the body, for HTTP/2.
    pub fn message(&self) -> Result<(http::Request<()>, Bytes), Failure> {
        let malformed = || Failure::Broken("a request that is none".to_owned());
        let end = self.0.windows(4).position(|four| four == b"\r\n\r\n").ok_or_else(malformed)?;
        let head = std::str::from_utf8(&self.0[..end]).map_err(|_| malformed())?;
        let mut lines = head.split("\r\n");
        let mut words = lines.next().unwrap_or_default().split(' ');
        let method = words.next().unwrap_or_default();
        let path = words.next().unwrap_or_default();
        let mut message =
            http::Request::builder().method(method).uri(format!("http://bench{path}"));
        for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
            if name != "host" {
                message = message.header(name, value);
            }
        }
        let message = message.body(()).map_err(|_| malformed())?;
        Ok((message, Bytes::copy_from_slice(&self.0[end + 4..])))
    }

    /// `headers` are whole lines, each with its line end.
    pub fn get(path: impl Display, headers: &str) -> Self {
        let mut bytes = Vec::with_capacity(160);
        push(&mut bytes, format_args!("GET {path} HTTP/1.1\r\nhost: bench\r\n{headers}\r\n"));
        Self(bytes)
    }

    /// A `POST` of JSON. With `wait_seconds`, it prefers to wait for the outcome.
    pub fn post(path: impl Display, body: &[u8], wait_seconds: Option<u32>) -> Self {
        let mut bytes = Vec::with_capacity(192 + body.len());
        push(&mut bytes, format_args!("POST {path} HTTP/1.1\r\nhost: bench\r\n"));
        if let Some(seconds) = wait_seconds {
            push(&mut bytes, format_args!("prefer: wait={seconds}\r\n"));
        }
        let length = body.len();
        push(
            &mut bytes,
            format_args!("content-type: application/json\r\ncontent-length: {length}\r\n\r\n"),
        );
        bytes.extend_from_slice(body);
        Self(bytes)
    }

    /// A reservation request.
    pub fn reserve(event: i32, customer: u64, tickets: &[i32], wait_seconds: Option<u32>) -> Self {
        let mut body = Vec::with_capacity(96);
        push(
            &mut body,
            format_args!("{{\"customer\":\"buyer-{customer}@load.test\",\"tickets\":["),
        );
        for (place, ticket) in tickets.iter().enumerate() {
            let comma = if place == 0 { "" } else { "," };
            push(&mut body, format_args!("{comma}{ticket}"));
        }
        body.extend_from_slice(b"]}");
        Self::post(format_args!("/api/v1/events/{event}/reservations"), &body, wait_seconds)
    }

    /// A payment for a reservation, with a test card that succeeds.
    pub fn pay(event: i32, reservation: &str, wait_seconds: Option<u32>) -> Self {
        let path = format_args!("/api/v1/events/{event}/reservations/{reservation}/payments");
        Self::post(path, br#"{"card":"4242424242424242"}"#, wait_seconds)
    }

    /// Reads a reservation. With `wait_seconds`, waits for its next state.
    pub fn look(event: i32, reservation: &str, wait_seconds: Option<u32>) -> Self {
        let prefer = wait_seconds.map_or(String::new(), |s| format!("prefer: wait={s}\r\n"));
        Self::get(format_args!("/api/v1/events/{event}/reservations/{reservation}"), &prefer)
    }
}

fn push(bytes: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    bytes.write_fmt(text).expect("memory takes every write");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_for_tickets_is_what_the_contract_says() {
        let request = Request::reserve(7, 42, &[12, 13], Some(30));
        let text = String::from_utf8(request.bytes().to_vec()).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("POST /api/v1/events/7/reservations HTTP/1.1\r\n"));
        assert!(head.contains("\r\nprefer: wait=30\r\n"));
        assert!(head.contains(&format!("\r\ncontent-length: {}", body.len())));
        assert_eq!(body, r#"{"customer":"buyer-42@load.test","tickets":[12,13]}"#);
    }

    #[test]
    fn over_http_2_a_request_says_the_same() {
        let (head, body) = Request::reserve(7, 42, &[12], Some(30)).message().unwrap();
        assert_eq!(
            (head.method().as_str(), head.uri().path()),
            ("POST", "/api/v1/events/7/reservations")
        );
        assert_eq!(head.headers()["prefer"], "wait=30");
        assert!(!head.headers().contains_key("host"));
        assert_eq!(body, r#"{"customer":"buyer-42@load.test","tickets":[12]}"#);
        let (head, body) = Request::look(7, "abc", None).message().unwrap();
        assert_eq!((head.method().as_str(), body.len()), ("GET", 0));
    }

    #[test]
    fn a_look_without_waiting_has_no_preference() {
        let text = String::from_utf8(Request::look(7, "abc", None).bytes().to_vec()).unwrap();
        let expected = "GET /api/v1/events/7/reservations/abc HTTP/1.1\r\nhost: bench\r\n\r\n";
        assert_eq!(text, expected);
    }
}
