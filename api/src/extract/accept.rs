//! `Accept`: whether a client asks for a stream of events.

use axum::http::{HeaderMap, header};

/// Whether the client accepts `text/event-stream` by name, with a weight above zero.
pub fn wants_event_stream(headers: &HeaderMap) -> bool {
    let values = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|range| {
        let mut parts = range.split(';').map(str::trim);
        let media_type = parts.next().unwrap_or_default();
        let refused = parts.any(|part| matches!(part, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"));
        media_type.eq_ignore_ascii_case("text/event-stream") && !refused
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wants(accept: &str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, accept.parse().unwrap());
        wants_event_stream(&headers)
    }

    #[test]
    fn only_who_asks_for_a_stream_gets_one() {
        assert!(wants("text/event-stream"));
        assert!(wants("application/json;q=0.5, Text/Event-Stream ; q=0.9"));
        assert!(!wants("*/*"));
        assert!(!wants("application/json, text/event-stream;q=0"));
        assert!(!wants_event_stream(&HeaderMap::new()));
    }
}
