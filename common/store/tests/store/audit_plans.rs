//! An audit costs what it costs, whatever a connection was opened for.

use sqlx::{Connection, PgConnection};
use store::audit::{self, Scope};
use store::{pool, seed};

use crate::support::with_database;

/// Refused requests with their history. Joined row by row they take minutes.
const OLD: &str = "WITH old AS (
         INSERT INTO reservations (event_id, id, revision, status, fingerprint, created_at,
                                   updated_at, currency, customer, reason)
         SELECT 1, gen_random_uuid(), 1, 'rejected', n, now(), now(), 'EUR', 'ada',
                'tickets_unavailable'
         FROM generate_series(1, 20000) AS n RETURNING *
     )
     INSERT INTO reservation_history (at, reservation_id, event_id, revision, became, cause, reason,
                                      tickets)
     SELECT updated_at, id, event_id, revision, status, 'requests', reason, tickets FROM old";

/// Scans of tables and indexes. All rules together need some hundreds; row by row, one rule alone
/// makes one for each of the requests.
const SCANS_MAX: i64 = 2_000;

#[test]
fn an_audit_on_a_connection_for_batches_joins_whole_tables() {
    with_database(async |database| {
        let mut connection = database.acquire().await.expect("a connection").detach();
        seed::plant(&mut connection, &seed::demo()[0]).await.expect("planted");
        sqlx::query(OLD).execute(&mut connection).await.expect("made");
        sqlx::raw_sql("ANALYZE").execute(&mut connection).await.expect("analysed");
        for setting in pool::FOR_BATCHES {
            sqlx::query("SELECT set_config($1, $2, false)")
                .bind(setting.0)
                .bind(setting.1)
                .execute(&mut connection)
                .await
                .expect("set");
        }
        let before = scans(&mut connection).await;
        let findings = audit::findings(&mut connection, Scope::ALL).await.expect("an audit");
        assert!(findings.iter().all(|finding| finding.rows == 0), "{findings:?}");
        let made = scans(&mut connection).await - before;
        assert!((1..SCANS_MAX).contains(&made), "{made} scans");
        connection.close().await.expect("closed");
    });
}

/// How often tables and indexes have been scanned, what this connection did included.
async fn scans(connection: &mut PgConnection) -> i64 {
    let flush = sqlx::query("SELECT pg_stat_force_next_flush()");
    flush.execute(&mut *connection).await.expect("flushed");
    let scans = "SELECT sum(seq_scan + coalesce(idx_scan, 0))::bigint FROM pg_stat_user_tables";
    sqlx::query_scalar(scans).fetch_one(connection).await.expect("counted")
}
