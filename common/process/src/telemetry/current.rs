//! The trace of the request that a task works on.

use booking::trace::Trace;

tokio::task_local! {
    static CURRENT: Trace;
}

/// The trace of the request that this task works on.
pub fn current_trace() -> Option<Trace> {
    CURRENT.try_with(|trace| *trace).ok()
}

/// Works on a request of this trace.
pub async fn run_in_trace<F: Future>(trace: Trace, work: F) -> F::Output {
    CURRENT.scope(trace, work).await
}
