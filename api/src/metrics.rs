//! All metrics of the front door. Each part counts for itself; a handle is found without a lock,
//! and what happens once a request is one atomic addition.

use crate::http::event_stream;
use crate::{front_desk, outcomes, problem, reads, serve};

/// Shows the metrics from the start, at 0: an alert on a rise needs something to rise from.
pub(crate) fn register() {
    serve::register_metrics();
    problem::register_metrics();
    front_desk::register_metrics();
    outcomes::register_metrics();
    reads::register_metrics();
    event_stream::register_metrics();
}
