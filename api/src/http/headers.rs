//! Header values that several routes send.

use axum::http::HeaderValue;

/// A header value of text that the caller knows to be plain ASCII.
pub(crate) fn ascii(text: &str) -> HeaderValue {
    HeaderValue::try_from(text).expect("plain ASCII")
}

/// `Retry-After` in whole seconds, at least one: 0 would mean "at once".
pub(crate) fn retry_after(eta_ms: u32) -> HeaderValue {
    HeaderValue::from(eta_ms.div_ceil(1_000).max(1))
}
