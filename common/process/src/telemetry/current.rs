//! The trace of the request that a task works on.

use booking::trace::Trace;

tokio::task_local! {
    static CURRENT: Trace;
}

/// None outside of [`run_in_trace`]: most requests are not traced.
pub fn current_trace() -> Option<Trace> {
    CURRENT.try_with(|trace| *trace).ok()
}

/// Runs the work with this trace as its [`current_trace`].
pub async fn run_in_trace<F: Future>(trace: Trace, work: F) -> F::Output {
    CURRENT.scope(trace, work).await
}
