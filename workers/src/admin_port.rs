//! The admin port: liveness, readiness, metrics and the status page for operators.

use std::sync::Arc;

use admin::{Admin, Card, Known, Subject};
use axum::http::StatusCode;
use axum::routing::get;
use booking::domain::WorkerPool;
use broker::topology::Topology;
use tokio::net::TcpListener;

use crate::context::Context;
use crate::fleet::in_hand;
use crate::metrics;

struct Process<R> {
    context: Arc<Context>,
    pools: String,
    ready: R,
}

impl<R: Fn() -> bool + Send + Sync + 'static> Subject for Process<R> {
    fn is_ready(&self) -> bool {
        (self.ready)()
    }

    fn is_connected(&self) -> bool {
        self.context.publisher.is_ready()
    }

    fn measure(&self) {
        in_hand::show_ages();
    }

    fn cards(&self) -> Vec<Card> {
        let mut cards = vec![
            Card::new("Pools", self.pools.clone()),
            Card::new("Worker", &self.context.worker[..8]),
        ];
        if let Some(view) = self.context.view() {
            cards.push(Card::new("Reservation workers", view.workers().to_string()));
        }
        cards
    }

    fn queue(&self, queue: &str) -> Known {
        let mut partitions = 0..self.context.topology.request_partitions();
        let partition = partitions.find(|number| Topology::request_queue(*number) == queue);
        let view = self.context.view();
        let owner = view.zip(partition).map(|(view, number)| view.owner(number).to_owned());
        let owned = owner.as_ref().is_some_and(|owner| *owner == self.context.worker);
        let pool = Topology::pool_of(queue);
        let paused = pool.is_some_and(|pool| self.context.orders.is_paused(pool));
        let in_hand = in_hand::requests(queue);
        Known { owner, owned, in_hand, paused, age_seconds: in_hand::age(queue) }
    }
}

/// Serves the admin port in the background. Liveness depends on nothing but the process itself.
pub(crate) async fn serve(
    context: &Arc<Context>,
    roles: &[WorkerPool],
    ready: impl Fn() -> bool + Clone + Send + Sync + 'static,
) -> anyhow::Result<()> {
    let listener = TcpListener::bind(context.settings.workers.admin_listen).await?;
    let admin = listener.local_addr()?.to_string();
    let pools = roles.iter().map(|role| role.name()).collect::<Vec<_>>().join(",");
    tracing::info!(admin, pools, worker = context.worker, "listening");
    let queues: Vec<String> =
        roles.iter().flat_map(|role| context.topology.queues_of(*role)).collect();
    metrics::register(roles, &context.topology);
    in_hand::register(&queues);
    let process = Process { context: Arc::clone(context), pools, ready: ready.clone() };
    let admin = Admin::new("workers", process, &context.settings, context.pool.clone());
    let readyz = move || async move {
        if ready() {
            (StatusCode::OK, "ready\n")
        } else {
            (StatusCode::SERVICE_UNAVAILABLE, "not consuming: the broker is away, or it stops\n")
        }
    };
    let routes = admin::routes(&admin)
        .route("/livez", get(async || "alive\n"))
        .route("/readyz", get(readyz));
    tokio::spawn(async move { axum::serve(listener, routes).await });
    Ok(())
}
