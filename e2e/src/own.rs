//! Servers that only one test uses, so it may stop them.

use anyhow::Result;
use testbed::servers::Keep;
use testbed::servers::postgres::{Options as PgOptions, Postgres};
use testbed::servers::rabbitmq::RabbitMq;

use crate::{Database, Options, Stack, Vhost};

/// A Postgres and a RabbitMQ that nobody else uses. They stop when this is dropped.
pub struct Own {
    pub postgres: Postgres,
    pub rabbitmq: RabbitMq,
}

impl Own {
    pub async fn start() -> Result<Self> {
        let dir =
            testbed::checkout::target().join("test").join(format!("own-{}", uuid::Uuid::new_v4()));
        let start = move || {
            let postgres = Postgres::start(&dir.join("postgres"), PgOptions::test())?;
            let rabbitmq = RabbitMq::start(&dir.join("rabbitmq"), Keep::Data)?;
            anyhow::Ok(Self { postgres, rabbitmq })
        };
        tokio::task::spawn_blocking(start).await?
    }

    /// Creates an empty database with the schema.
    pub async fn database(&self) -> Result<Database> {
        Database::create(&self.postgres.url("postgres"), false).await
    }

    pub async fn vhost(&self) -> Result<Vhost> {
        Vhost::create(&self.rabbitmq.amqp_url("/"), &self.rabbitmq.management_url()).await
    }

    /// Takes a queue's leader away, as the broker sometimes does by itself when it restarts.
    pub fn stop_leader(&self, vhost: &str, queue: &str) -> Result<()> {
        self.at_leader("stop_server", vhost, queue)
    }

    /// Gives the queue its leader back.
    pub fn start_leader(&self, vhost: &str, queue: &str) -> Result<()> {
        self.at_leader("restart_server", vhost, queue)
    }

    fn at_leader(&self, call: &str, vhost: &str, queue: &str) -> Result<()> {
        let code = format!(
            "[ok] = [ra:{call}(quorum_queues, amqqueue:get_pid(Q))
                     || Q <- rabbit_amqqueue:list(<<\"{vhost}\">>),
                        element(4, amqqueue:get_name(Q)) =:= <<\"{queue}\">>]."
        );
        self.rabbitmq.control(&["eval", &code])
    }

    /// Starts a Boxoffice on these servers.
    pub async fn stack(&self, options: Options) -> Result<Stack> {
        Stack::on(self.database().await?, self.vhost().await?, options).await
    }
}
