//! Private, new servers, with Postgres's default durability and RabbitMQ's quorum queues.

use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::thread;

use anyhow::{Context, Result, ensure};
use booking::ids::EventId;
use sqlx::postgres::PgPoolOptions;
use store::{Pool, audit, pool, seed};
use testbed::checkout;
use testbed::servers::Keep;
use testbed::servers::postgres::{Options, Postgres};
use testbed::servers::rabbitmq::RabbitMq;

use super::event::{Event, Venue};
use crate::machine::{About, Watched};

/// The servers that one command of the kit uses.
pub struct Ground {
    /// With fsync: a commit is on disk, as in production.
    pub postgres: Postgres,
    pub rabbitmq: RabbitMq,
    dir: PathBuf,
    made: Cell<u32>,
}

/// A database, and a virtual host of the same name.
#[derive(Debug)]
pub struct Database {
    /// The name of the database and of the virtual host.
    pub name: String,
    pub pool: Pool,
    events: Cell<i32>,
}

impl Ground {
    /// Starts both servers under `target/bench`.
    pub fn start() -> Result<Self> {
        let dir = checkout::target().join("bench");
        let options = Options {
            keep: Keep::Nothing,
            fsync: true,
            max_connections: 200,
            shared_buffers_mib: 128,
        };
        let postgres_dir = dir.join("postgres");
        let rabbitmq_dir = dir.join("rabbitmq");
        let (postgres, rabbitmq) = thread::scope(|scope| {
            let broker = scope.spawn(|| RabbitMq::start(&rabbitmq_dir, Keep::Nothing));
            let database = Postgres::start(&postgres_dir, options);
            (database, broker.join().expect("starting RabbitMQ does not panic"))
        });
        Ok(Self { postgres: postgres?, rabbitmq: rabbitmq?, dir, made: Cell::new(0) })
    }

    /// The folder of logs and reports.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Creates a database with the schema, and a virtual host.
    pub async fn database(&self, purpose: &str) -> Result<Database> {
        self.made.set(self.made.get() + 1);
        let name = format!("{purpose}_{}", self.made.get());
        self.postgres.create_database(&name)?;
        self.rabbitmq.add_vhost(&name)?;
        let url = self.postgres.url(&name);
        // Without the time-outs and limits of a service: an audit reads whole tables.
        let pool = PgPoolOptions::new().max_connections(4).connect(&url).await?;
        pool::migrate(&pool).await?;
        Ok(Database { name, pool, events: Cell::new(0) })
    }

    pub async fn discard(&self, database: Database) -> Result<()> {
        database.pool.close().await;
        self.rabbitmq.delete_vhost(&database.name)?;
        self.postgres.drop_database(&database.name)
    }

    /// The servers, as parts to sample.
    pub fn watched(&self) -> Result<Vec<Watched>> {
        let postgres = self.postgres.pid().context("Postgres runs")?;
        let rabbitmq = self.rabbitmq.pid().context("RabbitMQ runs")?;
        Ok(vec![
            Watched { name: "postgres", pid: postgres, with_children: true },
            Watched { name: "rabbitmq", pid: rabbitmq, with_children: true },
        ])
    }

    /// The machine and the servers, for reports.
    pub async fn about(&self) -> Result<About> {
        let pool = PgPoolOptions::new().connect(&self.postgres.url("postgres")).await?;
        let postgres: String = sqlx::query_scalar(
            "SELECT format('%s, fsync %s, synchronous_commit %s, shared_buffers %s',
                           current_setting('server_version'), current_setting('fsync'),
                           current_setting('synchronous_commit'),
                           current_setting('shared_buffers'))",
        )
        .fetch_one(&pool)
        .await?;
        pool.close().await;
        let rabbitmq = std::fs::read_to_string(self.rabbitmq.log()).unwrap_or_default();
        let starting = rabbitmq.lines().find_map(|line| line.split_once("Starting RabbitMQ "));
        let version = starting.and_then(|(_, rest)| rest.split_ascii_whitespace().next());
        Ok(About::look(postgres, version.unwrap_or("unknown").to_owned()))
    }
}

impl Database {
    /// Creates an event, and updates Postgres's statistics.
    pub async fn plant(&self, venue: Venue) -> Result<Event> {
        Ok(self.plant_many(venue, 1).await?[0])
    }

    /// Creates many events of the same shape.
    pub async fn plant_many(&self, venue: Venue, count: u64) -> Result<Vec<Event>> {
        let mut events = Vec::new();
        let mut transaction = self.pool.begin().await?;
        for _ in 0..count {
            self.events.set(self.events.get() + 1);
            let (plan, event) = venue.plan(EventId(self.events.get()));
            ensure!(seed::plant(&mut transaction, &plan).await?, "the event exists");
            events.push(event);
        }
        transaction.commit().await?;
        self.vacuum().await?;
        Ok(events)
    }

    /// Creates reservations of event 1 that ended long ago.
    pub async fn grow_old(&self, count: u64) -> Result<()> {
        sqlx::query(
            "WITH old AS (
                 INSERT INTO reservations (event_id, id, revision, status, fingerprint, created_at,
                                           updated_at, currency, customer, reason)
                 SELECT 1, gen_random_uuid(), 1, 'rejected', n, now() - interval '1 day',
                        now() - interval '1 day', 'EUR', 'buyer-' || n || '@load.test',
                        'tickets_unavailable'
                 FROM generate_series(1::bigint, $1) AS n RETURNING *
             )
             INSERT INTO reservation_history (at, reservation_id, event_id, revision, became, cause,
                                              reason, tickets)
             SELECT updated_at, id, event_id, revision, status, 'requests', reason, tickets
             FROM old",
        )
        .bind(i64::try_from(count)?)
        .execute(&self.pool)
        .await?;
        self.vacuum().await
    }

    /// Vacuums and analyses all tables. Then statements are planned for full tables, and no
    /// autovacuum because of the new rows disturbs the run.
    pub async fn vacuum(&self) -> Result<()> {
        sqlx::raw_sql("VACUUM (ANALYZE)").execute(&self.pool).await?;
        sqlx::raw_sql("CHECKPOINT").execute(&self.pool).await?;
        Ok(())
    }

    /// Every invariant of a scope that is violated.
    pub async fn violations(&self, scope: audit::Scope<'_>) -> Result<Vec<audit::Finding>> {
        Ok(audit::violations(&mut *self.pool.acquire().await?, scope).await?)
    }

    /// How many reservations of these events are in one of these states.
    pub async fn reservations(&self, events: &[EventId], states: &[&str]) -> Result<u64> {
        let events: Vec<i32> = events.iter().map(|event| event.0).collect();
        let count: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM reservations
             WHERE event_id = ANY ($1) AND status::text = ANY ($2)",
        )
        .bind(&events)
        .bind(states)
        .fetch_one(&self.pool)
        .await?;
        Ok(count.unsigned_abs())
    }
}
