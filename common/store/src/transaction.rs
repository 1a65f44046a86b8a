//! A transaction that holds its locks.

use booking::ledger::{Footprint, Ledger};
use sqlx::{PgConnection, Postgres};

use super::lock::{self, SeatingPlans};
use super::pool::Pool;
use super::replan::Plans;

/// A transaction that has locked its footprint. There is no other way to get one, so a function
/// that takes it runs under these locks. A drop rolls it back.
#[derive(Debug)]
pub struct Transaction {
    inner: sqlx::Transaction<'static, Postgres>,
}

impl Transaction {
    /// Begins a transaction, locks what the footprint names, and reads it into a ledger.
    pub async fn lock(
        pool: &Pool,
        plans: Plans,
        footprint: &Footprint,
        seating_plans: &SeatingPlans,
    ) -> Result<(Self, Ledger), sqlx::Error> {
        let mut inner = pool.begin_with(plans.begin_statement()).await?;
        let ledger = lock::lock(&mut inner, footprint, seating_plans).await?;
        Ok((Self { inner }, ledger))
    }

    /// Commits, and releases the locks.
    pub async fn commit(self) -> Result<(), sqlx::Error> {
        self.inner.commit().await
    }

    /// Rolls back, and releases the locks. Unlike a drop, it reports whether that worked.
    pub async fn rollback(self) -> Result<(), sqlx::Error> {
        self.inner.rollback().await
    }

    /// For reads that need no further lock.
    pub fn connection(&mut self) -> &mut PgConnection {
        &mut self.inner
    }
}
