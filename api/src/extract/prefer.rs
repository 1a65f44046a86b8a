//! `Prefer: wait=N` (RFC 7240, section 4.3).

use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;
use tokio::time::Instant;

use crate::problem::Problem;
use crate::state::Shared;

/// How long the client prefers to wait, limited by the settings. None if it did not say: it wants
/// an answer at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Prefer {
    wait_seconds: Option<u32>,
}

impl FromRequestParts<Shared> for Prefer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, api: &Shared) -> Result<Self, Problem> {
        let asked = wait_seconds(&parts.headers);
        let most = api.settings.wait_seconds_max;
        Ok(Self { wait_seconds: asked.map(|seconds| seconds.min(most)) })
    }
}

impl Prefer {
    /// When the wait ends, counted from now; none if the client does not want to wait.
    pub(crate) fn deadline(self) -> Option<Instant> {
        let seconds = self.wait_seconds.filter(|seconds| *seconds > 0)?;
        Some(Instant::now() + Duration::from_secs(u64::from(seconds)))
    }

    /// Adds `Preference-Applied` with the number of seconds that was used.
    pub(crate) fn applied(self, mut response: Response) -> Response {
        if let Some(seconds) = self.wait_seconds {
            let value = HeaderValue::try_from(format!("wait={seconds}")).expect("plain ASCII");
            response.headers_mut().insert("preference-applied", value);
        }
        response
    }
}

/// The seconds of the first `wait`. A preference that cannot be parsed is ignored, as the RFC
/// demands.
pub fn wait_seconds(headers: &HeaderMap) -> Option<u32> {
    let values = headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
    let wait = values.flat_map(|value| value.split(',')).find_map(|preference| {
        let (name, value) = preference.split(';').next()?.split_once('=')?;
        name.trim().eq_ignore_ascii_case("wait").then(|| value.trim().trim_matches('"'))
    })?;
    wait.bytes().all(|byte| byte.is_ascii_digit()).then(|| wait.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(values: &[&'static str]) -> Option<u32> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append("prefer", HeaderValue::from_static(value));
        }
        wait_seconds(&headers)
    }

    #[test]
    fn wait_is_found_among_others_and_the_first_one_counts() {
        assert_eq!(wait(&["wait=10"]), Some(10));
        assert_eq!(wait(&["respond-async, WAIT = \"7\"; x=1"]), Some(7));
        assert_eq!(wait(&["handling=lenient", "wait=3, wait=9"]), Some(3));
        assert_eq!(wait(&["wait=0"]), Some(0));
    }

    #[test]
    fn what_cannot_be_read_is_ignored() {
        for odd in ["wait", "wait=", "wait=-1", "wait=ten", "wait=99999999999", "waiter=5", ""] {
            assert_eq!(wait(&[odd]), None, "{odd}");
        }
        assert_eq!(wait(&[]), None);
    }
}
