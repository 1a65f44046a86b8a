//! What clients asked for, and every answer that they were given.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use serde_json::Value;

use crate::Answer;

/// Which request an answer was given to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Asked {
    /// For tickets.
    Reserve,
    /// What became of a reservation.
    Show,
    /// To give a hold back.
    Cancel,
    /// To have a reservation paid.
    Pay,
    /// What became of a payment.
    ShowPayment,
}

/// One answer.
#[derive(Debug, Clone)]
pub(super) struct Told {
    /// To what.
    pub(super) asked: Asked,
    /// The status code.
    pub(super) status: u16,
    /// Seconds to wait before asking again, where it says so.
    pub(super) retry_after: Option<u32>,
    /// The reservation that it speaks of.
    pub(super) reservation: Option<String>,
    /// The payment that it speaks of.
    pub(super) payment: Option<String>,
    /// The state of the one or the other; empty in most problems.
    pub(super) state: String,
    /// The reservation's revision.
    pub(super) revision: Option<i64>,
    /// The tickets of the reservation.
    pub(super) tickets: Vec<i64>,
    /// The body, for whoever has to find out what went wrong.
    pub(super) body: Value,
}

impl Told {
    /// Reads an answer about the reservation that was asked for, where that is known.
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

    /// The answer says that the reservation is in this state, not merely that it was refused.
    pub(super) fn shows(&self, state: &str) -> bool {
        self.revision.is_some() && self.state == state
    }
}

/// All that clients know of one another's requests: the reservations and payments that were
/// accepted, and everything that was told of each.
#[derive(Debug, Default)]
pub(super) struct Model {
    kept: Mutex<Kept>,
}

/// What a model has recorded.
#[derive(Debug, Default, Clone)]
pub(super) struct Kept {
    /// Every answer, in the order in which they came.
    pub(super) told: Vec<Told>,
    /// The reservations that were accepted: a final outcome is owed to each.
    pub(super) accepted: BTreeMap<String, i32>,
    /// Those that may have been queued or not: their clients were told an id, and that nothing is
    /// certain.
    pub(super) unpromised: BTreeMap<String, i32>,
    /// The payments that were accepted, with their reservations.
    pub(super) payments: BTreeMap<String, String>,
    /// The ids that were told under each idempotency key.
    pub(super) keys: BTreeMap<String, String>,
    /// What contradicts itself already.
    pub(super) contradictions: Vec<String>,
    /// Requests that no answer came to, because a connection was lost.
    pub(super) unanswered: u64,
}

impl Model {
    /// Records an answer about event `event`.
    pub(super) fn told(&self, event: i32, key: Option<&str>, told: &Told) {
        let mut kept = self.lock();
        let accepted = matches!(told.status, 200..=202);
        if let (Asked::Reserve, Some(id)) = (told.asked, &told.reservation) {
            if accepted {
                kept.accepted.insert(id.clone(), event);
                kept.unpromised.remove(id);
            } else if told.status == 503 && !kept.accepted.contains_key(id) {
                kept.unpromised.insert(id.clone(), event);
            }
            kept.note_key(key, id);
        }
        if let (Asked::Pay, Some(id), Some(of)) = (told.asked, &told.payment, &told.reservation) {
            if accepted {
                kept.payments.insert(id.clone(), of.clone());
            }
            kept.note_key(key, id);
        }
        kept.told.push(told.clone());
    }

    /// Records that a connection was lost before the answer.
    pub(super) fn unanswered(&self) {
        self.lock().unanswered += 1;
    }

    /// The reservations that were accepted so far.
    pub(super) fn accepted(&self) -> Vec<String> {
        self.lock().accepted.keys().cloned().collect()
    }

    /// The same, each with its event.
    pub(super) fn accepted_of(&self) -> Vec<(String, i32)> {
        self.lock().accepted.iter().map(|(id, event)| (id.clone(), *event)).collect()
    }

    /// Those that may have been queued or not, each with its event.
    pub(super) fn unpromised_of(&self) -> Vec<(String, i32)> {
        self.lock().unpromised.iter().map(|(id, event)| (id.clone(), *event)).collect()
    }

    /// Records that something is wrong already.
    pub(super) fn contradiction(&self, what: String) {
        self.lock().contradictions.push(what);
    }

    /// Takes all that was recorded, and begins anew.
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
