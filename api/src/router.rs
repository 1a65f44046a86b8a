//! Every route, in one table.

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use process::settings::Settings;
use tower_http::compression::CompressionLayer;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::openapi::{self, Document};
use crate::problem::{self, Kind, Problem};
use crate::serve::{Middleware, Page};
use crate::state::Shared;
use crate::{events, health, operators, organiser, payments, reservations};

pub(crate) fn public(api: &Shared) -> Middleware {
    let (router, found) = routes().split_for_parts();
    let document: Arc<str> =
        openapi::complete(found).to_json().expect("plain data always has a JSON form").into();
    let description = get(move || async move {
        ([(header::CONTENT_TYPE, "application/json")], document.to_string()).into_response()
    });
    let page = Page::new(&api.settings.web_dir);
    let routes = router
        .route("/api/openapi.json", description)
        .route("/api/v1/organiser/{*rest}", any(organiser::fallback))
        .method_not_allowed_fallback(method_not_allowed)
        .fallback(move |request: Request| page.clone().answer(request))
        .with_state(Arc::clone(api));
    Middleware::new(Arc::clone(api), routes)
}

pub(crate) fn admin(api: &Shared, settings: &Settings) -> Router {
    let own = Router::new()
        .route("/livez", get(health::live))
        .route("/readyz", get(health::ready))
        .method_not_allowed_fallback(method_not_allowed)
        .fallback(|| async { Problem::not_found("There is no such route.") })
        .with_state(Arc::clone(api));
    own.merge(operators::routes(api, settings))
}

/// What is served as `/api/openapi.json`.
#[cfg(test)]
pub(crate) fn document() -> utoipa::openapi::OpenApi {
    openapi::complete(routes().into_openapi())
}

fn routes() -> OpenApiRouter<Shared> {
    let reads = OpenApiRouter::new()
        .routes(routes!(events::list::list))
        .routes(routes!(events::show::show))
        .routes(routes!(events::layout::layout))
        .routes(routes!(events::availability::availability))
        .layer(CompressionLayer::new());
    let bookings = OpenApiRouter::new()
        .routes(routes!(events::stream::stream))
        .routes(routes!(reservations::create::create))
        .routes(routes!(reservations::show::show, reservations::cancel::cancel))
        .routes(routes!(reservations::tickets::tickets))
        .routes(routes!(reservations::tickets::qr))
        .routes(routes!(payments::create::create))
        .routes(routes!(payments::show::show));
    OpenApiRouter::with_openapi(Document::openapi())
        .merge(reads)
        .merge(bookings)
        .routes(routes!(problem::page))
        .routes(routes!(health::live))
        .routes(routes!(health::ready))
}

async fn method_not_allowed(request: Request) -> Response {
    let detail = format!("{} is not allowed here.", request.method());
    Problem::new(Kind::MethodNotAllowed, detail).into_response()
}
