//! The port for operators: is it alive, is it ready.

use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use tokio::net::TcpListener;

use crate::Context;

/// Serves the admin port in the background. Liveness needs nothing but the process itself.
pub(crate) async fn serve(
    context: &Arc<Context>,
    pools: &str,
    ready: impl Fn() -> bool + Clone + Send + Sync + 'static,
) -> anyhow::Result<()> {
    let listener = TcpListener::bind(context.settings.workers.admin_listen).await?;
    let admin = listener.local_addr()?.to_string();
    tracing::info!(admin, pools, worker = context.worker, "listening");
    let readyz = move || async move {
        if ready() {
            (StatusCode::OK, "ready\n")
        } else {
            (StatusCode::SERVICE_UNAVAILABLE, "not consuming: the broker is away, or it stops\n")
        }
    };
    let routes =
        Router::new().route("/livez", get(async || "alive\n")).route("/readyz", get(readyz));
    tokio::spawn(async move { axum::serve(listener, routes).await });
    Ok(())
}
