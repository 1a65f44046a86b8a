//! One whole Boxoffice with two of everything, and a network that can be broken anywhere.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use booking::domain::EventId;
use broker::topology::DEAD_LETTERS;
use serde_json::Value;
use store::seed::EventPlan;
use tokio::time::{Instant, sleep};

use super::count::Count;
use super::dice::Dice;
use super::fleet::{Links, Member, Role};
use super::proxy::Proxy;
use super::servers::Servers;
use crate::stack::shared;
use crate::{Buyer, Database, PATIENCE, Vhost, plans};

/// Rows of ten seats in each of the two sections of an event.
const ROWS: usize = 40;
/// Seats of an event.
pub(super) const SEATS: u64 = 2 * ROWS as u64 * 10;

const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// Everything in one place.
pub struct World {
    /// The servers, where they are its own.
    pub servers: Option<Servers>,
    /// The database, not through a proxy.
    pub database: Database,
    /// The virtual host, not through a proxy.
    pub vhost: Vhost,
    /// Two processes of each role.
    pub members: Vec<Member>,
    /// What happened so far.
    pub count: Count,
    client: reqwest::Client,
}

impl World {
    /// Starts everything on servers of its own, and waits until it is ready.
    pub async fn start() -> Result<Self> {
        Self::on_own(Servers::alone().await?).await
    }

    /// The same on three nodes of RabbitMQ, and a Postgres with a standby.
    pub async fn start_replicated() -> Result<Self> {
        Self::on_own(Servers::replicated().await?).await
    }

    async fn on_own(servers: Servers) -> Result<Self> {
        let (database, vhost) = servers.places().await?;
        Self::on(database, vhost, Some(servers), &[]).await
    }

    /// Starts the processes on the servers that all tests share, with these settings too.
    pub async fn on_shared(extra: &[(&str, &str)]) -> Result<Self> {
        let (database, vhost) = shared().await?;
        Self::on(database, vhost, None, extra).await
    }

    async fn on(
        database: Database,
        vhost: Vhost,
        servers: Option<Servers>,
        extra: &[(&str, &str)],
    ) -> Result<Self> {
        let mut members = Vec::new();
        for (number, role) in [Role::ALL, Role::ALL].concat().into_iter().enumerate() {
            let links = match &servers {
                Some(servers) => servers.link(number).await?,
                None => Links {
                    postgres: Proxy::open(port(&database.url)?).await?,
                    rabbitmq: Proxy::open(port(&vhost.url)?).await?,
                },
            };
            let mut settings = settings(&database, &vhost, &links);
            settings.extend(extra.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())));
            members.push(Member::start(role, links, settings).await?);
        }
        let client = reqwest::Client::builder().timeout(Duration::from_secs(2)).build()?;
        let world = Self { servers, database, vhost, members, count: Count::default(), client };
        world.ready().await?;
        Ok(world)
    }

    /// Waits until every process is ready.
    pub async fn ready(&self) -> Result<()> {
        let deadline = Instant::now() + 2 * PATIENCE;
        for member in &self.members {
            while !member.is_ready(&self.client).await {
                let (role, address) = (member.role, &member.address);
                ensure!(Instant::now() < deadline, "{role:?} at {address} does not get ready");
                sleep(LOOK_AGAIN).await;
            }
        }
        Ok(())
    }

    /// Puts two events on sale, with short holds and a limit for each customer.
    pub async fn plant(&self, round: u64) -> Result<Vec<i32>> {
        let first = round as i32 * 2 + 1;
        let events = vec![first, first + 1];
        for id in &events {
            self.database.plant(&event(*id)).await?;
        }
        Ok(events)
    }

    /// Clients of the front doors.
    pub fn doors(&self) -> Result<Vec<Buyer>> {
        let doors = self.members.iter().filter(|one| one.role == Role::Api);
        doors.map(|door| Buyer::new(&door.address)).collect()
    }

    /// One of the networks of a process.
    pub fn link<'a>(&self, member: &'a Member, dice: &mut Dice) -> &'a Proxy {
        if dice.percent(50) { &member.links.postgres } else { &member.links.rabbitmq }
    }

    /// Messages that nobody could read, or that were delivered too often.
    pub async fn dead_letters(&self) -> Result<u32> {
        self.vhost.waiting(DEAD_LETTERS).await
    }

    /// The durable queues in which something is left, ready or in the hands of a worker. Given up messages
    /// are counted elsewhere.
    pub(super) async fn left_in_queues(&self) -> Result<Vec<String>> {
        let queues = self.vhost.list("queues").await?;
        Ok(queues.iter().filter_map(left_in).collect())
    }

    /// Writes what every process has logged to files, and says where, for whoever has to find out what
    /// went wrong.
    #[expect(clippy::print_stderr, reason = "the last word of a run that failed")]
    pub async fn keep_logs(&self) -> Result<()> {
        let dir = testbed::checkout::target().join("test").join("faults");
        std::fs::create_dir_all(&dir)?;
        for member in &self.members {
            let file = dir.join(format!("{:?}-{}.log", member.role, member.links.postgres.port()));
            std::fs::write(&file, member.log().await.join("\n"))?;
            eprintln!("{:?} at {}: {}", member.role, member.address, file.display());
        }
        Ok(())
    }

    /// Stops every process; how many did not end in good order.
    pub async fn stop(self: Arc<Self>) -> Result<usize> {
        let mut badly = 0;
        for member in &self.members {
            badly += usize::from(!member.stop().await?);
        }
        Ok(badly)
    }
}

