//! The requests of clients, and every answer to them.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use serde_json::Value;

use crate::Answer;

/// The request that an answer belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Asked {
    /// To reserve tickets.
    Reserve,
    /// To read a reservation.
    Show,
    /// To cancel a hold.
    Cancel,
    /// To pay for a reservation.
    Pay,
    /// To read a payment.
    ShowPayment,
}

/// One answer, as it is recorded.
#[derive(Debug, Clone)]
pub(super) struct Reply {
    pub(super) asked: Asked,
    pub(super) status: u16,
    /// The `Retry-After` header, in seconds.
    pub(super) retry_after: Option<u32>,
    /// The id of the reservation.
    pub(super) reservation: Option<String>,
    /// The id of the payment.
    pub(super) payment: Option<String>,
    /// The state of the reservation or payment. Empty in most problems.
    pub(super) state: String,
    /// The reservation's revision.
    pub(super) revision: Option<i64>,
    /// The tickets of the reservation.
    pub(super) tickets: Vec<i64>,
    /// The body, to find the cause of a failure.
    pub(super) body: Value,
}

impl Reply {
    /// Reads an answer. `known` is the reservation in the request, if there is one.
    pub(super) fn of(asked: Asked, answer: &Answer, known: Option<&str>) -> Self {
        let text = |name: &str| answer.body[name].as_str().map(str::to_owned);
        let is_view = answer.body["status"].is_string();
        let of_payment = matches!(asked, Asked::Pay | Asked::ShowPayment);
        let (reservation, payment) = match (of_payment, is_view) {
            (false, true) => (text("id"), None),
            (true, true) => (text("reservation"), text("id")),
            (_, false) => (text("reservation"), text("payment")),
        };
        let tickets = answer.body["tickets"].as_array().into_iter().flatten();
        Self {
            asked,
            status: answer.status,
            retry_after: answer.header("retry-after").parse().ok(),
            reservation: reservation.or_else(|| known.map(str::to_owned)),
            payment,
            state: text(if is_view { "status" } else { "state" }).unwrap_or_default(),
            revision: if of_payment { None } else { answer.body["revision"].as_i64() },
            tickets: tickets.filter_map(|ticket| ticket["number"].as_i64()).collect(),
            body: answer.body.clone(),
        }
    }

    /// Whether the answer says that the reservation is in this state, and not only that the request
    /// was refused.
    pub(super) fn shows(&self, state: &str) -> bool {
        self.revision.is_some() && self.state == state
    }
}

/// What all clients know: the reservations and payments that were accepted, and every answer about
/// them.
#[derive(Debug, Default)]
pub(super) struct Model {
    kept: Mutex<Kept>,
}

/// What a model has recorded.
#[derive(Debug, Default, Clone)]
pub(super) struct Kept {
    /// In the order in which they arrived.
    pub(super) replies: Vec<Reply>,
    /// Accepted reservations with their events. Each must get a final outcome.
    pub(super) accepted: BTreeMap<String, i32>,
    /// Reservations that may have been queued or not: the answer had an id and said so.
    pub(super) uncertain: BTreeMap<String, i32>,
    /// Accepted payments with their reservations.
    pub(super) payments: BTreeMap<String, String>,
    /// The ids that were returned for each idempotency key.
    pub(super) keys: BTreeMap<String, String>,
    /// Contradictions found while recording.
    pub(super) contradictions: Vec<String>,
    /// Requests without an answer, because a connection was lost.
    pub(super) unanswered: u64,
}

impl Model {
    /// Records an answer about an event.
    pub(super) fn record(&self, event: i32, key: Option<&str>, reply: &Reply) {
        let mut kept = self.lock();
        let accepted = matches!(reply.status, 200..=202);
        if let (Asked::Reserve, Some(id)) = (reply.asked, &reply.reservation) {
            if accepted {
                kept.accepted.insert(id.clone(), event);
                kept.uncertain.remove(id);
            } else if reply.status == 503 && !kept.accepted.contains_key(id) {
                kept.uncertain.insert(id.clone(), event);
            }
            kept.note_key(key, id);
        }
        if let (Asked::Pay, Some(id), Some(of)) = (reply.asked, &reply.payment, &reply.reservation)
        {
            if accepted {
                kept.payments.insert(id.clone(), of.clone());
            }
            kept.note_key(key, id);
        }
        kept.replies.push(reply.clone());
    }

    /// Records a connection that was lost before the answer.
    pub(super) fn unanswered(&self) {
        self.lock().unanswered += 1;
    }

    /// The reservations accepted so far.
    pub(super) fn accepted(&self) -> Vec<String> {
        self.lock().accepted.keys().cloned().collect()
    }

    /// The reservations accepted so far, with their events.
    pub(super) fn accepted_of(&self) -> Vec<(String, i32)> {
        self.lock().accepted.iter().map(|(id, event)| (id.clone(), *event)).collect()
    }

    /// Reservations that may have been queued or not, with their events.
    pub(super) fn uncertain_of(&self) -> Vec<(String, i32)> {
        self.lock().uncertain.iter().map(|(id, event)| (id.clone(), *event)).collect()
    }

    /// Records a contradiction.
    pub(super) fn contradiction(&self, what: String) {
        self.lock().contradictions.push(what);
    }

    /// Takes everything recorded, and starts anew.
    pub(super) fn take(&self) -> Kept {
        std::mem::take(&mut *self.lock())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn note_key(&mut self, key: Option<&str>, id: &str) {
        let Some(key) = key else { return };
        let first = self.keys.entry(key.to_owned()).or_insert_with(|| id.to_owned()).clone();
        if first != id {
            self.contradictions.push(format!("the key {key} gave {first} and then {id}"));
        }
    }
}
