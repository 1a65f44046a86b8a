//! What reservation workers report about their batches: the service times for a simulation.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Result, ensure};
use process::telemetry::names;

use crate::http::{Pool, Request};

/// How long a process may take to respond.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(5);

/// Sums and counts since the workers started.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Served {
    batches: f64,
    requests: f64,
    transactions: f64,
    transaction_s: f64,
    confirms: f64,
    confirm_s: f64,
}

impl Served {
    /// Reads the metrics of the workers.
    pub(super) async fn of(workers: &[SocketAddr]) -> Result<Self> {
        let mut all = Self::default();
        for address in workers {
            let pool = Pool::new(*address, 1, RESPONSE_TIMEOUT);
            let read = |answer: crate::http::Answer<'_>| {
                (answer.status, String::from_utf8_lossy(answer.body).into_owned())
            };
            let asked = pool.ask(&Request::get("/metrics", ""), read).await;
            let (status, text) =
                asked.map_err(|failure| anyhow::anyhow!("no metrics: {failure:?}"))?;
            ensure!(status == 200, "{status} instead of metrics");
            all.add(&text);
        }
        Ok(all)
    }

    fn add(&mut self, text: &str) {
        let pool = "pool=\"reservations\"";
        let holds = "exchange=\"holds\"";
        let transaction = names::TRANSACTION_SECONDS;
        let confirm = names::PUBLISH_CONFIRM_SECONDS;
        self.batches += sum(text, names::BATCH_REQUESTS, "_count", pool);
        self.requests += sum(text, names::BATCH_REQUESTS, "_sum", pool);
        self.transactions += sum(text, transaction, "_count", pool);
        self.transaction_s += sum(text, transaction, "_sum", pool);
        self.confirms += sum(text, confirm, "_count", holds);
        self.confirm_s += sum(text, confirm, "_sum", holds);
    }

    /// The difference to an earlier reading.
    #[must_use]
    pub fn since(self, then: Self) -> Self {
        Self {
            batches: self.batches - then.batches,
            requests: self.requests - then.requests,
            transactions: self.transactions - then.transactions,
            transaction_s: self.transaction_s - then.transaction_s,
            confirms: self.confirms - then.confirms,
            confirm_s: self.confirm_s - then.confirm_s,
        }
    }

    /// Requests in a batch, on average.
    pub fn batch_requests(self) -> f64 {
        self.requests / self.batches.max(1.0)
    }

    /// Length of a transaction in milliseconds, on average.
    pub fn transaction_ms(self) -> f64 {
        1_000.0 * self.transaction_s / self.transactions.max(1.0)
    }

    /// Time until a batch's holds are confirmed in milliseconds, on average.
    pub fn confirm_ms(self) -> f64 {
        1_000.0 * self.confirm_s / self.confirms.max(1.0)
    }
}

/// The sum of all series of a metric that have this label.
fn sum(text: &str, name: names::Name, ending: &str, label: &str) -> f64 {
    let series = format!("{}{ending}{{", name.name);
    let lines = text.lines().filter(|line| line.starts_with(&series) && line.contains(label));
    lines.filter_map(|line| line.rsplit_once(' ')?.1.parse::<f64>().ok()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn averages_are_of_what_came_between_two_looks() {
        let text = |count: u32, sum: f64| {
            format!(
                "boxoffice_batch_requests_sum{{pool=\"reservations\"}} {}\n\
                 boxoffice_batch_requests_count{{pool=\"reservations\"}} {count}\n\
                 boxoffice_batch_requests_count{{pool=\"expiry\"}} 900\n\
                 boxoffice_transaction_seconds_sum{{pool=\"reservations\"}} {sum}\n\
                 boxoffice_transaction_seconds_count{{pool=\"reservations\"}} {count}\n",
                count * 40
            )
        };
        let mut then = Served::default();
        let mut now = Served::default();
        then.add(&text(10, 1.0));
        now.add(&text(30, 1.1));
        let served = now.since(then);
        assert!((served.batch_requests() - 40.0).abs() < 1e-9);
        assert!((served.transaction_ms() - 5.0).abs() < 1e-9);
        assert!(served.confirm_ms().abs() < 1e-9);
    }
}
