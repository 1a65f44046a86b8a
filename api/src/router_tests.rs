use axum::body::Body;
use axum::http::{Method, StatusCode};
use process::settings::Settings;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use super::*;
use crate::state::Api;

const TOKENS: [Option<&str>; 4] =
    [None, Some("Bearer wrong"), Some("Bearer "), Some("Basic right")];

#[utoipa::path(
    get, path = "/api/v1/organiser/events/{event}", operation_id = "see", responses((status = 200))
)]
async fn see() -> &'static str {
    "seen"
}

#[utoipa::path(
    delete, path = "/api/v1/organiser/events/{event}", operation_id = "drop",
    responses((status = 200))
)]
async fn delete() -> &'static str {
    "deleted"
}

fn start_api() -> Shared {
    let mut settings = Settings::default();
    settings.api.organiser_tokens = vec!["right".into()];
    settings.database.url = "postgres://me:hush@127.0.0.1:1/none".into();
    settings.broker.url = "amqp://me:hush@127.0.0.1:1/none".into();
    Api::start(&settings, &CancellationToken::new()).unwrap()
}

async fn ask(router: &Router, method: Method, path: &str, token: Option<&str>) -> Response {
    let mut request = Request::builder().method(method).uri(path);
    if let Some(token) = token {
        request = request.header(header::AUTHORIZATION, token);
    }
    router.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap()
}

/// Every operation under `/organiser/`, with 1 for what the path leaves open.
fn organiser_operations(document: &utoipa::openapi::OpenApi) -> Vec<(Method, String)> {
    let document = serde_json::to_value(document).unwrap();
    let paths = document["paths"].as_object().unwrap();
    let mut operations = Vec::new();
    for (path, item) in paths.iter().filter(|(path, _)| path.contains("/organiser/")) {
        let parts = path.split('/').map(|part| if part.starts_with('{') { "1" } else { part });
        let path = parts.collect::<Vec<_>>().join("/");
        for method in item.as_object().unwrap().keys() {
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
            operations.push((method, path.clone()));
        }
    }
    operations
}

async fn assert_closed(router: &Router, method: &Method, path: &str) {
    for token in TOKENS {
        let answer = ask(router, method.clone(), path, token).await;
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{method} {path} {token:?}");
        assert_eq!(answer.headers()[header::WWW_AUTHENTICATE], "Bearer");
    }
}

#[tokio::test]
async fn an_organisers_route_is_closed_without_its_own_doing() {
    let api = start_api();
    let routes = OpenApiRouter::new().routes(routes!(see, delete));
    let operations = organiser_operations(routes.get_openapi());
    let router = guard_organiser(&api, routes).with_state(api);
    assert_eq!(operations.len(), 2);
    for (method, path) in operations {
        assert_closed(&router, &method, &path).await;
        let answer = ask(&router, method, &path, Some("Bearer right")).await;
        assert_eq!(answer.status(), StatusCode::OK);
    }
    let path = "/api/v1/organiser/events/1";
    assert_closed(&router, &Method::POST, path).await;
    let answer = ask(&router, Method::POST, path, Some("Bearer right")).await;
    assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn every_path_of_organisers_is_closed_to_others() {
    let api = start_api();
    let router = public_routes(&api);
    let unknown = "/api/v1/organiser/unknown/1";
    let mut operations = organiser_operations(&document());
    for method in [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
        operations.push((method, unknown.to_owned()));
    }
    for (method, path) in operations {
        assert_closed(&router, &method, &path).await;
    }
    let answer = ask(&router, Method::GET, unknown, Some("Bearer right")).await;
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    let answer = ask(&router, Method::GET, "/api/v1/events/0", None).await;
    assert_eq!(answer.status(), StatusCode::NOT_FOUND, "other routes need no token");
}

/// The size of the future that a handler of three or of five arguments returns.
trait Answers<Arguments> {
    const FUTURE_SIZE: usize;
}

impl<F: Fn(A, B, C) -> R, A, B, C, R> Answers<(A, B, C)> for F {
    const FUTURE_SIZE: usize = size_of::<R>();
}

impl<F: Fn(A, B, C, D, E) -> R, A, B, C, D, E, R> Answers<(A, B, C, D, E)> for F {
    const FUTURE_SIZE: usize = size_of::<R>();
}

fn future_size<F: Answers<Arguments>, Arguments>(_handler: F) -> usize {
    F::FUTURE_SIZE
}

/// There is one such future for each client that waits: a hundred thousand must fit into memory.
#[test]
fn what_a_waiting_request_keeps_is_small() {
    let sizes = [
        future_size(reservations::create::create),
        future_size(reservations::cancel::cancel),
        future_size(payments::create::create),
    ];
    assert!(sizes.iter().all(|size| *size <= 1_280), "{sizes:?}");
}
