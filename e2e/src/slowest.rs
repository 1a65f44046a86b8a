//! What this machine needs for something now, so that a wait is judged by it and not by the clock.

use std::time::{Duration, Instant};

use anyhow::Result;

/// How often it is tried.
const TIMES: i32 = 5;

/// How long the slowest of a few acts takes, which are given their numbers.
pub async fn slowest<F: Future<Output = Result<()>>>(
    mut act: impl FnMut(i32) -> F,
) -> Result<Duration> {
    let mut slowest = Duration::ZERO;
    for number in 0..TIMES {
        let began = Instant::now();
        act(number).await?;
        slowest = slowest.max(began.elapsed());
    }
    Ok(slowest)
}
