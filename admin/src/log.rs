//! `GET` and `PUT /log`: shows the filter of the log, and changes it while the process runs.

use axum::http::StatusCode;
use process::telemetry::log;

const LENGTH_MAX: usize = 1_000;

pub(crate) fn show() -> (StatusCode, String) {
    match log::filter() {
        Some(filter) => (StatusCode::OK, format!("{filter}\n")),
        None => (StatusCode::NOT_FOUND, "nothing is logged\n".to_owned()),
    }
}

/// The body is the new filter, in the syntax of the setting `log.filter`.
pub(crate) fn change(body: &str) -> (StatusCode, String) {
    let filter = body.trim();
    if filter.is_empty() || filter.len() > LENGTH_MAX {
        let wanted = format!("a filter such as info,workers=debug, up to {LENGTH_MAX} bytes\n");
        return (StatusCode::BAD_REQUEST, wanted);
    }
    match log::set_filter(filter) {
        Ok(()) => (StatusCode::OK, format!("{filter}\n")),
        Err(error) => (StatusCode::BAD_REQUEST, format!("{error}\n")),
    }
}
