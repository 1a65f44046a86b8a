//! One whole Boxoffice for one test.

use anyhow::{Context, Result};
use broker::Publisher;
use broker::topology::{DEAD_LETTERS, HOLDS_DUE, Topology};
use process::settings;
use store::seed::EventPlan;
use testbed::servers::{self, Servers};
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;

use crate::{Buyer, Database, PATIENCE, Ran, Service, Vhost, eventually};

static SHARED: OnceCell<Servers> = OnceCell::const_new();

/// What a test wants.
#[derive(Debug, Clone)]
pub struct Options {
    /// The events.
    pub events: Vec<EventPlan>,
    /// Settings of all processes, beyond those of every test.
    pub settings: Vec<(&'static str, String)>,
    /// The worker processes: the arguments of each.
    pub workers: Vec<&'static str>,
    /// Whether there is a front door.
    pub api: bool,
    /// Partitions of the requests: fewer than by default, because each costs the broker.
    pub partitions: u16,
    /// Messages that may be left in the dead letters.
    pub dead_letters: u32,
}

impl Options {
    /// One event, one front door, one worker process with all pools.
    pub fn of(event: EventPlan) -> Self {
        Self {
            events: vec![event],
            settings: Vec::new(),
            workers: vec!["all"],
            api: true,
            partitions: 4,
            dead_letters: 0,
        }
    }

    /// With this setting too, such as `workers__overdue_sweep_interval_ms`.
    #[must_use]
    pub fn set(mut self, name: &'static str, value: impl std::fmt::Display) -> Self {
        self.settings.push((name, format!("{value}")));
        self
    }

    /// The topology of its processes.
    pub fn topology(&self) -> settings::Topology {
        topology_settings(self)
    }

    /// With these worker processes instead.
    #[must_use]
    pub fn workers(mut self, workers: &[&'static str]) -> Self {
        self.workers = workers.to_vec();
        self
    }
}

/// One Boxoffice: a database, a virtual host, and processes.
pub struct Stack {
    /// Its database.
    pub database: Database,
    /// Its virtual host.
    pub vhost: Vhost,
    /// Its front door, where it has one.
    pub api: Option<Service>,
    /// Its workers.
    pub workers: Vec<Service>,
    /// A client of its front door.
    pub buyer: Buyer,
    /// For messages that the test sends itself.
    pub publisher: Publisher,
    options: Options,
    environment: Vec<(String, String)>,
}

impl Stack {
    /// Starts one on the servers that all tests share.
    pub async fn start(options: Options) -> Result<Self> {
        let (database, vhost) = shared().await?;
        Self::on(database, vhost, options).await
    }

    /// Starts one on this database and this virtual host.
    pub async fn on(database: Database, vhost: Vhost, options: Options) -> Result<Self> {
        for event in &options.events {
            database.plant(event).await?;
        }
        let environment = environment(&database.url, &vhost.url, &options);
        let topology = Topology::new(&topology_settings(&options));
        let stop = CancellationToken::new();
        let publisher = Publisher::start(&vhost.settings(), &topology, "a test", stop);
        let buyer = Buyer::new("127.0.0.1:1")?;
        let workers = Vec::new();
        let mut stack =
            Self { database, vhost, api: None, workers, buyer, publisher, options, environment };
        for pool in stack.options.workers.clone() {
            stack.add_worker(pool, &[])?;
        }
        if stack.options.api {
            stack.start_api().await?;
        }
        for worker in &stack.workers {
            ready(&address(worker, "admin").await?).await;
        }
        let publisher = stack.publisher.clone();
        eventually("the test's own publisher", || async { publisher.is_ready() }).await;
        Ok(stack)
    }

    /// Starts the front door, and waits until it is ready.
    pub async fn start_api(&mut self) -> Result<()> {
        let api = Service::start("api", &[], &self.environment)?;
        let address = address(&api, "public").await?;
        self.buyer = Buyer::new(&address)?;
        self.api = Some(api);
        ready(&address).await;
        Ok(())
    }

    /// Stops the front door and starts another one at the same address.
    pub async fn restart_api(&mut self) -> Result<()> {
        if let Some(api) = self.api.take() {
            let listen = address(&api, "public").await?;
            tokio::task::spawn_blocking(|| api.terminate()).await??;
            self.environment.push(("BOXOFFICE__API__LISTEN".to_owned(), listen));
        }
        self.start_api().await
    }

    /// Starts a worker process more, with settings of its own.
    pub fn add_worker(&mut self, pool: &'static str, settings: &[(&str, &str)]) -> Result<()> {
        self.workers.push(self.begin(&[pool], settings)?);
        Ok(())
    }

    /// Runs a command of operators to its end, with settings of its own.
    pub async fn operate(&self, arguments: &[&str], settings: &[(&str, &str)]) -> Result<Ran> {
        Ran::run("workers", arguments, &self.with(settings)).await
    }

    /// Starts a command of operators, to be stopped on its way.
    pub fn begin(&self, arguments: &[&str], settings: &[(&str, &str)]) -> Result<Service> {
        Service::start("workers", arguments, &self.with(settings))
    }

    fn with(&self, settings: &[(&str, &str)]) -> Vec<(String, String)> {
        let more = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        self.environment.iter().cloned().chain(more).collect()
    }

