//! What every request gets: an id, a time limit, an answer even after a panic, and the usual
//! headers.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Version, header};
use axum::response::{IntoResponse, Response};
use futures::FutureExt;

use super::meter;
use super::server::Answer;
use super::traced::Span;
use crate::extract::wait_seconds;
use crate::http::random;
use crate::limits::Peer;
use crate::problem::{Kind, Problem};
use crate::state::Shared;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const REQUEST_ID_LENGTH_MAX: usize = 64;

/// The public routes with their middleware. It is one service without layers, because each of
/// axum's layers boxes and clones the inner service for every request.
#[derive(Debug, Clone)]
pub(crate) struct Middleware {
    api: Shared,
    routes: Router,
}

impl Middleware {
    pub(crate) fn new(api: Shared, routes: Router) -> Self {
        Self { api, routes }
    }
}

impl Answer for Middleware {
    /// Runs a request within these limits. For a stream the time limit ends when the response
    /// begins.
    async fn answer(self, request: Request, peer: Peer) -> Response {
        let Self { api, routes } = self;
        let id = request_id(request.headers());
        let waits = wait_seconds(request.headers())
            .map_or(0, |seconds| u64::from(seconds.min(api.settings.wait_seconds_max)));
        let limit =
            Duration::from_millis(api.settings.request_timeout_ms) + Duration::from_secs(waits);
        let has_connections = request.version() < Version::HTTP_2;
        let method = request.method().clone();
        let uri = request.uri().clone();
        let path = uri.path();
        let trace = Span::begin(request.headers());
        let allowed = if path.starts_with("/api/") {
            api.limits.count_address(peer, request.headers())
        } else {
            Ok(())
        };
        // Kept as one expression: binding a future and moving it doubles its size in the enclosing
        // future, and there is one for each waiting client.
        let done = tokio::time::timeout(
            limit,
            AssertUnwindSafe(async {
                match (allowed, &trace) {
                    (Ok(()), None) => routes.answer(request, peer).await,
                    (Ok(()), Some(span)) => {
                        Box::pin(span.scope(routes.answer(request, peer))).await
                    }
                    (Err(problem), _) => problem.into_response(),
                }
            })
            .catch_unwind(),
        )
        .await;
        let mut response = match done {
            Ok(Ok(response)) => response,
            Ok(Err(_)) => {
                tracing::error!(?id, %method, path, "a handler panicked");
                let detail = "The request hit a fault of ours.";
                Problem::new(Kind::InternalError, detail).into_response()
            }
            Err(_) => {
                tracing::warn!(?id, %method, path, "a request took too long");
                Problem::unavailable("It took too long.", 2).into_response()
            }
        };
        tracing::debug!(?id, %method, path, status = response.status().as_u16(), "answered");
        meter::count_response(response.status());
        if let Some(trace) = trace {
            trace.end(&id, &method, path, &mut response);
        }
        let headers = response.headers_mut();
        headers.insert(REQUEST_ID, id);
        if has_connections && api.is_draining() {
            // The client's next request then opens a new connection, which a load balancer sends to
            // another process.
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
        headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
        response
    }
}

/// The client's request id, if it is short and plain ASCII; else a new one.
fn request_id(headers: &HeaderMap) -> HeaderValue {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.:/+=".contains(byte);
    let given = headers.get(REQUEST_ID).filter(|value| {
        let bytes = value.as_bytes();
        !bytes.is_empty() && bytes.len() <= REQUEST_ID_LENGTH_MAX && bytes.iter().all(is_plain)
    });
    given.cloned().unwrap_or_else(|| {
        let mut text = [0; uuid::fmt::Simple::LENGTH];
        let id = uuid::Uuid::from_u128(random()).as_simple().encode_lower(&mut text);
        HeaderValue::from_str(id).expect("hexadecimal digits are plain ASCII")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(id: &str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(REQUEST_ID, id.parse().unwrap());
        request_id(&headers) == id
    }

    #[test]
    fn a_plain_id_is_kept_and_any_other_replaced() {
        assert!(given("trace-7.a:b"));
        assert!(!given(""));
        assert!(!given("two words"));
        assert!(!given("<script>"));
        assert!(!given(&"x".repeat(65)));
        let one = request_id(&HeaderMap::new());
        let two = request_id(&HeaderMap::new());
        assert_ne!(one, two);
        assert_eq!(one.len(), 32);
    }
}
