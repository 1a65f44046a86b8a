//! The queues and their arguments.

use serde::Serialize;

use super::delays::DUE_KEY;
use super::{DEAD_LETTERS, HOLDS, HOLDS_DUE, PAYMENTS, REQUESTS, Topology};

const DELIVERY_LIMIT: i64 = 20;
/// Operators look at dead letters by taking them and returning them. RabbitMQ 4.0 to 4.2 counts
/// that as a failed delivery, and its default limit would drop a letter at the 20th look.
const LOOKS_LIMIT: i64 = 1_000_000_000;
const TTL: &str = "x-message-ttl";

/// The value of a queue argument.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Argument {
    /// The broker rejects the text "true" in its place.
    Bool(bool),
    /// A length, a limit or a time in milliseconds.
    Int(i64),
    /// One of the words that RabbitMQ defines for this argument.
    Text(&'static str),
}

/// A durable quorum queue and its only binding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queue {
    /// As the broker knows it.
    pub name: String,
    /// Cannot be changed once the queue is declared.
    pub arguments: Vec<(&'static str, Argument)>,
    /// The exchange that it is bound to.
    pub exchange: &'static str,
    /// The key of the binding.
    pub routing_key: String,
}

impl Topology {
    /// The queues that workers or operators must empty. Delay queues empty themselves.
    pub fn work_queues(&self) -> Vec<String> {
        let is_delay = |queue: &Queue| queue.arguments.iter().any(|(key, _)| *key == TTL);
        self.queues().into_iter().filter(|queue| !is_delay(queue)).map(|queue| queue.name).collect()
    }

    /// Every durable queue. Targets of dead-lettering come first.
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

/// A quorum queue whose rejected messages go to the dead letters, at least once. So do messages
/// that fail too often.
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
    use process::settings;

    fn argument<'a>(queue: &'a Queue, name: &str) -> Option<&'a Argument> {
        queue.arguments.iter().find(|(key, _)| *key == name).map(|(_, value)| value)
    }

    #[test]
    fn dead_lettering_never_falls_back_to_at_most_once() {
        for queue in Topology::new(&settings::Topology::default()).queues() {
            if argument(&queue, "x-dead-letter-exchange").is_some() {
                let overflow = argument(&queue, "x-overflow");
                assert_eq!(overflow, Some(&Argument::Text("reject-publish")), "{}", queue.name);
                let strategy = argument(&queue, "x-dead-letter-strategy");
                assert_eq!(strategy, Some(&Argument::Text("at-least-once")), "{}", queue.name);
            }
            assert_eq!(argument(&queue, "x-expires"), None, "it deletes messages");
        }
    }
}
