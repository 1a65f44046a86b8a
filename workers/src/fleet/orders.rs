//! Which pools operators have paused, as far as this process knows. While neither the database nor
//! the broker answers, the last known orders apply.

use std::collections::BTreeMap;

use booking::domain::WorkerPool;
use booking::messages::PoolOrder;
use tokio::sync::watch;

/// The newest order that is known for each pool. A pool without an order works.
#[derive(Debug)]
pub struct Orders {
    heard: watch::Sender<BTreeMap<WorkerPool, PoolOrder>>,
}

impl Default for Orders {
    fn default() -> Self {
        Self { heard: watch::Sender::new(BTreeMap::new()) }
    }
}

impl Orders {
    pub fn is_paused(&self, pool: WorkerPool) -> bool {
        is_paused(&self.heard.borrow(), pool)
    }

    pub fn subscribe(&self) -> watch::Receiver<BTreeMap<WorkerPool, PoolOrder>> {
        self.heard.subscribe()
    }

    /// Waits until a pool is paused, or, with `paused` false, until it is not.
    pub(crate) async fn until(&self, pool: WorkerPool, paused: bool) {
        let mut heard = self.heard.subscribe();
        if heard.wait_for(|orders| is_paused(orders, pool) == paused).await.is_err() {
            // The sender is gone, so no order can come any more.
            std::future::pending::<()>().await;
        }
    }

    /// Accepts an order, unless its revision is not newer than the known one: orders come both from
    /// the broker and from the database, late or twice.
    pub(crate) fn hear(&self, order: &PoolOrder) {
        let pool = order.pool;
        let changed = self.heard.send_if_modified(|orders| {
            let known = orders.get(&pool).map_or(0, |known| known.revision);
            let newer = order.revision > known;
            if newer {
                orders.insert(pool, order.clone());
            }
            newer
        });
        if changed {
            let PoolOrder { paused, reason, changed_by, .. } = order;
            tracing::info!(%pool, paused, reason, changed_by, "ordered");
        }
    }
}

fn is_paused(orders: &BTreeMap<WorkerPool, PoolOrder>, pool: WorkerPool) -> bool {
    orders.get(&pool).is_some_and(|order| order.paused)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(paused: bool, revision: i64) -> PoolOrder {
        PoolOrder {
            pool: WorkerPool::Expiry,
            paused,
            revision,
            reason: String::new(),
            changed_by: String::new(),
            changed_at: process::clock::now(),
        }
    }

    #[test]
    fn an_order_that_comes_late_or_twice_changes_nothing() {
        let orders = Orders::default();
        assert!(!orders.is_paused(WorkerPool::Expiry), "without an order a pool works");
        orders.hear(&order(true, 1));
        orders.hear(&order(false, 2));
        orders.hear(&order(true, 1));
        assert!(!orders.is_paused(WorkerPool::Expiry));
        orders.hear(&order(true, 3));
        assert!(orders.is_paused(WorkerPool::Expiry));
        assert!(!orders.is_paused(WorkerPool::Payments), "the others go on");
    }
}
