//! What every scenario needs: the servers, and the common options.

use std::rc::Rc;
use std::time::Duration;

use anyhow::Result;

use super::client::{Client, Mode};
use crate::http::Pool;
use crate::load::{Arrivals, Crowd, drive};
use crate::machine::open_files_max;
use crate::report::{Figure, Report, Run};
use crate::stage::{Event, Ground, System, SystemOptions, Target, Venue};

/// Options that all scenarios share.
#[derive(Debug, Clone)]
pub struct Options {
    /// How buyers learn of the decision.
    pub mode: Mode,
    /// Whether buyers share connections by HTTP/2, as behind a proxy.
    pub shares_connections: bool,
    /// Maximum connections of the kit. If they are shared, maximum concurrent requests.
    pub connections_max: usize,
    /// Sections of an event.
    pub sections: u64,
    /// Seats with labels, or standing places.
    pub seated: bool,
    /// Maximum tickets of one customer; none for no limit.
    pub customer_limit: Option<i32>,
    /// The system's settings and workers.
    pub system: SystemOptions,
}

/// The servers and the options of one command.
pub struct Kit {
    pub ground: Ground,
    pub options: Options,
}

/// Files that a process has open besides the connections of buyers.
const OTHER_FILES: usize = 256;
/// Bookings that warm up a new system, and their rate.
const PRIMING: Arrivals = Arrivals { rate: 1_000.0, count: 3_000 };
/// Few enough that they overload no system.
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

    /// The time-out of an exchange: longer than the longest wait for a decision.
    pub fn timeout(&self) -> Duration {
        Duration::from_secs(10)
            + match self.options.mode {
                Mode::Wait { seconds } => Duration::from_secs(u64::from(seconds)),
                Mode::Poll { patience, .. } => patience,
            }
    }

    /// A plan with this many tickets, as the options say.
    pub fn venue(&self, tickets: u64) -> Venue {
        let customer_limit = self.options.customer_limit;
        Venue { customer_limit, ..Venue::of(tickets, self.options.sections, self.options.seated) }
    }

    /// Connections to a system.
    pub fn pool(&self, system: &System<'_>) -> Rc<Pool> {
        let pool = if self.options.shares_connections { Pool::shared } else { Pool::new };
        Rc::new(pool(system.address, self.options.connections_max, self.timeout()))
    }

    /// Starts a new system and makes some bookings. Then caches are filled, and Postgres has
    /// planned its statements with rows in the tables.
    pub async fn system(&self, target: Target) -> Result<System<'_>> {
        self.system_with(target, &[]).await
    }

    /// Like [`Self::system`], with more settings.
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