    /// Stops a worker process as an orchestrator does; it has to end in good order.
    pub async fn stop_worker(&mut self, number: usize) -> Result<()> {
        let worker = self.workers.remove(number);
        let status = tokio::task::spawn_blocking(|| worker.terminate()).await??;
        anyhow::ensure!(status.success(), "a worker ended with {status} after SIGTERM");
        Ok(())
    }

    /// Waits until a worker process is ready.
    pub async fn worker_ready(&self, number: usize) -> Result<()> {
        ready(&address(&self.workers[number], "admin").await?).await;
        Ok(())
    }

    /// Kills a worker process.
    pub fn kill_worker(&mut self, number: usize) -> Result<()> {
        self.workers.remove(number).kill()
    }

    /// The topology of its processes.
    pub fn topology_settings(&self) -> settings::Topology {
        topology_settings(&self.options)
    }

    /// Waits until nothing waits in any queue, stops everything, and proves the invariants.
    pub async fn finish(mut self) -> Result<()> {
        self.drained().await?;
        let dead = self.vhost.waiting(DEAD_LETTERS).await?;
        anyhow::ensure!(dead == self.options.dead_letters, "{dead} dead letters");
        for service in self.api.take().into_iter().chain(std::mem::take(&mut self.workers)) {
            let status = tokio::task::spawn_blocking(|| service.terminate()).await??;
            anyhow::ensure!(status.success(), "a process ended with {status} after SIGTERM");
        }
        self.database.audit().await?;
        // Holds still come due, with nobody there to take them.
        let taken = work_queues(self.options.partitions).into_iter().filter(|q| q != HOLDS_DUE);
        for queue in taken {
            let waiting = self.vhost.waiting(&queue).await?;
            anyhow::ensure!(waiting == 0, "{waiting} messages came back to {queue}");
        }
        self.vhost.drop().await?;
        self.database.drop().await
    }

    /// Waits until nothing waits in any queue of requests, payments or due holds.
    pub async fn drained(&self) -> Result<()> {
        for queue in work_queues(self.options.partitions) {
            let empty = || async { self.vhost.waiting(&queue).await.is_ok_and(|n| n == 0) };
            eventually("an empty queue", empty).await;
        }
        Ok(())
    }
}

/// A database and a virtual host on the servers that all tests share.
pub(crate) async fn shared() -> Result<(Database, Vhost)> {
    let start = || async { tokio::task::spawn_blocking(servers::for_tests).await? };
    let shared = SHARED.get_or_try_init(start).await?;
    let management = shared.management_url.as_deref().context("a broker with management")?;
    let database = Database::create(&shared.database_url, true).await?;
    Ok((database, Vhost::create(&shared.amqp_url, management).await?))
}

const PAYMENT_PARTITIONS: u16 = 2;
const DELAYS_MS: [u32; 5] = [100, 500, 1_000, 2_000, 60_000];

fn topology_settings(options: &Options) -> settings::Topology {
    settings::Topology {
        request_partitions: options.partitions,
        payment_partitions: PAYMENT_PARTITIONS,
        delays_ms: DELAYS_MS.to_vec(),
        ..settings::Topology::default()
    }
}

fn work_queues(partitions: u16) -> Vec<String> {
    let mut queues: Vec<String> = (0..partitions).map(Topology::request_queue).collect();
    queues.extend((0..PAYMENT_PARTITIONS).map(Topology::payment_queue));
    queues.push(HOLDS_DUE.to_owned());
    queues
}

fn environment(database: &str, broker: &str, options: &Options) -> Vec<(String, String)> {
    let mut settings = vec![
        ("database__url", database.to_owned()),
        ("database__connections_max", "8".to_owned()),
        ("broker__url", broker.to_owned()),
        ("topology__request_partitions", options.partitions.to_string()),
        ("topology__payment_partitions", PAYMENT_PARTITIONS.to_string()),
        ("topology__delays_ms", DELAYS_MS.map(|ms| ms.to_string()).join(",")),
        ("api__listen", "127.0.0.1:0".to_owned()),
        ("api__admin_listen", "127.0.0.1:0".to_owned()),
        ("workers__admin_listen", "127.0.0.1:0".to_owned()),
        // All clients of a test have one address, and customers in it book as fast as they can.
        ("limits__address_per_minute", "0".to_owned()),
        ("limits__customer_per_minute", "0".to_owned()),
        ("log__format", "json".to_owned()),
        ("log__filter", "info".to_owned()),
    ];
    settings.extend(options.settings.iter().cloned());
    let name = |name: &str| format!("BOXOFFICE__{}", name.to_uppercase());
    settings.into_iter().map(|(key, value)| (name(key), value)).collect()
}

pub(crate) async fn address(service: &Service, which: &str) -> Result<String> {
    let line = service.message("listening").await?;
    line[which].as_str().map(str::to_owned).with_context(|| format!("no {which} in {line}"))
}

async fn ready(address: &str) {
    let client = reqwest::Client::builder().timeout(PATIENCE).build().expect("plain options");
    let url = format!("http://{address}/readyz");
    let is_ready =
        || async { client.get(&url).send().await.is_ok_and(|answer| answer.status().is_success()) };
    eventually("a ready process", is_ready).await;
}
