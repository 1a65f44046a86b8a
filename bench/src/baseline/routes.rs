//! The routes that the load kit uses, with the front door's paths, bodies and statuses.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use booking::ids::EventId;
use serde::Deserialize;
use serde_json::json;
use store::availability;

use super::Baseline;
use super::book::{Booked, Hold};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    customer: String,
    tickets: Vec<i32>,
}

pub(super) fn router(baseline: Baseline) -> Router {
    Router::new()
        .route("/readyz", get(async || "ready\n"))
        .route("/api/v1/events/{event}/reservations", post(reserve))
        .route("/api/v1/events/{event}/availability", get(availability))
        .with_state(Arc::new(baseline))
}

async fn reserve(
    State(baseline): State<Arc<Baseline>>,
    Path(event): Path<i32>,
    Json(mut order): Json<Order>,
) -> Response {
    order.tickets.sort_unstable();
    match baseline.book(EventId(event), &order.customer, &order.tickets).await {
        Ok(Booked::Held(hold)) => held(event, &order, &hold),
        Ok(Booked::Taken(tickets)) => problem(
            StatusCode::CONFLICT,
            &json!({"type": "/problems/tickets-unavailable", "status": 409, "tickets": tickets}),
        ),
        Ok(Booked::Unknown) => problem(
            StatusCode::UNPROCESSABLE_ENTITY,
            &json!({"type": "/problems/invalid-request", "status": 422}),
        ),
        Err(error) => {
            tracing::warn!(error = format!("{error:#}"), "a booking failed");
            problem(
                StatusCode::SERVICE_UNAVAILABLE,
                &json!({"type": "/problems/unavailable", "status": 503}),
            )
        }
    }
}

fn held(event: i32, order: &Order, hold: &Hold) -> Response {
    let money = |amount: i64| json!({"amount": amount, "currency": hold.currency});
    let tickets: Vec<_> = order
        .tickets
        .iter()
        .zip(&hold.prices)
        .map(|(number, price)| json!({"number": number, "price": money(*price)}))
        .collect();
    let body = json!({
        "id": hold.id, "event": event, "customer": order.customer, "status": "held", "revision": 1,
        "tickets": tickets, "total": money(hold.prices.iter().sum()), "created_at": hold.now,
        "expires_at": hold.expires_at, "server_now": hold.now,
    });
    (StatusCode::CREATED, Json(body)).into_response()
}

async fn availability(State(baseline): State<Arc<Baseline>>, Path(event): Path<i32>) -> Response {
    let read = async {
        let plans = baseline.plans.find_plans(&baseline.pool, &[EventId(event)]).await?;
        let sections = plans.values().flat_map(|plan| &plan.sections);
        let sections: Vec<_> = sections.map(|section| (EventId(event), section.number)).collect();
        availability::find(&mut *baseline.pool.acquire().await?, &sections).await
    };
    match read.await {
        Err(error) => {
            tracing::warn!(%error, "a read failed");
            problem(
                StatusCode::SERVICE_UNAVAILABLE,
                &json!({"type": "/problems/unavailable", "status": 503}),
            )
        }
        Ok(sections) => {
            let section = |state: &availability::SectionState| {
                let taken: Vec<i32> = state.taken.iter().map(|(ticket, ..)| ticket.0).collect();
                json!({"number": state.number.0, "version": state.version,
                       "available": state.available, "taken": taken})
            };
            let sections: Vec<_> = sections.iter().map(section).collect();
            Json(json!({"server_now": process::clock::now(), "sections": sections})).into_response()
        }
    }
}

fn problem(status: StatusCode, body: &serde_json::Value) -> Response {
    (status, Json(body)).into_response()
}
