//! `GET /metrics`

use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use process::telemetry::metrics::{self, gauge};
use process::telemetry::names;

use crate::{Admin, Subject};

/// All metrics, for Prometheus. Asks the broker for the depths of the queues; if the broker does
/// not answer, the other metrics are shown alone.
pub(crate) async fn show<S: Subject>(State(admin): State<Arc<Admin<S>>>) -> impl IntoResponse {
    // A failure is ignored here, because it is one of the metrics.
    let _away = admin.depths.look().await;
    admin.measure();
    ([(header::CONTENT_TYPE, metrics::MEDIA_TYPE)], metrics::encode())
}

impl<S: Subject> Admin<S> {
    /// Updates the metrics that are measured only when somebody looks.
    fn measure(&self) {
        self.subject.measure();
        gauge(names::READY, &[]).set(f64::from(u8::from(self.subject.is_ready())));
        gauge(names::BROKER_CONNECTED, &[]).set(f64::from(u8::from(self.subject.is_connected())));
        let all = f64::from(self.pool.size());
        let idle = self.pool.num_idle() as f64;
        gauge(names::DATABASE_CONNECTIONS, &[("state", "idle")]).set(idle);
        gauge(names::DATABASE_CONNECTIONS, &[("state", "used")]).set((all - idle).max(0.0));
        gauge(names::DATABASE_CONNECTIONS_MAX, &[]).set(f64::from(self.connections_max));
    }
}
