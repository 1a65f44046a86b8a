//! An audit costs what it costs, whatever a connection was opened for.

use sqlx::Connection;
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

/// Far more than it takes, and far less than it would.
const TOOK_MS_MAX: u64 = 5_000;

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
        let findings = audit::findings(&mut connection, Scope::ALL).await.expect("an audit");
        for finding in findings {
            assert_eq!(finding.rows, 0, "{finding:?}");
            assert!(finding.took_ms < TOOK_MS_MAX, "{finding:?}");
        }
        connection.close().await.expect("closed");
    });
}
