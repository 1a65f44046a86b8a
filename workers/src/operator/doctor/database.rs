//! Checks of Postgres: connection, version, and whether the schema is up to date.

use process::settings::Settings;
use store::{Connection, pool, pool_orders, schema};

use super::{Findings, now};
use crate::operator::pools::describe;

const VERSION_MIN: i32 = 150_000;
/// A transaction that is open longer was probably forgotten, or is stuck.
const TRANSACTION_SECONDS_MAX: f64 = 60.0;

pub(super) async fn check(settings: &Settings, findings: &mut Findings) {
    let pool = match pool::open(&settings.database, "doctor") {
        Ok(pool) => pool,
        Err(error) => {
            let advice = "correct database.url: postgres://user:password@host:port/database";
            return findings.fail("postgres", format!("its URL cannot be read: {error}"), advice);
        }
    };
    let mut connection = match pool.acquire().await {
        Ok(connection) => connection,
        Err(error) => {
            let advice = "start it, let this machine reach it, or correct database.url; bookings \
                          are accepted meanwhile and decided when it is back";
            return findings.fail("postgres", format!("cannot connect: {error}"), advice);
        }
    };
    if let Err(error) = look(settings, &mut connection, findings).await {
        let advice = "see the server's log; the user needs the role boxoffice_operator of \
                      postgres/roles.sql";
        findings.fail("postgres", format!("a query failed: {error}"), advice);
    }
}

async fn look(
    settings: &Settings,
    connection: &mut Connection,
    findings: &mut Findings,
) -> Result<(), store::Error> {
    let before = now();
    let server = schema::server(connection).await?;
    let after = now();
    if server.version_num < VERSION_MIN {
        let found = format!("version {}", server.version);
        findings.fail("postgres", found, "15 or newer is needed");
    } else {
        findings.ok("postgres", format!("version {}", server.version));
    }
    if server.is_standby {
        let advice = "let database.url name the primary";
        findings.fail("postgres", "it is a standby: nothing can be written", advice);
    }
    if !server.not_durable.is_empty() {
        let found = format!("off: {}", server.not_durable.join(", "));
        let advice = "turn them on: with them off, a crash of the server loses sold tickets";
        findings.warn("durability", found, advice);
    }
    if server.connections_max < 3 * settings.database.connections_max as i32 {
        let found = format!(
            "it allows {} connections, and one process takes up to {}",
            server.connections_max, settings.database.connections_max
        );
        let advice = "raise max_connections, lower database.connections_max, or use a pooler";
        findings.warn("connections", found, advice);
    }
    if !server.sees_transactions {
        let advice = "as a superuser: GRANT pg_read_all_stats TO boxoffice_operator";
        findings.warn("transactions", "this user does not see those of others", advice);
    }
    if server.oldest_transaction_seconds > TRANSACTION_SECONDS_MAX {
        let found = format!("one is open for {:.0} s", server.oldest_transaction_seconds);
        let advice = "find it in pg_stat_activity: it may hold locks that a partition waits for";
        findings.warn("transactions", found, advice);
    }
    findings.clock("postgres", server.now, before, after, 0);
    migrations(&schema::read(connection).await?, findings);
    if schema::read(connection).await?.missing.is_empty() {
        for order in pool_orders::all(connection).await?.iter().filter(|order| order.paused) {
            let advice = format!("go on: workers pools resume {}", order.pool);
            findings.warn("pools", describe(order), advice);
        }
    }
    Ok(())
}

fn migrations(schema: &schema::Schema, findings: &mut Findings) {
    let list =
        |versions: &[i64]| versions.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    if !schema.missing.is_empty() {
        let found = format!("migrations are missing: {}", list(&schema.missing));
        findings.fail("schema", found, "run: workers migrate");
    } else if !schema.unknown.is_empty() {
        let found = format!("it is newer than this build: {}", list(&schema.unknown));
        findings.warn("schema", found, "finish the deploy: update this binary too");
    } else {
        findings.ok("schema", format!("version {}, up to date", schema.version));
    }
}
