//! `Idempotency-Key`: the client's name for a request, so that it can be repeated safely.

use std::borrow::Cow;

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;

use crate::problem::Problem;
use crate::state::Shared;

const HEADER: &str = "idempotency-key";
const LENGTH_MAX: usize = 255;

/// The key, if the client sent one: 1 to 255 characters, without control characters, and not only
/// spaces or quotes. It may be quoted (as in the IETF's draft) or not (as Stripe does it); both
/// forms of a text are the same key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct IdempotencyKey(pub Option<String>);

impl FromRequestParts<Shared> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _api: &Shared) -> Result<Self, Problem> {
        idempotency_key(&parts.headers).map(Self)
    }
}

/// The key in these headers; none if the header is missing.
pub fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let mut values = headers.get_all(HEADER).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Problem::malformed("There is more than one Idempotency-Key."));
    }
    let text = std::str::from_utf8(value.as_bytes())
        .map_err(|_| Problem::malformed("The Idempotency-Key is not UTF-8."))?;
    let key = unquoted(text.trim());
    if key.is_empty() || key.chars().count() > LENGTH_MAX {
        let detail = format!("An Idempotency-Key has from 1 to {LENGTH_MAX} characters.");
        return Err(Problem::malformed(detail));
    }
    if key.chars().any(char::is_control) || key.chars().all(|c| c == '"' || c.is_whitespace()) {
        return Err(Problem::malformed("An Idempotency-Key has characters that can be seen."));
    }
    Ok(Some(key.into_owned()))
}

fn unquoted(text: &str) -> Cow<'_, str> {
    let quoted = text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    match quoted {
        Some(inner) if inner.contains('\\') => {
            Cow::Owned(inner.replace("\\\"", "\"").replace("\\\\", "\\"))
        }
        Some(inner) => Cow::Borrowed(inner),
        None => Cow::Borrowed(text),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn key(value: &[u8]) -> Result<Option<String>, ()> {
        let mut headers = HeaderMap::new();
        headers.insert(HEADER, HeaderValue::from_bytes(value).unwrap());
        idempotency_key(&headers).map_err(|_| ())
    }

    #[test]
    fn quoted_or_not_it_is_the_same_key() {
        assert_eq!(key(b"a b"), Ok(Some("a b".to_owned())));
        assert_eq!(key(b" \"a b\" "), Ok(Some("a b".to_owned())));
        assert_eq!(key(br#""a\"b\\c""#), Ok(Some(r#"a"b\c"#.to_owned())));
        assert_eq!(key("schlüssel".as_bytes()), Ok(Some("schlüssel".to_owned())));
        assert_eq!(idempotency_key(&HeaderMap::new()).ok(), Some(None));
    }

    #[test]
    fn empty_and_endless_and_repeated_keys_are_refused() {
        assert_eq!(key(b""), Err(()));
        assert_eq!(key(b"\"\""), Err(()));
        assert_eq!(key("ü".repeat(255).as_bytes()).map(|k| k.is_some()), Ok(true));
        assert_eq!(key(&b"k".repeat(256)), Err(()));
        assert_eq!(key(b"\xff\xfe"), Err(()));
        assert_eq!(key(b"\"\"\""), Err(()));
        assert_eq!(key(b"a\tb"), Err(()));
        let mut twice = HeaderMap::new();
        twice.append(HEADER, HeaderValue::from_static("a"));
        twice.append(HEADER, HeaderValue::from_static("a"));
        assert!(idempotency_key(&twice).is_err());
    }
}
