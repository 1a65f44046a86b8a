//! What every scenario has: the servers, and how it is to be played.

use std::rc::Rc;
use std::time::Duration;

use anyhow::Result;

use super::client::{Client, Mode};
use crate::http::Pool;
use crate::load::{Arrivals, Crowd, drive};
use crate::machine::open_files_max;
use crate::report::{Figure, Report, Run};
use crate::stage::{Event, Ground, System, SystemOptions, Target, Venue};

/// How scenarios are played, beyond what each has of its own.
#[derive(Debug, Clone)]
pub struct Options {
    /// How buyers learn of the decision.
    pub mode: Mode,
    /// Buyers share connections by HTTP/2, as behind a proxy.
    pub shares_connections: bool,
    /// Connections of the kit, at most; where they are shared, requests under way.
    pub connections_max: usize,
    /// Sections of an event.
    pub sections: u64,
    /// Seats with labels, or standing room.
    pub seated: bool,
    /// Tickets of one customer, at most.
    pub customer_limit: Option<i32>,
    /// The system's settings and workers.
    pub system: SystemOptions,
}

/// The servers and the options of one command.
pub struct Kit {
    /// The servers.
    pub ground: Ground,
    /// The options.
    pub options: Options,
}

/// Files that a process has open besides the connections of buyers.
const OTHER_FILES: usize = 256;
/// Bookings that warm a fresh system up, and their rate.
const PRIMING: Arrivals = Arrivals { rate: 1_000.0, count: 3_000 };
/// So few at once that no system is overloaded by it.
const PRIMING_AT_ONCE: usize = 8;
const PRIMING_MAX: Duration = Duration::from_mins(2);

impl Kit {
    /// Starts the servers. Blocks.
    pub fn start(mut options: Options) -> Result<Self> {
        let open_max = open_files_max().saturating_sub(OTHER_FILES);
        if !options.shares_connections {
            options.connections_max = options.connections_max.min(open_max);
        }
        Ok(Self { ground: Ground::start()?, options })
    }

    /// The longest that an exchange may take: the wait for the decision, and some.
    pub fn timeout(&self) -> Duration {
        Duration::from_secs(10)
            + match self.options.mode {
                Mode::Wait { seconds } => Duration::from_secs(u64::from(seconds)),
                Mode::Poll { patience, .. } => patience,
            }
    }

    /// A venue with these many tickets, as the options say.
    pub fn venue(&self, tickets: u64) -> Venue {
        let customer_limit = self.options.customer_limit;
        Venue { customer_limit, ..Venue::of(tickets, self.options.sections, self.options.seated) }
    }

    /// Connections to a system.
    pub fn pool(&self, system: &System<'_>) -> Rc<Pool> {
        let pool = if self.options.shares_connections { Pool::shared } else { Pool::new };
        Rc::new(pool(system.address, self.options.connections_max, self.timeout()))
    }

    /// A system on fresh ground, with some bookings made: caches are filled, and Postgres has made
    /// its plans with rows in the tables.
    pub async fn system(&self, target: Target) -> Result<System<'_>> {
        self.system_with(target, &[]).await
    }

    /// The same with more settings.
    pub async fn system_with(
        &self,
        target: Target,
        settings: &[(&str, &str)],
    ) -> Result<System<'_>> {
        let mut options = SystemOptions { workers_later: false, ..self.options.system.clone() };
        let more = settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        options.settings.extend(more);
        let system = System::start(&self.ground, target, options).await?;
        self.prime(&system).await?;
        Ok(system)
    }

    /// Makes bookings of event 1.
    pub async fn prime(&self, system: &System<'_>) -> Result<()> {
        let event = Event { id: booking::ids::EventId(1), tickets: PRIMING.count as i32 };
        let pool = Pool::new(system.address, PRIMING_AT_ONCE, self.timeout());
        let client = Client::new(Rc::new(pool), event.id, Mode::Wait { seconds: 20 });
        let crowd = Crowd::default();
        let start = std::time::Instant::now();
        drive(PRIMING, start, &crowd, usize::MAX, |number, _| {
            let client = client.clone();
            async move {
                client.book(number, &[number as i32 + 1]).await;
            }
        })
        .await;
        let left = crowd.dispersed(PRIMING_MAX).await;
        anyhow::ensure!(left == 0, "{left} bookings of the priming were never answered");
        let held = system.database.reservations(&[event.id], &["held"]).await?;
        anyhow::ensure!(held >= PRIMING.count * 9 / 10, "only {held} bookings of the priming held");
        system.database.vacuum().await
    }

    /// A report of these runs.
    pub async fn report(
        &self,
        scenario: &str,
        runs: Vec<Run>,
        figures: Vec<Figure>,
    ) -> Result<Report> {
        let about = self.ground.about().await?;
        let mut notes: Vec<String> =
            runs.iter().filter_map(|run| run.disturbance(about.cores)).collect();
        if cfg!(debug_assertions) {
            notes.push("These are debug builds: the figures mean nothing.".to_owned());
        }
        let command = std::env::args().skip(1).collect::<Vec<_>>().join(" ");
        let scenario = scenario.to_owned();
        Ok(Report { scenario, command, about, figures, checks: Vec::new(), notes, runs })
    }
}
