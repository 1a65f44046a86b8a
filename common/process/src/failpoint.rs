//! Named points where a test can stop a process and then kill it. Not in release builds.
//!
//! `BOXOFFICE_FAILPOINT=name` stops the process the first time it reaches that point: it logs
//! `failpoint reached` and waits there until it is killed.

/// Waits for ever if a test selected this point; otherwise returns at once.
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
