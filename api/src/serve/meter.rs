//! Counts responses by status, and open connections.

use std::sync::LazyLock;

use axum::http::StatusCode;
use process::telemetry::metrics::{Counter, Gauge, counter, gauge};
use process::telemetry::names;

use crate::http::Counted;

/// The usual statuses; all others are counted as `other`.
const STATUSES: [u16; 20] = [
    200, 201, 202, 204, 206, 304, 400, 401, 402, 404, 405, 409, 412, 413, 415, 416, 422, 429, 500,
    503,
];

static RESPONSES: LazyLock<Vec<Counter>> = LazyLock::new(|| {
    let one = |status: &str| counter(names::HTTP_RESPONSES_TOTAL, &[("status", status)]);
    let usual = STATUSES.iter().map(|status| one(&status.to_string()));
    usual.chain([one("other")]).collect()
});

pub(crate) fn register() {
    LazyLock::force(&RESPONSES);
    connections();
}

pub(super) fn count_response(status: StatusCode) {
    let at = STATUSES.binary_search(&status.as_u16()).unwrap_or(STATUSES.len());
    RESPONSES[at].inc();
}

/// Counts a connection for as long as the returned value lives.
pub(super) fn count_connection() -> Counted {
    Counted::one_more(connections())
}

fn connections() -> Gauge {
    gauge(names::HTTP_CONNECTIONS, &[])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_usual_status_has_a_counter_of_its_own() {
        assert!(STATUSES.is_sorted());
        count_response(StatusCode::ACCEPTED);
        count_response(StatusCode::IM_A_TEAPOT);
        let of = |status| counter(names::HTTP_RESPONSES_TOTAL, &[("status", status)]).get();
        assert_eq!((of("202"), of("other"), of("503")), (1, 1, 0));
    }
}
