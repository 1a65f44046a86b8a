//! `Authorization: Bearer`: who may use the routes of organisers.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use process::settings::Secret;

use crate::problem::{Kind, Problem};
use crate::state::Shared;

/// Proves that a request has an organiser's token: only the check of the token makes one.
#[derive(Debug)]
pub(crate) struct Organiser(());

impl FromRequestParts<Shared> for Organiser {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Shared) -> Result<Self, Problem> {
        if is_organiser(&parts.headers, &api.settings.organiser_tokens) {
            return Ok(Self(()));
        }
        let detail = "Send Authorization: Bearer with an organiser's token.";
        Err(Problem::new(Kind::Unauthorized, detail))
    }
}

/// Compares with every token, so that the time does not show which one is nearly right.
fn is_organiser(headers: &HeaderMap, tokens: &[Secret]) -> bool {
    let value = headers.get(header::AUTHORIZATION).map(HeaderValue::as_bytes);
    let Some((scheme, given)) = value.and_then(|value| value.split_at_checked(7)) else {
        return false;
    };
    let given = blake3::hash(given);
    // Hashes are compared in constant time, and the loop does not stop at a match.
    let matches = tokens
        .iter()
        .filter(|token| !token.expose().is_empty())
        .fold(false, |found, token| found | (blake3::hash(token.expose().as_bytes()) == given));
    matches && scheme.eq_ignore_ascii_case(b"bearer ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(authorization: &str, tokens: &[&str]) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, authorization.parse().unwrap());
        let tokens: Vec<Secret> = tokens.iter().copied().map(Secret::from).collect();
        is_organiser(&headers, &tokens)
    }

    #[test]
    fn only_a_configured_token_is_allowed() {
        assert!(allows("Bearer one", &["two", "one"]));
        assert!(allows("bearer one", &["one"]));
        assert!(!allows("Bearer one", &[]));
        assert!(!allows("Bearer ", &[""]), "an empty token is none");
        assert!(!allows("Bearer on", &["one"]));
        assert!(!allows("Basic one", &["one"]));
        assert!(!allows("Bear", &["one"]));
        assert!(!is_organiser(&HeaderMap::new(), &[Secret::from("one")]));
    }
}
