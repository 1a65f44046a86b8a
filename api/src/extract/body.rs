//! A JSON body, read strictly: media type, length, UTF-8 and syntax are checked, and unknown fields
//! are refused.

use std::error::Error;
use std::time::Duration;

use axum::body::HttpBody;
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use crate::problem::{Kind, Problem};
use crate::state::Shared;

#[derive(Debug)]
pub(crate) struct Body<T>(pub T);

impl<T: DeserializeOwned> FromRequest<Shared> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, api: &Shared) -> Result<Self, Problem> {
        if !is_json(request.headers()) {
            let kind = Kind::UnsupportedMediaType;
            return Err(Problem::new(kind, "The body must be application/json."));
        }
        let bytes_max = api.settings.body_bytes_max;
        // A client that announces too many bytes is refused before any of them is read.
        if request.body().size_hint().lower() > bytes_max as u64 {
            return Err(refuse_length(bytes_max));
        }
        let limit = Duration::from_millis(api.settings.body_timeout_ms);
        let body = Limited::new(request.into_body(), bytes_max);
        let body = tokio::time::timeout(limit, body.collect())
            .await
            .map_err(|_| Problem::new(Kind::RequestTimeout, "The body took too long to come."))?
            .map_err(|error| refuse_unread(&*error, bytes_max))?;
        let bytes = body.to_bytes();
        parse(&bytes).map(Self)
    }
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(bytes).map_err(|error| match error.classify() {
        Category::Data => Problem::invalid_field("body", error.to_string()),
        _ if bytes.is_empty() => Problem::malformed("The body is empty; it must be JSON."),
        _ => Problem::malformed(format!("The body is not JSON: {error}.")),
    })
}

/// `application/json`, with UTF-8 or no charset.
fn is_json(headers: &HeaderMap) -> bool {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let Some(value) = value else { return false };
    let mut parts = value.split(';').map(str::trim);
    let media_type = parts.next().unwrap_or_default();
    let fits = |part: &str| match part.split_once('=') {
        Some((name, charset)) if name.trim().eq_ignore_ascii_case("charset") => {
            charset.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
        }
        _ => true,
    };
    media_type.eq_ignore_ascii_case("application/json") && parts.all(fits)
}

fn refuse_length(limit: usize) -> Problem {
    Problem::new(Kind::TooLarge, format!("The body is longer than {limit} bytes."))
        .with("limit", limit)
}

fn refuse_unread(error: &(dyn Error + 'static), limit: usize) -> Problem {
    if error.is::<LengthLimitError>() {
        return refuse_length(limit);
    }
    Problem::malformed("The body ended before it was complete.")
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;
    use axum::response::IntoResponse;
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Wish {
        #[expect(dead_code, reason = "only whether it can be read matters")]
        tickets: Vec<i32>,
    }

    fn status(bytes: &[u8]) -> Result<(), StatusCode> {
        parse::<Wish>(bytes).map(|_| ()).map_err(|problem| problem.into_response().status())
    }

    #[test]
    fn what_is_not_json_is_400_and_what_does_not_fit_is_422() {
        assert_eq!(status(br#"{"tickets":[1]}"#), Ok(()));
        assert_eq!(status(b""), Err(StatusCode::BAD_REQUEST));
        assert_eq!(status(br#"{"tickets":[1]"#), Err(StatusCode::BAD_REQUEST));
        assert_eq!(status(b"{\"tickets\":[\xff]}"), Err(StatusCode::BAD_REQUEST));
        assert_eq!(status(br#"{"tickets":["1"]}"#), Err(StatusCode::UNPROCESSABLE_ENTITY));
        assert_eq!(status(br#"{"tickets":[9999999999]}"#), Err(StatusCode::UNPROCESSABLE_ENTITY));
        assert_eq!(status(br#"{"tickets":[1],"seat":2}"#), Err(StatusCode::UNPROCESSABLE_ENTITY));
        let deep = [b"[".repeat(5_000), b"]".repeat(5_000)].concat();
        assert!(status(&deep).is_err(), "nesting is bounded");
    }

    #[test]
    fn only_json_in_utf_8_is_read() {
        let is = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, value.parse().unwrap());
            is_json(&headers)
        };
        assert!(is("application/json"));
        assert!(is("Application/JSON; charset=\"UTF-8\""));
        assert!(!is("application/json; charset=latin1"));
        assert!(!is("text/plain"));
        assert!(!is_json(&HeaderMap::new()));
    }
}
