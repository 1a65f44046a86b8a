//! Databases that are made for a test and removed after it.

use std::panic::AssertUnwindSafe;
use std::sync::LazyLock;

use futures::FutureExt;
use process::settings::{Database, Secret};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use store::{Pool, pool};
use testbed::servers::{self, Servers};
use tokio::sync::OnceCell;

static SERVERS: LazyLock<Servers> =
    LazyLock::new(|| servers::for_tests().expect("servers for tests"));
static TEMPLATE: OnceCell<String> = OnceCell::const_new();

/// Runs a test on a database with the schema and nothing in it.
pub(crate) fn with_database(test: impl AsyncFnOnce(&Pool)) {
    run(async || {
        let template = TEMPLATE.get_or_init(make_template).await;
        scoped(&format!(" TEMPLATE {template}"), test).await;
    });
}

/// Runs a test on a database with the schema whose clock stands still, until `test_clock.frozen` is
/// updated: every statement that asks for the time finds a function of the test's own.
pub(crate) fn with_frozen_database(test: impl AsyncFnOnce(&Pool)) {
    run(async || {
        let template = TEMPLATE.get_or_init(make_template).await;
        scoped(&format!(" TEMPLATE {template}"), async |pool| {
            sqlx::raw_sql(FROZEN_CLOCK).execute(pool).await.expect("a clock");
            let open = pool.options().clone().connect_lazy_with(
                pool.connect_options()
                    .as_ref()
                    .clone()
                    .options([("search_path", "test_clock,pg_catalog,public")]),
            );
            test(&open).await;
            open.close().await;
        })
        .await;
    });
}

const FROZEN_CLOCK: &str = "CREATE SCHEMA test_clock;
    CREATE TABLE test_clock.frozen AS
        SELECT date_trunc('milliseconds', pg_catalog.clock_timestamp()) AS at;
    CREATE FUNCTION test_clock.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE
        AS 'SELECT at FROM test_clock.frozen'";

/// Runs a test on a database without the schema.
pub(crate) fn with_empty_database(test: impl AsyncFnOnce(&Pool)) {
    run(async || scoped("", test).await);
}

fn run(test: impl AsyncFnOnce()) {
    LazyLock::force(&SERVERS);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(test());
}

async fn scoped(origin: &str, test: impl AsyncFnOnce(&Pool)) {
    let name = unique("store_test");
    execute(format!("CREATE DATABASE {name}{origin}")).await;
    let pool = open(&name);
    let outcome = AssertUnwindSafe(test(&pool)).catch_unwind().await;
    pool.close().await;
    execute(format!("DROP DATABASE {name} WITH (FORCE)")).await;
    if let Err(panic) = outcome {
        std::panic::resume_unwind(panic);
    }
}

async fn make_template() -> String {
    let name = unique("store_template");
    execute(format!("CREATE DATABASE {name}")).await;
    let pool = open(&name);
    pool::migrate(&pool).await.expect("the schema");
    pool.close().await;
    name
}

fn open(name: &str) -> Pool {
    let (server, _) = SERVERS.database_url.rsplit_once('/').expect("a URL ends with a database");
    let url = Secret::from(format!("{server}/{name}").as_str());
    let settings = Database { url, lock_timeout_ms: 5_000, ..Database::default() };
    pool::open(&settings, "store tests").expect("a URL that can be read")
}

async fn execute(statement: String) {
    let mut server = PgConnection::connect(&SERVERS.database_url).await.expect("a server");
    let done = sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut server).await;
    done.expect("databases can be made and removed");
    server.close().await.expect("a connection can be closed");
}

/// A name that nothing else on the server has.
fn unique(prefix: &str) -> String {
    format!("{prefix}_{:032x}", rand::random::<u128>())
}
