//! What the front door shows operators on its admin port.

use std::sync::Arc;

use admin::{Admin, Card, Known, Subject};
use axum::Router;
use process::clock;
use process::settings::Settings;
use process::telemetry::metrics::gauge;
use process::telemetry::names;

use crate::state::Shared;

struct Process(Shared);

impl Subject for Process {
    fn is_ready(&self) -> bool {
        self.0.desk.is_open() && !self.0.is_draining()
    }

    fn is_connected(&self) -> bool {
        self.0.desk.is_open()
    }

    fn measure(&self) {
        let outcomes = &self.0.outcomes;
        gauge(names::OUTCOMES_LIVE, &[]).set(f64::from(u8::from(outcomes.boards.is_live())));
        gauge(names::WAITERS, &[]).set(outcomes.waiting_clients() as f64);
        gauge(names::WAITERS_MAX, &[]).set(self.0.settings.waiters_max as f64);
    }

    fn cards(&self) -> Vec<Card> {
        let outcomes = &self.0.outcomes;
        vec![
            Card::wanted("Outcomes come in", outcomes.boards.is_live()),
            Card::new(
                "Clients that wait",
                share(outcomes.waiting_clients(), self.0.settings.waiters_max),
            ),
            Card::new("Live boards", outcomes.boards.count().to_string()),
        ]
    }

    /// The front door consumes no requests, so it has nothing in hand; it knows the lag from
    /// outcomes.
    fn queue(&self, queue: &str) -> Known {
        let age_seconds = f64::from(self.0.outcomes.lags.oldest_ms(queue, clock::now())) / 1_000.0;
        Known { age_seconds, ..Known::default() }
    }
}

fn share(taken: usize, most: usize) -> String {
    format!("{taken} of {most}")
}

/// The routes that the front door shares with the workers.
pub(crate) fn routes(api: &Shared, settings: &Settings) -> Router {
    crate::metrics::register();
    let process = Process(Arc::clone(api));
    admin::routes(&Admin::new("api", process, settings, api.pool.clone()))
}
