//! Exchanges, queues and bindings: every name and argument, once.
//!
//! The services declare this at start, and `rabbitmq/definitions.json` is the same in the broker's
//! own format, for brokers where services may not configure. It runs on RabbitMQ 3.10 and on 4.x.
//!
//! Rules that the arguments follow, with the source of each:
//! - everything that must not be lost is a quorum queue with an explicit delivery limit, because 3.10
//!   has none and requeues to the back without one (rabbitmq.com, quorum queues, poison messages);
//! - dead-lettering is at-least-once, which needs `reject-publish`; without it the broker falls
//!   back to at-most-once in silence (the same page, dead lettering);
//! - a delay queue has one fixed TTL, because messages expire at the head only (rabbitmq.com, TTL);
//! - a target of dead-lettering has no length limit: a refused message is tried again only after
//!   180 s. `requests.NN` is no such target and has one.

use serde::Serialize;
use xxhash_rust::xxh3::xxh3_64;

use booking::domain::{EventId, SectionNumber};
use booking::ids::ReservationId;
use delays::DUE_KEY;
use process::settings;

mod definitions;
mod delays;
mod pools;

pub use definitions::definitions;

/// Requests to reservation workers, by partition.
pub const REQUESTS: &str = "requests";
/// Requests to payment workers, by partition.
pub const PAYMENTS: &str = "payments";
/// Holds: into a delay queue, and out of it when due.
pub const HOLDS: &str = "holds";
/// The queue of holds that are due.
pub const HOLDS_DUE: &str = "holds.due";
/// What was decided, to every front door.
pub const OUTCOMES: &str = "outcomes";
/// Signs of life of the workers.
pub const PRESENCE: &str = "presence";
/// What operators tell the workers, and what these answer.
pub const CONTROL: &str = "control";
/// The routing key, on the exchange of controls, of what every worker hears.
pub const TO_WORKERS: &str = "workers";
/// What could not be read or kept failing: an exchange and its queue.
pub const DEAD_LETTERS: &str = "dead-letters";

const DELIVERY_LIMIT: i64 = 20;
/// Operators look at dead letters by taking them and giving them back, which counts as a failed
/// delivery on RabbitMQ 4.0 to 4.2, where the default limit would drop them at the 20th look.
const LOOKS_LIMIT: i64 = 1_000_000_000;
const TTL: &str = "x-message-ttl";

/// How an exchange routes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ExchangeKind {
    /// By equal key.
    Direct,
    /// By pattern.
    Topic,
    /// To all.
    Fanout,
}

/// An exchange; all are durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// Its name.
    pub name: &'static str,
    /// How it routes.
    pub kind: ExchangeKind,
}

/// The value of a queue argument.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Argument {
    /// A flag. The broker refuses the word "true" in its place.
    Bool(bool),
    /// A number.
    Int(i64),
    /// A word.
    Text(&'static str),
}

/// A durable quorum queue and the one binding that fills it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queue {
    /// Its name.
    pub name: String,
    /// Its arguments: frozen once it is declared.
    pub arguments: Vec<(&'static str, Argument)>,
    /// The exchange that it is bound to.
    pub exchange: &'static str,
    /// The key of the binding.
    pub routing_key: String,
}

/// All that the broker holds for one Boxoffice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topology {
    request_partitions: u16,
    payment_partitions: u16,
    delays_ms: Vec<u32>,
    requests_max_length: i64,
}

impl Topology {
    /// The topology of these settings.
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

    /// How many partitions the requests have.
    pub fn request_partitions(&self) -> u16 {
        self.request_partitions
    }

    /// How many partitions the payments have.
    pub fn payment_partitions(&self) -> u16 {
        self.payment_partitions
    }

    /// The partition that decides about a section. The hash has a fixed output, so all processes and
    /// all builds agree.
    pub fn request_partition(&self, event: EventId, section: SectionNumber) -> u16 {
        let mut key = [0; 8];
        key[..4].copy_from_slice(&event.0.to_le_bytes());
        key[4..].copy_from_slice(&section.0.to_le_bytes());
        (xxh3_64(&key) % u64::from(self.request_partitions)) as u16
    }

    /// The partition that cancels a reservation. A cancel names no section, and needs none: the
    /// row locks and the tombstone make it right wherever it is handled.
    pub fn cancel_partition(&self, id: ReservationId) -> u16 {
        (xxh3_64(id.0.as_bytes()) % u64::from(self.request_partitions)) as u16
    }

    /// The partition that handles the payments of a reservation.
    pub fn payment_partition(&self, id: ReservationId) -> u16 {
        (xxh3_64(id.0.as_bytes()) % u64::from(self.payment_partitions)) as u16
    }

    /// The routing key of a partition, on `requests` and on `payments`.
    pub fn partition_key(partition: u16) -> String {
        format!("{partition:02}")
    }

    /// The queue of a partition of the requests.
    pub fn request_queue(partition: u16) -> String {
        format!("{REQUESTS}.{partition:02}")
    }

