//! The servers of a run, and their faults.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use testbed::servers::postgres::{Options, Postgres, Stop};
use testbed::servers::rabbitmq::{Cluster, RabbitMq};
use tokio::sync::Mutex;
use tokio::time::sleep;

use super::fault::Kind;
use super::fleet::Links;
use super::proxy::Proxy;
use crate::{Database, Own, Vhost};

/// The servers, and a network to them that never fails, for the harness itself.
pub struct Servers {
    set: Set,
    /// The harness's own network.
    pub links: Links,
    /// At most one fault of Postgres at a time, and one of RabbitMQ.
    postgres: Mutex<()>,
    rabbitmq: Mutex<()>,
}

/// How long queues may be without a leader after a restart.
const TO_FIND_LEADERS: Duration = Duration::from_secs(20);

enum Set {
    Alone(Arc<Own>),
    Cluster(Arc<Replicated>),
}

/// Three nodes of RabbitMQ, and a Postgres with a standby.
struct Replicated {
    rabbitmq: Cluster,
    pair: std::sync::Mutex<Pair>,
    dir: PathBuf,
}

struct Pair {
    primary: Postgres,
    standby: Postgres,
    promotions: u32,
}

impl Servers {
    /// Starts one server of each kind.
    pub async fn alone() -> Result<Self> {
        let own = Own::start().await?;
        let postgres = own.postgres.port();
        let rabbitmq = own.rabbitmq.amqp_port();
        Self::with(Set::Alone(Arc::new(own)), postgres, rabbitmq).await
    }

    /// Starts three nodes of RabbitMQ, and a Postgres with a synchronous standby.
    pub async fn replicated() -> Result<Self> {
        let name = format!("own-{}", uuid::Uuid::new_v4());
        let dir = testbed::checkout::target().join("test").join(name);
        let replicated = blocking(move || {
            let primary = Postgres::start(&dir.join("postgres-0"), Options::test())?;
            let standby = primary.start_standby(&dir.join("postgres-1"))?;
            let pair = std::sync::Mutex::new(Pair { primary, standby, promotions: 1 });
            Ok(Replicated { rabbitmq: Cluster::start(&dir.join("rabbitmq"), 3)?, pair, dir })
        })
        .await?;
        let postgres = replicated.primary_port();
        let rabbitmq = replicated.node(0).amqp_port();
        Self::with(Set::Cluster(Arc::new(replicated)), postgres, rabbitmq).await
    }

    async fn with(set: Set, postgres: u16, rabbitmq: u16) -> Result<Self> {
        let links = Links {
            postgres: Proxy::open(postgres).await?,
            rabbitmq: Proxy::open(rabbitmq).await?,
        };
        Ok(Self { set, links, postgres: Mutex::default(), rabbitmq: Mutex::default() })
    }

    /// A network for one process. `number` selects the node of RabbitMQ.
    pub async fn link(&self, number: usize) -> Result<Links> {
        let (postgres, rabbitmq) = match &self.set {
            Set::Alone(own) => (own.postgres.port(), own.rabbitmq.amqp_port()),
            Set::Cluster(all) => (all.primary_port(), all.node(number).amqp_port()),
        };
        let postgres = Proxy::open(postgres).await?;
        let rabbitmq = Proxy::open(rabbitmq).await?;
        Ok(Links { postgres, rabbitmq })
    }

    /// A database and a virtual host, both reached through the harness's own network.
    pub async fn database_and_vhost(&self) -> Result<(Database, Vhost)> {
        let base = match &self.set {
            Set::Alone(own) => own.rabbitmq.management_url(),
            Set::Cluster(all) => all.node(0).management_url(),
        };
        let server =
            format!("postgres://boxoffice@127.0.0.1:{}/postgres", self.links.postgres.port());
        let broker = format!("amqp://guest:guest@127.0.0.1:{}/%2f", self.links.rabbitmq.port());
        Ok((Database::create(&server, false).await?, Vhost::create(&broker, &base).await?))
    }

