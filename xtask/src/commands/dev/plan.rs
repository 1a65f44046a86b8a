//! The processes to run, with their settings and ports.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Result, bail};
use testbed::checkout;
use testbed::servers::Servers;

use super::supervisor::Service;
use crate::commands::page::Page;
use crate::commands::say::has_colours;

const POOLS: [&str; 3] = ["reservations", "payments", "expiry"];

/// Ports and programs. They are chosen before the build, so that a taken port is reported at once.
pub(super) struct Plan {
    programs: PathBuf,
    public: u16,
    api_admin: u16,
    pool_admins: [u16; POOLS.len()],
}

impl Plan {
    /// A requested port must be free; the other ports are the usual ones, or the next free ones.
    pub(super) fn new(release: bool, port: Option<u16>) -> Result<Self> {
        let mut ports = Ports::default();
        let public = match port {
            Some(port) if ports.take(port) => port,
            Some(port) => {
                bail!("port {port} is taken: stop what uses it, or choose another with --port")
            }
            None => ports.take_from(8080)?,
        };
        let api_admin = ports.take_from(9080)?;
        let mut pool_admins = [0; POOLS.len()];
        for port in &mut pool_admins {
            *port = ports.take_from(9081)?;
        }
        let profile = if release { "release" } else { "quick" };
        Ok(Self { programs: checkout::target().join(profile), public, api_admin, pool_admins })
    }

    /// The URL for buyers.
    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.public)
    }

    /// The URLs that must answer 200 before the system is ready, by process name.
    pub(super) fn ready_urls(&self) -> Vec<(&'static str, String)> {
        let pools = POOLS.iter().zip(self.pool_admins);
        std::iter::once(("api", format!("{}/readyz", self.url())))
            .chain(pools.map(|(pool, port)| (*pool, format!("http://127.0.0.1:{port}/readyz"))))
            .collect()
    }

    /// The services, in the order in which they are stopped.
    pub(super) fn services(&self, servers: &Servers) -> Vec<Service> {
        let api = Service { name: "api", command: self.command("api", &[], servers) };
        let pools = POOLS.iter().zip(self.pool_admins).map(|(pool, port)| {
            let mut command = self.command("workers", &[pool], servers);
            command.env("BOXOFFICE__WORKERS__ADMIN_LISTEN", local(port));
            Service { name: pool, command }
        });
        std::iter::once(api).chain(pools).collect()
    }

    /// One of our programs, with the settings that all of them share.
    pub(super) fn command(&self, program: &str, arguments: &[&str], servers: &Servers) -> Command {
        let root = checkout::root();
        let mut command = Command::new(self.programs.join(program));
        command.args(arguments).current_dir(&root).stdin(Stdio::null());
        command
            .env("BOXOFFICE__DATABASE__URL", &servers.database_url)
            .env("BOXOFFICE__BROKER__URL", &servers.amqp_url)
            .env("BOXOFFICE__API__LISTEN", local(self.public))
            .env("BOXOFFICE__API__ADMIN_LISTEN", local(self.api_admin))
            .env("BOXOFFICE__LOG__FORMAT", "pretty");
        if let Some(page) = Page::find(&root) {
            command.env("BOXOFFICE__API__WEB_DIR", page.dist());
        }
        if !has_colours() {
            command.env("NO_COLOR", "1");
        }
        command
    }
}

fn local(port: u16) -> String {
    format!("127.0.0.1:{port}")
}

/// Free ports; each is returned once.
#[derive(Default)]
struct Ports(BTreeSet<u16>);

impl Ports {
    fn take(&mut self, port: u16) -> bool {
        TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() && self.0.insert(port)
    }

    fn take_from(&mut self, first: u16) -> Result<u16> {
        let last = first.saturating_add(200);
        match (first..=last).find(|port| self.take(*port)) {
            Some(port) => Ok(port),
            None => bail!("no free port between {first} and {last}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_is_an_error_when_it_was_asked_for_and_else_passed_over() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        assert!(Plan::new(false, Some(port)).is_err());

        let mut ports = Ports::default();
        let next = ports.take_from(port).unwrap();
        assert!(next > port);
        assert!(!ports.take(next));
    }

    #[test]
    fn every_process_has_a_port_of_its_own() {
        let plan = Plan::new(false, None).unwrap();
        let urls: BTreeSet<String> = plan.ready_urls().into_iter().map(|(_, url)| url).collect();
        assert_eq!(urls.len(), 1 + POOLS.len());
        assert!(!plan.pool_admins.contains(&plan.api_admin));
    }
}
