//! Boxoffice, or the baseline, running on a database of its own.

use std::net::SocketAddr;

use anyhow::Result;
use serde::Serialize;

use super::event::Venue;
use super::ground::{Database, Ground};
use super::served::Served;
use super::service::{Service, ready};
use crate::machine::Watched;

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Target {
    /// With queues and workers.
    Boxoffice,
    /// The same schema, with one transaction in each HTTP request.
    Baseline,
}

impl Target {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Boxoffice => "boxoffice",
            Self::Baseline => "baseline",
        }
    }
}

/// How to start a system.
#[derive(Debug, Clone, Default)]
pub struct SystemOptions {
    /// Settings that differ from the defaults, such as `workers.prefetch=32`.
    pub settings: Vec<(String, String)>,
    /// The pool of each worker process.
    pub workers: Vec<String>,
    /// Whether [`System::start_workers`] starts the workers later.
    pub workers_later: bool,
}

/// A running system.
pub struct System<'a> {
    pub database: Database,
    /// Address for buyers.
    pub address: SocketAddr,
    pub target: Target,
    ground: &'a Ground,
    services: Vec<(&'static str, Service)>,
    workers: Vec<SocketAddr>,
    options: SystemOptions,
}

impl<'a> System<'a> {
    /// Starts it on a new database and a new virtual host. Event 1 is there for the warm-up.
    pub async fn start(ground: &'a Ground, target: Target, options: SystemOptions) -> Result<Self> {
        let database = ground.database(target.name()).await?;
        database.plant(Venue::of(4_000, 64, true)).await?;
        let environment = environment(ground, &database, &options);
        let (program, name) = match target {
            Target::Boxoffice => ("api", "api"),
            Target::Baseline => ("baseline", "baseline"),
        };
        let log = ground.dir().join(format!("{}-{program}.log", database.name));
        let front = Service::start(program, &[], &environment, log)?;
        let address = front.address("public")?;
        let services = vec![(name, front)];
        let workers = Vec::new();
        let mut system = Self { database, address, target, ground, services, workers, options };
        if target == Target::Boxoffice && !system.options.workers_later {
            system.start_workers().await?;
        }
        ready(address).await?;
        Ok(system)
    }

    /// Starts the workers, and waits until they consume.
    pub async fn start_workers(&mut self) -> Result<()> {
        let environment = environment(self.ground, &self.database, &self.options);
        let mut started = Vec::new();
        for (number, pool) in self.options.workers.iter().enumerate() {
            let name = format!("{}-workers-{number}-{pool}.log", self.database.name);
            let log = self.ground.dir().join(name);
            started.push(Service::start("workers", &[pool], &environment, log)?);
        }
        for service in started {
            let address = service.address("admin")?;
            ready(address).await?;
            self.workers.push(address);
            self.services.push(("workers", service));
        }
        Ok(())
    }

    /// Its processes, the servers' and the kit's own, as parts to sample.
    pub fn watched(&self) -> Result<Vec<Watched>> {
        let of = |(name, service): &(&'static str, Service)| Watched {
            name,
            pid: service.pid(),
            with_children: false,
        };
        let mut parts: Vec<Watched> = self.services.iter().map(of).collect();
        parts.extend(self.ground.watched()?);
        // Without children: all the other processes are children of the kit.
        parts.push(Watched { name: "kit", pid: std::process::id(), with_children: false });
        Ok(parts)
    }

    /// What its workers have done so far.
    pub async fn served(&self) -> Result<Served> {
        Served::of(&self.workers).await
    }

    /// An error if one of its processes has ended.
    pub fn check(&mut self) -> Result<()> {
        self.services.iter_mut().try_for_each(|(_, service)| service.check())
    }

    /// Stops it and removes its database.
    pub async fn stop(self) -> Result<()> {
        // On another thread: a connection shared by HTTP/2 needs this one to end.
        let stop = || self.services.into_iter().try_for_each(|(_, service)| service.stop());
        tokio::task::spawn_blocking(stop).await??;
        self.ground.discard(self.database).await
    }
}

fn environment(
    ground: &Ground,
    database: &Database,
    options: &SystemOptions,
) -> Vec<(String, String)> {
    let local = || "127.0.0.1:0".to_owned();
    let mut settings = vec![
        ("database.url".to_owned(), ground.postgres.url(&database.name)),
        ("broker.url".to_owned(), ground.rabbitmq.amqp_url(&database.name)),
        ("api.listen".to_owned(), local()),
        ("api.admin_listen".to_owned(), local()),
        ("workers.admin_listen".to_owned(), local()),
        // All the load comes from one address, and its customers send many requests.
        ("limits.address_per_minute".to_owned(), "0".to_owned()),
        ("limits.customer_per_minute".to_owned(), "0".to_owned()),
        ("log.format".to_owned(), "json".to_owned()),
        ("secret".to_owned(), "a secret for load".to_owned()),
    ];
    settings.extend(options.settings.iter().cloned());
    let variable = |name: &str| format!("BOXOFFICE__{}", name.replace('.', "__").to_uppercase());
    settings.into_iter().map(|(name, value)| (variable(&name), value)).collect()
}
