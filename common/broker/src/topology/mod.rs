//! Exchanges, queues and bindings: the only place that names them and their arguments.
//!
//! The services declare this topology at start. `rabbitmq/definitions.json` holds the same in the
//! broker's own format, for brokers where services may not declare. It runs on RabbitMQ 3.10 and on
//! 4.x.
//!
//! The rules for the arguments, with their sources:
//! - Everything that must not be lost is a quorum queue with an explicit delivery limit. Without
//!   one, 3.10 has no limit and requeues to the back (rabbitmq.com, quorum queues, poison
//!   messages).
//! - Dead-lettering is at-least-once, which needs `reject-publish`. Without it, the broker silently
//!   falls back to at-most-once (the same page, dead lettering).
//! - A delay queue has one fixed TTL, because messages expire only at the head (rabbitmq.com, TTL).
//! - A target of dead-lettering has no length limit, because a rejected message is retried only
//!   after 180 s. `requests.NN` is not such a target and has a limit.

use serde::Serialize;
use xxhash_rust::xxh3::xxh3_64;

use booking::ids::{EventId, ReservationId, SectionNumber};
use booking::requests::Route;
use process::settings;

mod definitions;
mod delays;
mod pools;
mod queues;

pub use definitions::definitions;
pub use queues::{Argument, Queue};

/// Exchange: requests to reservation workers, by partition.
pub const REQUESTS: &str = "requests";
/// Exchange: requests to payment workers, by partition.
pub const PAYMENTS: &str = "payments";
/// Exchange: holds, into a delay queue and then into the queue of due holds.
pub const HOLDS: &str = "holds";
/// Queue: holds that are due.
pub const HOLDS_DUE: &str = "holds.due";
/// Exchange: decisions, to every front door.
pub const OUTCOMES: &str = "outcomes";
/// Exchange: workers announce that they are alive.
pub const PRESENCE: &str = "presence";
/// Exchange: orders from operators to workers, and the answers.
pub const CONTROL: &str = "control";
/// The routing key, on [`CONTROL`], of orders to every worker.
pub const TO_WORKERS: &str = "workers";
/// Exchange and queue: messages that could not be read, or that kept failing.
pub const DEAD_LETTERS: &str = "dead-letters";

/// How an exchange compares the routing key with that of a binding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ExchangeKind {
    /// The keys must be equal.
    Direct,
    /// The binding's key is a pattern.
    Topic,
    /// Every binding matches.
    Fanout,
}

/// A durable exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// As the broker knows it.
    pub name: &'static str,
    /// How it routes.
    pub kind: ExchangeKind,
}

/// All that one Boxoffice has on the broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topology {
    request_partitions: u16,
    payment_partitions: u16,
    delays_ms: Vec<u32>,
    requests_max_length: i64,
}

impl Topology {
    /// Sorts the delays and removes duplicates; the rest is taken from the settings as it is.
    pub fn new(settings: &settings::Topology) -> Self {
        let mut delays_ms = settings.delays_ms.clone();
        delays_ms.sort_unstable();
        delays_ms.dedup();
        Self {
            request_partitions: settings.request_partitions,
            payment_partitions: settings.payment_partitions,
            delays_ms,
            requests_max_length: i64::from(settings.requests_max_length),
        }
    }

    /// Partition numbers of requests run from 0 to this, exclusive.
    pub fn request_partitions(&self) -> u16 {
        self.request_partitions
    }

    /// Partition numbers of payments run from 0 to this, exclusive.
    pub fn payment_partitions(&self) -> u16 {
        self.payment_partitions
    }

    /// The partition that decides a request with this route.
    pub fn partition_of(&self, route: Route) -> u16 {
        match route {
            Route::Section(event, section) => self.request_partition(event, section),
            Route::Reservation(id) => self.cancel_partition(id),
        }
    }

    /// The partition that decides about a section. The hash is stable, so all processes and all
    /// builds agree.
    pub fn request_partition(&self, event: EventId, section: SectionNumber) -> u16 {
        let mut key = [0; 8];
        key[..4].copy_from_slice(&event.0.to_le_bytes());
        key[4..].copy_from_slice(&section.0.to_le_bytes());
        (xxh3_64(&key) % u64::from(self.request_partitions)) as u16
    }

    /// The partition that cancels a reservation. A cancel names no section and needs none: the row
    /// locks and the tombstone make it correct in any partition.
    pub fn cancel_partition(&self, id: ReservationId) -> u16 {
        (xxh3_64(id.0.as_bytes()) % u64::from(self.request_partitions)) as u16
    }

    /// The partition that handles the payments of a reservation.
    pub fn payment_partition(&self, id: ReservationId) -> u16 {
        (xxh3_64(id.0.as_bytes()) % u64::from(self.payment_partitions)) as u16
    }

    /// The routing key of a partition, on [`REQUESTS`] and on [`PAYMENTS`].
    pub fn partition_key(partition: u16) -> String {
        format!("{partition:02}")
    }

    pub fn request_queue(partition: u16) -> String {
        format!("{REQUESTS}.{partition:02}")
    }

    pub fn payment_queue(partition: u16) -> String {
        format!("{PAYMENTS}.{partition:02}")
    }

    /// Every exchange, in the order in which they are declared.
    pub fn exchanges(&self) -> Vec<Exchange> {
        use ExchangeKind::{Direct, Fanout, Topic};
        [
            (REQUESTS, Direct),
            (PAYMENTS, Direct),
            (HOLDS, Direct),
            (OUTCOMES, Topic),
            (PRESENCE, Fanout),
            (CONTROL, Direct),
            (DEAD_LETTERS, Fanout),
        ]
        .map(|(name, kind)| Exchange { name, kind })
        .to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partitions_are_the_same_for_ever() {
        let topology = Topology::new(&settings::Topology::default());
        let partitions: Vec<_> = (1..=8)
            .map(|section| topology.request_partition(EventId(1), SectionNumber(section)))
            .collect();
        assert_eq!(partitions, PARTITIONS_OF_EVENT_1, "another build would read other queues");
    }

    const PARTITIONS_OF_EVENT_1: [u16; 8] = [15, 0, 14, 11, 15, 1, 10, 11];
}
