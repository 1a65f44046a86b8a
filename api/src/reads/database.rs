//! Reads from Postgres with a limit on their time. The front door writes nothing there.

use std::time::{Duration, Instant};

use process::backoff::Backoff;
use store::Failure;

use super::meter::{self, Read};
use crate::problem::Problem;

/// Total time for a read, retries included.
const READ_TIMEOUT: Duration = Duration::from_secs(2);
/// After a restart of Postgres, the connection pool still has broken connections: each fails once.
const TRIES_MAX: u32 = 5;

/// Postgres did not answer, or refused the query. The cause is in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the database is away")]
pub(crate) struct Away;

impl From<Away> for Problem {
    fn from(_: Away) -> Self {
        Self::unavailable("The database is away; what was accepted is safe.", 2)
    }
}

/// Reads, and tries again if another connection may work, until the time is up.
pub(crate) async fn read_in_time<T, F>(what: Read, attempt: impl Fn() -> F) -> Result<T, Away>
where
    F: Future<Output = Result<T, Failure>>,
{
    let tries = async {
        let mut backoff = Backoff::new(Duration::from_millis(10), Duration::from_millis(200));
        for _ in 1..TRIES_MAX {
            match attempt().await {
                Err(Failure::Transient(_)) => tokio::time::sleep(backoff.next_delay()).await,
                done => return done,
            }
        }
        attempt().await
    };
    let begun = Instant::now();
    let done = tokio::time::timeout(READ_TIMEOUT, tries).await;
    meter::count(what, begun.elapsed(), matches!(done, Ok(Ok(_))));
    let what = what.as_str();
    match done {
        Ok(Ok(found)) => Ok(found),
        Ok(Err(error)) => {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            tracing::warn!(what, %error, cause, "cannot read from the database");
            Err(Away)
        }
        Err(_) => {
            tracing::warn!(what, "the database did not answer in time");
            Err(Away)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[tokio::test]
    async fn a_stale_connection_is_no_reason_to_give_up_but_a_refusal_is() {
        let tries = Cell::new(0);
        let stale_twice = || async {
            tries.set(tries.get() + 1);
            let stale = Failure::Transient(store::Error::WorkerCrashed);
            if tries.get() < 3 { Err(stale) } else { Ok(7) }
        };
        assert_eq!(read_in_time(Read::Events, stale_twice).await, Ok(7));
        tries.set(0);
        let refused = || async {
            tries.set(tries.get() + 1);
            Err::<(), _>(Failure::Refused(store::Error::RowNotFound))
        };
        assert_eq!(read_in_time(Read::Events, refused).await, Err(Away));
        assert_eq!(tries.get(), 1);
    }
}
