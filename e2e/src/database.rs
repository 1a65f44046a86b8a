//! A database for each test, copied from a migrated template.

use std::str::FromStr;

use anyhow::{Context, Result};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{ConnectOptions, Connection, Executor, Postgres, Transaction};
use store::{Pool, audit, pool, seed};
use tokio::sync::OnceCell;

static TEMPLATE: OnceCell<String> = OnceCell::const_new();

/// An empty database with the schema.
#[derive(Debug)]
pub struct Database {
    pub url: String,
    pub pool: Pool,
    name: String,
    server: String,
}

impl Database {
    /// Creates a database on the server of this URL. The shared servers have a template, which is
    /// migrated once for all tests of this process. A test's own server has none, so its database
    /// is migrated itself.
    pub async fn create(server: &str, share_template: bool) -> Result<Self> {
        let name = unique("test");
        if share_template {
            let template = TEMPLATE.get_or_try_init(|| make_template(server)).await?;
            run(server, &format!("CREATE DATABASE {name} TEMPLATE {template}")).await?;
        } else {
            run(server, &format!("CREATE DATABASE {name}")).await?;
        }
        let url = with_database(server, &name)?;
        let pool = PgPoolOptions::new().max_connections(4).connect_lazy(&url)?;
        if !share_template {
            pool::migrate(&pool).await?;
        }
        Ok(Self { url, pool, name, server: server.to_owned() })
    }

    pub async fn plant(&self, plan: &seed::EventPlan) -> Result<()> {
        let mut transaction = self.pool.begin().await?;
        anyhow::ensure!(seed::plant(&mut transaction, plan).await?, "the event exists");
        transaction.commit().await?;
        Ok(())
    }

    /// Fails if an invariant is violated.
    pub async fn audit(&self) -> Result<()> {
        let broken = audit::violations(&mut *self.pool.acquire().await?, audit::Scope::ALL).await?;
        anyhow::ensure!(broken.is_empty(), "broken invariants: {broken:#?}");
        Ok(())
    }

    /// The only number in the result of a query.
    pub async fn count(&self, query: &'static str) -> Result<i64> {
        Ok(sqlx::query_scalar(query).fetch_one(&self.pool).await?)
    }

    /// Blocks every transaction that changes tickets, until this transaction is dropped.
    pub async fn hang(&self) -> Result<Transaction<'static, Postgres>> {
        let mut lock = self.pool.begin().await?;
        sqlx::query("LOCK TABLE sections").execute(&mut *lock).await?;
        Ok(lock)
    }

    /// Removes the database.
    pub async fn drop(self) -> Result<()> {
        self.pool.close().await;
        run(&self.server, &format!("DROP DATABASE {} WITH (FORCE)", self.name)).await
    }
}

/// A name that no other test uses.
pub(crate) fn unique(prefix: &str) -> String {
    format!("{prefix}_{}", uuid::Uuid::new_v4().simple())
}

async fn make_template(server: &str) -> Result<String> {
    let name = unique("template");
    run(server, &format!("CREATE DATABASE {name}")).await?;
    let pool = PgPoolOptions::new().connect(&with_database(server, &name)?).await?;
    pool::migrate(&pool).await?;
    pool.close().await;
    Ok(name)
}

async fn run(server: &str, statement: &str) -> Result<()> {
    let mut connection = PgConnectOptions::from_str(server)?.connect().await?;
    let statement = sqlx::raw_sql(sqlx::AssertSqlSafe(statement.to_owned()));
    connection.execute(statement).await.context("while making or removing a database")?;
    connection.close().await?;
    Ok(())
}

fn with_database(server: &str, name: &str) -> Result<String> {
    let (base, _) = server.rsplit_once('/').context("a URL that ends with a database")?;
    Ok(format!("{base}/{name}"))
}
