//! The processes under test, each with proxies of its own.

use std::time::Duration;

use anyhow::{Context, Result};
use testbed::process::Signal;
use testbed::servers::free_port;
use tokio::sync::Mutex;

use super::proxy::Proxy;
use crate::Service;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// A front door.
    Api,
    /// Decides requests.
    Reservations,
    /// Processes payments.
    Payments,
    /// Frees overdue holds.
    Expiry,
}

impl Role {
    pub const ALL: [Self; 4] = [Self::Api, Self::Reservations, Self::Payments, Self::Expiry];

    /// The fail points that a process of this role reaches.
    pub fn fail_points(self) -> &'static [&'static str] {
        match self {
            Self::Api => &[],
            Self::Reservations => {
                &["transaction.written", "reservations.committed", "reservations.told"]
            }
            Self::Payments => &[
                "transaction.written",
                "payments.begun",
                "payments.charged",
                "payments.finished",
                "payments.refunded",
            ],
            Self::Expiry => &["transaction.written", "expiry.committed", "expiry.told"],
        }
    }

    fn start(self, environment: &[(String, String)]) -> Result<Service> {
        match self {
            Self::Api => Service::start("api", &[], environment),
            Self::Reservations => Service::start("workers", &["reservations"], environment),
            Self::Payments => Service::start("workers", &["payments"], environment),
            Self::Expiry => Service::start("workers", &["expiry"], environment),
        }
    }
}

/// The networks between one process and the servers.
#[derive(Debug)]
pub struct Links {
    pub postgres: Proxy,
    pub rabbitmq: Proxy,
}

/// One process of the fleet. After a restart it has the same address.
pub struct Member {
    pub role: Role,
    /// They outlive the process.
    pub links: Links,
    /// The public address of a front door, or the admin address of a worker.
    pub address: String,
    place: Mutex<Place>,
}

struct Place {
    service: Option<Service>,
    environment: Vec<(String, String)>,
}

impl Member {
    /// Starts a process with these settings. The URLs of the servers lead through its own proxies.
    /// Its port is one that no client gets for a connection while the process is down.
    pub async fn start(role: Role, links: Links, settings: Vec<(String, String)>) -> Result<Self> {
        let address = format!("127.0.0.1:{}", free_port(u64::from(links.postgres.port()))?);
        let name = if role == Role::Api { "API__LISTEN" } else { "WORKERS__ADMIN_LISTEN" };
        let mut environment = settings;
        environment.push((format!("BOXOFFICE__{name}"), address.clone()));
        let service = role.start(&environment)?;
        service.message("listening").await?;
        let place = Mutex::new(Place { service: Some(service), environment });
        Ok(Self { role, links, address, place })
    }

    /// `kill -9`, and a restart after `pause`.
    pub async fn kill(&self, pause: Duration) -> Result<()> {
        let mut place = self.place.lock().await;
        if let Some(service) = place.service.take() {
            service.kill()?;
        }
        tokio::time::sleep(pause).await;
        place.start(self.role, &[])
    }

    /// SIGTERM, and a restart when it has ended. Returns how long that took, and whether it ended
    /// in order.
    pub async fn terminate(&self) -> Result<(Duration, bool)> {
        self.exchange(&[]).await
    }

    /// Like [`Self::terminate`], but restarts it with more settings.
    pub async fn exchange(&self, extra: &[(&str, &str)]) -> Result<(Duration, bool)> {
        let mut place = self.place.lock().await;
        let began = std::time::Instant::now();
        let mut ended = true;
        if let Some(service) = place.service.take() {
            ended = tokio::task::spawn_blocking(|| service.terminate()).await??.success();
        }
        let took = began.elapsed();
        place.start(self.role, extra)?;
        Ok((took, ended))
    }

    /// SIGSTOP, and SIGCONT after `pause`.
    pub async fn pause(&self, pause: Duration) -> Result<()> {
        let mut place = self.place.lock().await;
        place.signal(Signal::STOP)?;
        tokio::time::sleep(pause).await;
        place.signal(Signal::CONT)
    }

    /// Stops the process at a fail point, kills it there, and restarts it. Returns whether it
    /// reached the point within `patience`; if not, it is killed anyway.
    pub async fn kill_at(&self, point: &'static str, patience: Duration) -> Result<bool> {
        let mut place = self.place.lock().await;
        if let Some(service) = place.service.take() {
            service.kill()?;
        }
        place.start(self.role, &[("BOXOFFICE_FAILPOINT", point)])?;
        let service = place.service.take().context("it was started")?;
        let reached = service.message("failpoint reached");
        let reached = matches!(tokio::time::timeout(patience, reached).await, Ok(Ok(_)));
        service.kill()?;
        place.start(self.role, &[])?;
        Ok(reached)
    }

    /// Kills the process, and restarts it for a while with a clock that is wrong by this much.
    pub async fn skew(&self, offset_ms: i64, lasts: Duration) -> Result<()> {
        let mut place = self.place.lock().await;
        let offset = offset_ms.to_string();
        if let Some(service) = place.service.take() {
            service.kill()?;
        }
        place.start(self.role, &[("BOXOFFICE_CLOCK_OFFSET_MS", &offset)])?;
        tokio::time::sleep(lasts).await;
        if let Some(service) = place.service.take() {
            service.kill()?;
        }
        place.start(self.role, &[])
    }

    /// Whether it reports that it is ready.
    pub async fn is_ready(&self, client: &reqwest::Client) -> bool {
        let url = format!("http://{}/readyz", self.address);
        client.get(&url).send().await.is_ok_and(|answer| answer.status().is_success())
    }

    /// Stops it for good with SIGTERM. Returns whether it ended in order.
    pub async fn stop(&self) -> Result<bool> {
        let Some(service) = self.place.lock().await.service.take() else { return Ok(true) };
        Ok(tokio::task::spawn_blocking(|| service.terminate()).await??.success())
    }

    /// The log of the current process.
    pub async fn log(&self) -> Vec<String> {
        let place = self.place.lock().await;
        let lines = place.service.as_ref().map(Service::lines).unwrap_or_default();
        lines.iter().map(ToString::to_string).collect()
    }
}

impl Place {
    fn start(&mut self, role: Role, extra: &[(&str, &str)]) -> Result<()> {
        let mut environment = self.environment.clone();
        environment.extend(extra.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())));
        self.service = Some(role.start(&environment)?);
        Ok(())
    }

    fn signal(&mut self, signal: Signal) -> Result<()> {
        match self.service.as_mut() {
            Some(service) => service.signal(signal),
            None => Ok(()),
        }
    }
}
