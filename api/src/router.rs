//! Every route, in one table.

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::http::header;
use axum::middleware::from_extractor_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use process::settings::Settings;
use tower_http::compression::CompressionLayer;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::extract::Organiser;
use crate::openapi::{self, Document};
use crate::problem::{self, Kind, Problem};
use crate::serve::{Middleware, Page};
use crate::state::Shared;
use crate::{events, health, operators, payments, reservations};

pub(crate) fn public(api: &Shared) -> Middleware {
    Middleware::new(Arc::clone(api), public_routes(api))
}

fn public_routes(api: &Shared) -> Router {
    let document: Arc<str> =
        document().to_json().expect("plain data always has a JSON form").into();
    let description = get(move || async move {
        ([(header::CONTENT_TYPE, "application/json")], document.to_string()).into_response()
    });
    let page = Page::new(&api.settings.web_dir);
    Router::from(routes())
        .merge(guard_organiser(api, organiser_routes()))
        .route("/api/openapi.json", description)
        .method_not_allowed_fallback(method_not_allowed)
        .fallback(move |request: Request| page.clone().answer(request))
        .with_state(Arc::clone(api))
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

/// The OpenAPI document, served as `/api/openapi.json`.
pub(crate) fn document() -> utoipa::openapi::OpenApi {
    openapi::complete(routes().merge(organiser_routes()).into_openapi())
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

/// The routes for organisers. Every path begins with `/api/v1/organiser/`.
fn organiser_routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
}

/// Checks the organiser's token before each of these routes and before every other path below the
/// prefix. So no route can forget the check, and nobody without a token learns which routes exist.
fn guard_organiser(api: &Shared, routes: OpenApiRouter<Shared>) -> Router<Shared> {
    Router::from(routes)
        .route("/api/v1/organiser/{*rest}", any(no_organiser_route))
        .method_not_allowed_fallback(method_not_allowed)
        .layer(from_extractor_with_state::<Organiser, Shared>(Arc::clone(api)))
}

async fn no_organiser_route() -> Problem {
    Problem::not_found("There is no such organiser's route.")
}

async fn method_not_allowed(request: Request) -> Response {
    let detail = format!("{} is not allowed here.", request.method());
    Problem::new(Kind::MethodNotAllowed, detail).into_response()
}

#[cfg(test)]
#[path = "router_tests.rs"]
mod tests;
