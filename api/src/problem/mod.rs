//! The one error type: `problem+json` (RFC 9457). Every route refuses with one of these.

mod body;
mod kinds;
mod meter;
mod page;

pub(crate) use body::{FieldError, ProblemBody};
pub(crate) use kinds::Kind;
pub(crate) use meter::register as register_metrics;
pub(crate) use page::{__path_page, page};

use std::borrow::Cow;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use booking::domain::Reason;
use serde::Serialize;
use serde_json::{Map, Value};

/// Why a request was refused, ready to be sent.
#[derive(Debug)]
#[must_use]
pub struct Problem(Box<Details>);

#[derive(Debug)]
struct Details {
    kind: Kind,
    status: StatusCode,
    detail: Cow<'static, str>,
    fields: Map<String, Value>,
    retry_after_seconds: Option<u32>,
}

impl Problem {
    /// A problem of this kind, with the kind's usual status.
    pub fn new(kind: Kind, detail: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Details {
            kind,
            status: kind.row().status,
            detail: detail.into(),
            fields: Map::new(),
            retry_after_seconds: None,
        }))
    }

    /// A problem whose `reason` is one of the closed list.
    pub fn because(kind: Kind, reason: Reason) -> Self {
        Self::new(kind, reason.detail()).with("reason", reason)
    }

    /// The request cannot be parsed: 400.
    pub fn malformed(detail: impl Into<Cow<'static, str>>) -> Self {
        let problem = Self::new(Kind::InvalidRequest, detail);
        problem.status(StatusCode::BAD_REQUEST)
    }

    /// The request can be parsed but can never succeed: 422, with the fields at fault.
    pub fn invalid(errors: Vec<FieldError>) -> Self {
        let detail = match errors.as_slice() {
            [one] => Cow::Owned(format!("{}: {}", one.field, one.detail)),
            _ => Cow::Borrowed("Some fields are not right; see errors."),
        };
        Self::new(Kind::InvalidRequest, detail).with("errors", errors)
    }

    /// The same for a single field.
    pub fn invalid_field(
        field: impl Into<Cow<'static, str>>,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::invalid(vec![FieldError { field: field.into(), detail: detail.into() }])
    }

    pub fn not_found(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Kind::NotFound, detail)
    }

    /// It cannot be done now, but may work after so many seconds: 503.
    pub fn unavailable(detail: impl Into<Cow<'static, str>>, retry_after_seconds: u32) -> Self {
        Self::new(Kind::Unavailable, detail).retry_after(retry_after_seconds)
    }

    /// Sets another status than the kind's usual one.
    pub fn status(mut self, status: StatusCode) -> Self {
        self.0.status = status;
        self
    }

    /// Sets `Retry-After`, and the same in a field.
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.0.retry_after_seconds = Some(seconds);
        self.with("retry_after", seconds)
    }

    /// Adds a field that this kind of problem has.
    pub fn with(mut self, name: &str, value: impl Serialize) -> Self {
        let value = serde_json::to_value(value).expect("plain data always has a JSON form");
        self.0.fields.insert(name.to_owned(), value);
        self
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        meter::count(self.0.kind);
        let row = self.0.kind.row();
        let mut body = Map::new();
        body.insert("type".to_owned(), Value::String(self.0.kind.uri()));
        body.insert("title".to_owned(), Value::from(row.title));
        body.insert("status".to_owned(), Value::from(self.0.status.as_u16()));
        body.insert("detail".to_owned(), Value::String(self.0.detail.into_owned()));
        body.extend(self.0.fields);
        let text = serde_json::to_vec(&body).expect("a map of JSON values has a JSON form");
        let media_type = (header::CONTENT_TYPE, "application/problem+json");
        let mut response = (self.0.status, [media_type], text).into_response();
        let headers = response.headers_mut();
        if self.0.status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = self.0.retry_after_seconds {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn sent(problem: Problem) -> (StatusCode, axum::http::HeaderMap, Value) {
        let response = problem.into_response();
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, 10_000).await.unwrap();
        (parts.status, parts.headers, serde_json::from_slice(&bytes).unwrap())
    }

    #[tokio::test]
    async fn a_problem_has_the_members_of_the_standard_and_its_own() {
        let problem = Problem::because(Kind::TicketsUnavailable, Reason::TicketsUnavailable)
            .with("tickets", [3, 4]);
        let (status, headers, body) = sent(problem).await;
        assert_eq!(status, StatusCode::CONFLICT);
        assert_eq!(headers[header::CONTENT_TYPE], "application/problem+json");
        assert_eq!(body["type"], "/problems/tickets-unavailable");
        assert_eq!(body["status"], 409);
        assert_eq!(body["reason"], "tickets_unavailable");
        assert_eq!(body["tickets"], serde_json::json!([3, 4]));
        assert!(body["title"].is_string() && body["detail"].is_string());
    }

    #[tokio::test]
    async fn when_to_try_again_is_a_field_and_a_header() {
        let (status, headers, body) = sent(Problem::unavailable("The queue is full.", 3)).await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(headers[header::RETRY_AFTER], "3");
        assert_eq!(body["retry_after"], 3);
    }

    #[tokio::test]
    async fn one_wrong_field_is_named_in_the_detail() {
        let (status, _, body) = sent(Problem::invalid_field("tickets[1]", "is there twice")).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(body["detail"], "tickets[1]: is there twice");
        assert_eq!(body["errors"][0]["field"], "tickets[1]");
    }
}
