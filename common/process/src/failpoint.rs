//! Named points at which a test may stop a process, to kill it there. Not in release builds.
//!
//! `BOXOFFICE_FAILPOINT=name` stops the process at the first time that the point is reached: it
//! logs `failpoint reached` and stays there until it is killed.

/// A point that a test may stop at.
#[inline]
#[cfg_attr(
    not(debug_assertions),
    expect(clippy::unused_async, reason = "a release build never stops here")
)]
pub async fn reach(name: &'static str) {
    #[cfg(debug_assertions)]
    if std::env::var("BOXOFFICE_FAILPOINT").is_ok_and(|wanted| wanted == name) {
        tracing::warn!(name, "failpoint reached");
        std::future::pending::<()>().await;
    }
    #[cfg(not(debug_assertions))]
    let _ = name;
}
