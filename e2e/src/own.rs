//! Servers of one test's own, which it may stop.

use anyhow::Result;
use xtask::servers::Keep;
use xtask::servers::postgres::{Options as PgOptions, Postgres};
use xtask::servers::rabbitmq::RabbitMq;

use crate::{Database, Options, Stack, Vhost};

/// A Postgres and a RabbitMQ that nobody else uses. They end with this value.
pub struct Own {
    /// The database server.
    pub postgres: Postgres,
    /// The broker.
    pub rabbitmq: RabbitMq,
}

impl Own {
    /// Starts both.
    pub async fn start() -> Result<Self> {
        let dir =
            xtask::checkout::target().join("test").join(format!("own-{}", uuid::Uuid::new_v4()));
        let start = move || {
            let postgres = Postgres::start(&dir.join("postgres"), PgOptions::test())?;
            let rabbitmq = RabbitMq::start(&dir.join("rabbitmq"), Keep::Data)?;
            anyhow::Ok(Self { postgres, rabbitmq })
        };
        tokio::task::spawn_blocking(start).await?
    }

    /// A database with the schema and nothing in it.
    pub async fn database(&self) -> Result<Database> {
        Database::create(&self.postgres.url("postgres"), false).await
    }

    /// A virtual host.
    pub async fn vhost(&self) -> Result<Vhost> {
        Vhost::create(&self.rabbitmq.amqp_url("/"), &self.rabbitmq.management_url()).await
    }

    /// One Boxoffice on them.
    pub async fn stack(&self, options: Options) -> Result<Stack> {
        Stack::on(self.database().await?, self.vhost().await?, options).await
    }
}
