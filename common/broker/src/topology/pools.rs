//! Which queues belong to which worker pool, and how to publish into a given queue.

use booking::domain::WorkerPool;

use super::{HOLDS_DUE, PAYMENTS, REQUESTS, Topology};

impl Topology {
    /// The queues that a pool consumes.
    pub fn queues_of(&self, pool: WorkerPool) -> Vec<String> {
        match pool {
            WorkerPool::Reservations => {
                (0..self.request_partitions()).map(Self::request_queue).collect()
            }
            WorkerPool::Payments => {
                (0..self.payment_partitions()).map(Self::payment_queue).collect()
            }
            WorkerPool::Expiry => vec![HOLDS_DUE.to_owned()],
        }
    }

    /// The pool that consumes a queue, or the queues of an exchange; none for queues that wait, and
    /// for the dead letters.
    pub fn pool_of(queue: &str) -> Option<WorkerPool> {
        let exchange = queue.split_once('.').map_or(queue, |(exchange, _)| exchange);
        match exchange {
            REQUESTS => Some(WorkerPool::Reservations),
            PAYMENTS => Some(WorkerPool::Payments),
            _ if queue == HOLDS_DUE => Some(WorkerPool::Expiry),
            _ => None,
        }
    }

    /// Whether workers consume this queue. They do not consume delay queues and dead letters.
    pub fn is_worked_on(queue: &str) -> bool {
        Self::pool_of(queue).is_some()
    }

    /// The exchange and the routing key that lead into a queue. None if the queue is not part of
    /// this topology.
    pub fn way_into(&self, queue: &str) -> Option<(&'static str, String)> {
        let found = self.queues().into_iter().find(|known| known.name == queue)?;
        Some((found.exchange, found.routing_key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use process::settings;

    #[test]
    fn every_queue_of_a_pool_is_declared_and_can_be_reached() {
        let topology = Topology::new(&settings::Topology::default());
        for pool in WorkerPool::ALL {
            for queue in topology.queues_of(*pool) {
                assert!(topology.way_into(&queue).is_some(), "{queue}");
                assert_eq!(Topology::pool_of(&queue), Some(*pool), "{queue}");
            }
        }
        assert_eq!(Topology::pool_of(REQUESTS), Some(WorkerPool::Reservations));
        for queue in ["holds", "holds.delay.500", "dead-letters", "payments-of-others"] {
            assert_eq!(Topology::pool_of(queue), None, "{queue}");
        }
        let way = topology.way_into("requests.07");
        assert_eq!(way, Some(("requests", "07".to_owned())));
        assert_eq!(topology.way_into("requests.99"), None);
    }
}
