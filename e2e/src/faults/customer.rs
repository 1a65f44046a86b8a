//! A customer of the fault harness: sends requests, retries those that it may retry, and records
//! every answer.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::dice::Dice;
use super::model::{Asked, Model, Reply};
use crate::{Answer, Buyer};

/// Test cards. The one that succeeds is more frequent than the others.
const CARDS: [&str; 8] = [
    "4242424242424242",
    "4242424242424242",
    "4242424242424242",
    "4242424242424242",
    "4000000000000002",
    "4000000000009995",
    "4000000000000119",
    "4000000000000408",
];
/// How often a request is sent before a customer gives up.
const TRIES_MAX: u32 = 8;
/// How long a customer looks for a reservation that may not have been queued.
const LOOK_UP_FOR: Duration = Duration::from_secs(10);

/// What all customers of one round share.
#[derive(Debug)]
pub(super) struct Counter {
    /// A client for each front door.
    pub(super) doors: Vec<Buyer>,
    /// Records the answers.
    pub(super) model: Arc<Model>,
    /// The events on sale.
    pub(super) events: Vec<i32>,
    /// Tickets of each event.
    pub(super) tickets: u64,
    /// When customers stop sending requests.
    pub(super) closes: Instant,
}

/// One customer. Its behaviour follows from its dice.
pub(super) struct Customer {
    counter: Arc<Counter>,
    dice: Dice,
    number: u64,
    event: i32,
}

impl Customer {
    pub(super) fn new(counter: Arc<Counter>, dice: Dice, number: u64) -> Self {
        let mut dice = dice;
        let event = *dice.one(&counter.events);
        Self { counter, dice, number, event }
    }

    /// Books, and then pays, cancels, or lets the hold expire.
    pub(super) async fn run(mut self) {
        let key = self.dice.percent(85).then(|| format!("reserve-{}", self.number));
        let body = self.wish();
        let path = format!("/api/v1/events/{}/reservations", self.event);
        let Some(reply) =
            self.ask_until_known(Asked::Reserve, &path, key.as_deref(), Some(body.clone())).await
        else {
            return;
        };
        let Some(id) = reply.reservation.clone() else { return };
        if key.is_some() && self.dice.percent(20) {
            // The same request to another front door.
            self.ask_until_known(Asked::Reserve, &path, key.as_deref(), Some(body)).await;
        }
        let until = match reply.status {
            200..=202 => self.counter.closes,
            _ => self.counter.closes.min(Instant::now() + LOOK_UP_FOR),
        };
        if self.decided(&id, until).await.as_deref() != Some("held") {
            return;
        }
        match self.dice.below(100) {
            0..60 => self.pay(&id, "one").await,
            60..70 => {
                let other = self.twin();
                tokio::join!(self.pay(&id, "one"), other.pay_alone(&id));
            }
            70..78 => {
                let other = self.twin();
                tokio::join!(self.pay(&id, "one"), other.cancel(&id));
            }
            78..90 => self.twin().cancel(&id).await,
            _ => {}
        }
    }

    fn twin(&mut self) -> Self {
        let dice = Dice::of(self.dice.below(u64::MAX), "twin", self.number);
        Self { counter: Arc::clone(&self.counter), dice, number: self.number, event: self.event }
    }

    fn wish(&mut self) -> Value {
        // Few different customers, so that some reach their limit.
        let customer = format!("customer-{}@example.org", self.dice.below(400));
        if self.dice.percent(20) {
            let quantity = self.dice.between(1, 4);
            return json!({"customer": customer, "best": {"quantity": quantity}});
        }
        // Half of the customers want the same few seats.
        let end = if self.dice.percent(50) { 30 } else { self.counter.tickets };
        let first = self.dice.between(1, end.saturating_sub(3).max(1));
        let tickets: Vec<u64> = (first..=first + self.dice.below(3)).collect();
        json!({"customer": customer, "tickets": tickets})
    }

    async fn pay(&mut self, id: &str, name: &str) {
        let key = format!("pay-{}-{name}", self.number);
        let path = format!("/api/v1/events/{}/reservations/{id}/payments", self.event);
        let body = json!({"card": self.dice.one(&CARDS)});
        let Some(reply) = self.ask_until_known(Asked::Pay, &path, Some(&key), Some(body)).await
        else {
            return;
        };
        let Some(payment) = reply.payment else { return };
        let path = format!("{path}/{payment}");
        while !self.is_over() {
            match self.ask(Asked::ShowPayment, &path, None, None).await {
                Some(reply) if reply.status == 200 && reply.state != "processing" => return,
                _ => sleep(Duration::from_millis(400)).await,
            }
        }
    }

    async fn pay_alone(mut self, id: &str) {
        self.pay(id, "two").await;
    }

    async fn cancel(mut self, id: &str) {
        let path = format!("/api/v1/events/{}/reservations/{id}", self.event);
        self.ask_until_known(Asked::Cancel, &path, None, None).await;
    }

    /// Waits for the decision about a reservation. Returns its state.
    async fn decided(&mut self, id: &str, until: Instant) -> Option<String> {
        let path = format!("/api/v1/events/{}/reservations/{id}", self.event);
        while Instant::now() < until {
            match self.ask(Asked::Show, &path, None, None).await {
                Some(reply) if reply.status == 200 && reply.state != "pending" => {
                    return Some(reply.state);
                }
                _ => sleep(Duration::from_millis(200)).await,
            }
        }
        None
    }

    /// Sends a request until its result is known. Without an idempotency key it cannot be repeated.
    async fn ask_until_known(
        &mut self,
        asked: Asked,
        path: &str,
        key: Option<&str>,
        body: Option<Value>,
    ) -> Option<Reply> {
        for _ in 0..TRIES_MAX {
            let reply = self.ask(asked, path, key, body.clone()).await;
            let may_repeat = key.is_some() || asked == Asked::Cancel;
            match reply {
                Some(reply) if reply.status != 503 => return Some(reply),
                // An answer with an id is enough: the reservation can be looked up.
                Some(reply) if !may_repeat => return reply.reservation.is_some().then_some(reply),
                None if !may_repeat => return None,
                _ if self.is_over() => return None,
                _ => sleep(Duration::from_millis(self.dice.between(200, 900))).await,
            }
        }
        None
    }

    /// Sends one request to one of the front doors.
    async fn ask(
        &mut self,
        asked: Asked,
        path: &str,
        key: Option<&str>,
        body: Option<Value>,
    ) -> Option<Reply> {
        let method = match asked {
            Asked::Reserve | Asked::Pay => Method::POST,
            Asked::Show | Asked::ShowPayment => Method::GET,
            Asked::Cancel => Method::DELETE,
        };
        let mut headers = Vec::new();
        if self.dice.percent(60) {
            headers.push(("prefer", "wait=3"));
        }
        headers.extend(key.map(|key| ("idempotency-key", key)));
        let counter = Arc::clone(&self.counter);
        let door = self.dice.one(&counter.doors);
        let answer: Option<Answer> = door.ask(method, path, &headers, body).await.ok();
        let Some(answer) = answer else {
            counter.model.unanswered();
            return None;
        };
        let reply = Reply::of(asked, &answer, of_path(asked, path));
        counter.model.record(self.event, key, &reply);
        Some(reply)
    }

    fn is_over(&self) -> bool {
        Instant::now() >= self.counter.closes
    }
}

/// The reservation in a path.
fn of_path(asked: Asked, path: &str) -> Option<&str> {
    match asked {
        Asked::Reserve => None,
        _ => path.split('/').nth(6),
    }
}
