//! All metrics of the front door. Each module counts for itself. Handles are found without a lock,
//! and each count is one atomic addition.

use crate::http::event_stream;
use crate::{front_desk, outcomes, problem, reads, serve};

/// Registers the metrics at 0 from the start: an alert on an increase needs a first value.
pub(crate) fn register() {
    serve::register_metrics();
    problem::register_metrics();
    front_desk::register_metrics();
    outcomes::register_metrics();
    reads::register_metrics();
    event_stream::register_metrics();
}