    /// The faults that these servers can have.
    pub fn faults(&self) -> &'static [Kind] {
        match self.set {
            Set::Alone(_) => Kind::SERVERS,
            Set::Cluster(_) => Kind::REPLICATED_SERVERS,
        }
    }

    /// Inflicts a fault, for this long if it has a duration, and ends it. Afterwards `links` must
    /// lead to the right server. Returns how many queues the broker left without a leader.
    pub(super) async fn inflict(
        &self,
        kind: Kind,
        lasts: Duration,
        links: &[&Links],
    ) -> Result<u64> {
        match (&self.set, kind) {
            (Set::Alone(own), Kind::PostgresCrash | Kind::PostgresRestart) => {
                let _alone = self.postgres.lock().await;
                let server = Arc::clone(own);
                let own = Arc::clone(own);
                let how = if kind == Kind::PostgresCrash { Stop::Immediate } else { Stop::Fast };
                blocking(move || server.postgres.stop(how)).await?;
                sleep(lasts).await;
                blocking(move || own.postgres.start_again()).await.map(|()| 0)
            }
            (Set::Alone(own), Kind::RabbitCrash | Kind::RabbitRestart) => {
                let _alone = self.rabbitmq.lock().await;
                let own = Arc::clone(own);
                blocking(move || {
                    let rabbitmq = &own.rabbitmq;
                    if kind == Kind::RabbitCrash {
                        rabbitmq.kill()?;
                    } else {
                        rabbitmq.stop()?;
                    }
                    rabbitmq.start_again()?;
                    settle(rabbitmq)
                })
                .await
            }
            (Set::Alone(own), Kind::RabbitAlarm) => {
                let _alone = self.rabbitmq.lock().await;
                let server = Arc::clone(own);
                let own = Arc::clone(own);
                blocking(move || server.rabbitmq.control(&["set_vm_memory_high_watermark", "0"]))
                    .await?;
                sleep(lasts).await;
                let enough = ["set_vm_memory_high_watermark", "absolute", "2GiB"];
                blocking(move || own.rabbitmq.control(&enough)).await.map(|()| 0)
            }
            (Set::Cluster(all), Kind::LeaderKill) => {
                let _alone = self.rabbitmq.lock().await;
                self.kill_leader(all, lasts, links).await
            }
            (Set::Cluster(all), Kind::Promotion) => {
                let _alone = self.postgres.lock().await;
                self.promote(all, lasts, links).await.map(|()| 0)
            }
            (_, other) => anyhow::bail!("these servers do not have {other:?}"),
        }
    }

    async fn kill_leader(
        &self,
        all: &Arc<Replicated>,
        lasts: Duration,
        links: &[&Links],
    ) -> Result<u64> {
        let killer = Arc::clone(all);
        let killed = blocking(move || {
            let leader = killer.rabbitmq.leader()?;
            killer.node(leader).kill()?;
            Ok(leader)
        })
        .await?;
        for (number, link) in links.iter().chain([&&self.links]).enumerate() {
            let other = all.node(killed + 1 + number % 2);
            link.rabbitmq.point_at(other.amqp_port());
        }
        sleep(lasts).await;
        let starter = Arc::clone(all);
        blocking(move || {
            starter.node(killed).start_again()?;
            settle(starter.node(killed))
        })
        .await
    }

    async fn promote(
        &self,
        all: &Arc<Replicated>,
        lasts: Duration,
        links: &[&Links],
    ) -> Result<()> {
        let stopper = Arc::clone(all);
        blocking(move || stopper.pair().primary.stop(Stop::Immediate)).await?;
        sleep(lasts).await;
        let promoter = Arc::clone(all);
        let port = blocking(move || {
            promoter.pair().standby.promote()?;
            Ok(promoter.pair().standby.port())
        })
        .await?;
        for link in links.iter().chain([&&self.links]) {
            link.postgres.point_at(port);
        }
        let follower = Arc::clone(all);
        blocking(move || follower.follow_again()).await
    }
}

impl Replicated {
    fn node(&self, number: usize) -> &RabbitMq {
        &self.rabbitmq.nodes[number % self.rabbitmq.nodes.len()]
    }

    fn primary_port(&self) -> u16 {
        self.pair().primary.port()
    }

    fn pair(&self) -> std::sync::MutexGuard<'_, Pair> {
        self.pair.lock().expect("no holder panics")
    }

    /// Starts a new standby after the old one has become the primary.
    fn follow_again(&self) -> Result<()> {
        let mut pair = self.pair();
        pair.promotions += 1;
        let dir = self.dir.join(format!("postgres-{}", pair.promotions));
        let standby = pair.standby.start_standby(&dir).context("the next standby")?;
        let Pair { primary, standby: promoted, .. } = &mut *pair;
        *primary = std::mem::replace(promoted, standby);
        Ok(())
    }
}

/// Waits until every quorum queue has a leader. Restarts the node if a queue stays without one:
/// RabbitMQ 3.10.8 sometimes leaves it so for good. Returns the number of such queues.
pub fn settle(rabbitmq: &RabbitMq) -> Result<u64> {
    const RESTARTS_MAX: u64 = 3;
    let mut left = 0;
    for _ in 0..=RESTARTS_MAX {
        let deadline = Instant::now() + TO_FIND_LEADERS;
        let mut without = rabbitmq.queues_without_leader()?;
        while !without.is_empty() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(200));
            without = rabbitmq.queues_without_leader()?;
        }
        if without.is_empty() {
            return Ok(left);
        }
        left += without.len() as u64;
        rabbitmq.stop()?;
        rabbitmq.start_again()?;
    }
    anyhow::bail!("{left} times a queue was left without a leader, whatever was restarted")
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work).await?
}