    /// The queue of a partition of the payments.
    pub fn payment_queue(partition: u16) -> String {
        format!("{PAYMENTS}.{partition:02}")
    }

    /// Whether workers consume this queue. Delay queues wait, and dead letters lie.
    pub fn is_worked_on(queue: &str) -> bool {
        Self::pool_of(queue).is_some()
    }

    /// Every exchange.
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

    /// The queues that workers or operators must empty: all but the delay queues, which empty
    /// themselves.
    pub fn work_queues(&self) -> Vec<String> {
        let is_delay = |queue: &Queue| queue.arguments.iter().any(|(key, _)| *key == TTL);
        self.queues().into_iter().filter(|queue| !is_delay(queue)).map(|queue| queue.name).collect()
    }

    /// Every durable queue, targets of dead-lettering first.
    pub fn queues(&self) -> Vec<Queue> {
        let mut queues = vec![dead_letters(), holds_due()];
        queues.extend(self.delays_ms.iter().map(|ms| delay(*ms)));
        queues.extend((0..self.payment_partitions).map(payments));
        queues.extend((0..self.request_partitions).map(|p| requests(p, self.requests_max_length)));
        queues
    }
}

fn quorum() -> Vec<(&'static str, Argument)> {
    vec![
        ("x-queue-type", Argument::Text("quorum")),
        ("x-queue-leader-locator", Argument::Text("balanced")),
    ]
}

/// Quorum, and what is rejected or fails too often goes to the dead letters, at least once.
fn work() -> Vec<(&'static str, Argument)> {
    let mut arguments = quorum();
    arguments.extend([
        ("x-delivery-limit", Argument::Int(DELIVERY_LIMIT)),
        ("x-dead-letter-exchange", Argument::Text(DEAD_LETTERS)),
        ("x-dead-letter-strategy", Argument::Text("at-least-once")),
        ("x-overflow", Argument::Text("reject-publish")),
    ]);
    arguments
}

fn requests(partition: u16, max_length: i64) -> Queue {
    let mut arguments = work();
    arguments.push(("x-single-active-consumer", Argument::Bool(true)));
    arguments.push(("x-max-length", Argument::Int(max_length)));
    Queue {
        name: Topology::request_queue(partition),
        arguments,
        exchange: REQUESTS,
        routing_key: Topology::partition_key(partition),
    }
}

fn payments(partition: u16) -> Queue {
    Queue {
        name: Topology::payment_queue(partition),
        arguments: work(),
        exchange: PAYMENTS,
        routing_key: Topology::partition_key(partition),
    }
}

fn delay(ms: u32) -> Queue {
    let mut arguments = quorum();
    arguments.extend([
        (TTL, Argument::Int(i64::from(ms))),
        ("x-dead-letter-exchange", Argument::Text(HOLDS)),
        ("x-dead-letter-routing-key", Argument::Text(DUE_KEY)),
        ("x-dead-letter-strategy", Argument::Text("at-least-once")),
        ("x-overflow", Argument::Text("reject-publish")),
    ]);
    Queue {
        name: Topology::holds_queue(&Topology::key_of_delay(ms)),
        arguments,
        exchange: HOLDS,
        routing_key: Topology::key_of_delay(ms),
    }
}

fn holds_due() -> Queue {
    Queue {
        name: HOLDS_DUE.to_owned(),
        arguments: work(),
        exchange: HOLDS,
        routing_key: DUE_KEY.to_owned(),
    }
}

fn dead_letters() -> Queue {
    let mut arguments = quorum();
    arguments.push(("x-delivery-limit", Argument::Int(LOOKS_LIMIT)));
    Queue {
        name: DEAD_LETTERS.to_owned(),
        arguments,
        exchange: DEAD_LETTERS,
        routing_key: String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn topology() -> Topology {
        Topology::new(&settings::Topology::default())
    }

    fn argument<'a>(queue: &'a Queue, name: &str) -> Option<&'a Argument> {
        queue.arguments.iter().find(|(key, _)| *key == name).map(|(_, value)| value)
    }

    #[test]
    fn dead_lettering_never_falls_back_to_at_most_once() {
        for queue in topology().queues() {
            if argument(&queue, "x-dead-letter-exchange").is_some() {
                let overflow = argument(&queue, "x-overflow");
                assert_eq!(overflow, Some(&Argument::Text("reject-publish")), "{}", queue.name);
                let strategy = argument(&queue, "x-dead-letter-strategy");
                assert_eq!(strategy, Some(&Argument::Text("at-least-once")), "{}", queue.name);
            }
            assert_eq!(argument(&queue, "x-expires"), None, "it deletes messages");
        }
    }

    #[test]
    fn partitions_are_the_same_for_ever() {
        let topology = topology();
        let partitions: Vec<_> = (1..=8)
            .map(|section| topology.request_partition(EventId(1), SectionNumber(section)))
            .collect();
        assert_eq!(partitions, PARTITIONS_OF_EVENT_1, "another build would read other queues");
    }

    const PARTITIONS_OF_EVENT_1: [u16; 8] = [15, 0, 14, 11, 15, 1, 10, 11];
}