/// What is left in a queue, as the management API tells; what it does not tell may be anything.
fn left_in(queue: &Value) -> Option<String> {
    let name = queue["name"].as_str().unwrap_or_default();
    let (ready, unacked) = (&queue["messages_ready"], &queue["messages_unacknowledged"]);
    let is_work = queue["durable"] == true && name != DEAD_LETTERS;
    (is_work && (ready != 0 || unacked != 0))
        .then(|| format!("{name} is left with {ready} ready and {unacked} unacked"))
}

fn event(id: i32) -> EventPlan {
    let mut event = plans::seated(ROWS);
    event.id = EventId(id);
    event.name = format!("Event {id}");
    event.hold_seconds = 8;
    event.paying_seconds = 4;
    event.tickets_per_customer = Some(6);
    event.sections.push(plans::section("Balcony", ROWS));
    event
}

/// The port of a server's URL.
fn port(url: &str) -> Result<u16> {
    let (_, after) = url.split_once("127.0.0.1:").context("a server on 127.0.0.1")?;
    Ok(after.split('/').next().unwrap_or_default().parse()?)
}

fn settings(database: &Database, vhost: &Vhost, links: &Links) -> Vec<(String, String)> {
    let through = |url: &str, port: u16| {
        let (before, after) = url.split_once("127.0.0.1:").expect("its port was read");
        let path = after.split_once('/').map_or("", |(_port, path)| path);
        format!("{before}127.0.0.1:{port}/{path}")
    };
    let settings = [
        ("DATABASE__URL", through(&database.url, links.postgres.port())),
        ("DATABASE__CONNECTIONS_MAX", "8".to_owned()),
        ("DATABASE__STATEMENT_TIMEOUT_MS", "4000".to_owned()),
        ("BROKER__URL", through(&vhost.url, links.rabbitmq.port())),
        ("BROKER__HEARTBEAT_SECONDS", "4".to_owned()),
        ("BROKER__PUBLISH_TIMEOUT_MS", "3000".to_owned()),
        ("TOPOLOGY__REQUEST_PARTITIONS", "4".to_owned()),
        ("TOPOLOGY__PAYMENT_PARTITIONS", "2".to_owned()),
        ("TOPOLOGY__DELAYS_MS", "100,500,1000,2000,8000".to_owned()),
        ("API__LISTEN", "127.0.0.1:0".to_owned()),
        ("API__ADMIN_LISTEN", "127.0.0.1:0".to_owned()),
        ("WORKERS__ADMIN_LISTEN", "127.0.0.1:0".to_owned()),
        ("WORKERS__GATEWAY_TIMEOUT_MS", "1500".to_owned()),
        ("WORKERS__OVERDUE_SWEEP_INTERVAL_MS", "3000".to_owned()),
        ("WORKERS__OVERDUE_SWEEP_AFTER_MS", "1000".to_owned()),
        ("LOG__FORMAT", "json".to_owned()),
        ("LOG__FILTER", "info".to_owned()),
    ];
    settings.map(|(name, value)| (format!("BOXOFFICE__{name}"), value)).to_vec()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_queue_is_empty_only_where_the_broker_says_so() {
        let mut queue = json!({"name": "requests.00", "durable": true});
        assert!(left_in(&queue).is_some(), "nothing is known");
        queue["messages_ready"] = json!(0);
        queue["messages_unacknowledged"] = json!(1);
        assert!(left_in(&queue).is_some_and(|left| left.contains("0 ready and 1 unacked")));
        queue["messages_unacknowledged"] = json!(0);
        assert_eq!(left_in(&queue), None);
    }
}
