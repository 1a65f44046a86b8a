//! One buyer: their plan, their requests, and the result.

use anyhow::{Result, bail, ensure};
use serde_json::{Value, json};

use super::client::{Answer, Client};
use super::plan::Plan;
use super::random::Random;
use super::stage::{Event, Stage};

const GOOD: &str = "4242424242424242";
const DECLINED: &str = "4000000000000002";
const TOO_POOR: &str = "4000000000009995";
const PROCESSING_ERROR: &str = "4000000000000119";

/// A ticket of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Ticket {
    pub(super) event: i64,
    pub(super) section: i64,
    pub(super) number: i64,
}

/// The result of one buyer.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Story {
    /// The steps, in words.
    pub(super) told: String,
    /// Tickets that were paid for.
    pub(super) bought: Vec<Ticket>,
    /// Tickets that are still held.
    pub(super) held: Vec<Ticket>,
    /// What should not have happened.
    pub(super) wrong: Option<String>,
}

/// Bought tickets and held tickets.
type Tickets = (Vec<Ticket>, Vec<Ticket>);

pub(super) struct Buyer<'a> {
    client: &'a Client,
    stage: &'a Stage,
    number: usize,
    seed: u64,
    random: Random,
    told: Vec<String>,
}

impl<'a> Buyer<'a> {
    pub(super) fn new(client: &'a Client, stage: &'a Stage, seed: u64, number: usize) -> Self {
        let random = Random::new(seed, number as u64);
        Self { client, stage, number, seed, random, told: Vec::new() }
    }

    /// Follows the plan to its end.
    pub(super) fn play(mut self) -> Story {
        let ended = self.act();
        let wrong = ended.as_ref().err().map(|error| format!("{error:#}"));
        let (bought, held) = ended.unwrap_or_default();
        Story { told: self.told.join(" → "), bought, held, wrong }
    }

    fn act(&mut self) -> Result<Tickets> {
        let plan = Plan::of(self.number);
        let event = match (&self.stage.short, plan) {
            (Some(short), Plan::RunOut) => short,
            _ => &self.stage.main,
        };
        let Some(path) = self.reserve(plan, event)? else { return Ok(Tickets::default()) };
        let expected = self.after_hold(plan, &path)?;
        let last = self.client.follow(&path, |status| status == expected || is_final(status))?;
        ensure!(
            last.text("status") == expected,
            "told {expected}, but it is {}",
            last.text("status")
        );
        let tickets = tickets(event, &last.body);
        match expected {
            "confirmed" => {
                self.expect_tickets(&path, tickets.len())?;
                Ok((tickets, Vec::new()))
            }
            "held" => Ok((Vec::new(), tickets)),
            _ => Ok(Tickets::default()),
        }
    }

    /// Reserves tickets. Returns the path of the reservation if it is held.
    fn reserve(&mut self, plan: Plan, event: &Event) -> Result<Option<String>> {
        let wish = self.wish(plan, event);
        let body = merged(json!({"customer": self.customer()}), wish);
        let base = format!("/api/v1/events/{}/reservations", event.id);
        let answer = self.client.post(&base, &body, &self.key("reserve"))?;
        let path = answer.path_or(format!("{base}/{}", answer.text("id")));
        let answer = match answer.status {
            202 => self.client.follow(&path, |status| status != "pending")?,
            _ => answer,
        };
        match (answer.status, answer.text("status")) {
            (200 | 201, "held") => {
                self.tell(format!("held {}", labels(&answer.body)));
                Ok(Some(path))
            }
            (200, "rejected") | (409, _) => {
                self.tell(format!("refused: {}", reason(&answer)));
                Ok(None)
            }
            (status, _) => bail!("the reservation was answered with {status} {}", answer.body),
        }
    }

    fn wish(&mut self, plan: Plan, event: &Event) -> Value {
        if plan == Plan::Pick && !event.wanted.is_empty() {
            let first = self.random.below(event.wanted.len());
            let count = 1 + self.random.below(3);
            let tickets: Vec<i64> = event.wanted.iter().skip(first).take(count).copied().collect();
            self.tell(format!("picks {tickets:?}"));
            return json!({"tickets": tickets});
        }
        let quantity = 1 + self.random.below(3);
        self.tell(format!("wants the best {quantity}"));
        json!({"best": {"quantity": quantity, "together": false}})
    }

    /// What the buyer does after the hold. Returns the state that the reservation must reach.
    fn after_hold(&mut self, plan: Plan, path: &str) -> Result<&'static str> {
        match plan {
            Plan::Pick | Plan::Best => self.pay_and_expect(path, GOOD, true)?,
            Plan::Declined => {
                self.pay_and_expect(path, DECLINED, false)?;
                self.pay_and_expect(path, GOOD, true)?;
            }
            Plan::ProcessingError => {
                self.pay_and_expect(path, PROCESSING_ERROR, false)?;
                self.pay_and_expect(path, PROCESSING_ERROR, true)?;
            }
            Plan::TooPoor => {
                self.pay_and_expect(path, TOO_POOR, false)?;
                return self.cancel(path);
            }
            Plan::Cancel => return self.cancel(path),
            Plan::RunOut if self.stage.short.is_some() => {
                self.tell("lets the hold run out".to_owned());
                return Ok("expired");
            }
            Plan::RunOut => {
                self.tell("walks away".to_owned());
                return Ok("held");
            }
        }
        Ok("confirmed")
    }

    fn pay_and_expect(&mut self, path: &str, card: &str, succeeds: bool) -> Result<()> {
        let base = format!("{path}/payments");
        let key = self.key(&format!("pay {}", self.told.len()));
        let answer = self.client.post(&base, &json!({"card": card}), &key)?;
        let answer = if answer.status == 202 {
            let payment = answer.path_or(format!("{base}/{}", answer.text("id")));
            self.client.follow(&payment, |status| status != "processing")?
        } else {
            answer
        };
        let succeeded = answer.text("status") == "succeeded";
        self.tell(if succeeded {
            "paid".to_owned()
        } else {
            format!("not paid: {}", reason(&answer))
        });
        ensure!(
            succeeded == succeeds && answer.status < 500 && answer.status != 404,
            "the payment was answered with {} {}",
            answer.status,
            answer.body
        );
        Ok(())
    }

    fn cancel(&mut self, path: &str) -> Result<&'static str> {
        let answer = self.client.delete(path)?;
        ensure!(
            matches!(answer.status, 200 | 202 | 204),
            "the cancel was answered with {} {}",
            answer.status,
            answer.body
        );
        self.tell("cancelled".to_owned());
        Ok("cancelled")
    }

    fn expect_tickets(&self, path: &str, count: usize) -> Result<()> {
        let answer = self.client.get(&format!("{path}/tickets"))?;
        let given = answer.body["tickets"].as_array().map_or(0, Vec::len);
        ensure!(
            answer.status == 200 && given == count,
            "{count} tickets were paid for, {given} were given ({})",
            answer.status
        );
        Ok(())
    }

    fn customer(&self) -> String {
        format!("demo-{}-{}@example.org", self.seed, self.number)
    }

    /// Idempotency keys differ between two demos with the same seed: the second demo is a new sale.
    fn key(&self, step: &str) -> String {
        format!("{} {} {step}", std::process::id(), self.customer())
    }

    fn tell(&mut self, what: String) {
        self.told.push(what);
    }
}

fn is_final(status: &str) -> bool {
    ["confirmed", "rejected", "cancelled", "expired", "refunded"].contains(&status)
}

fn tickets(event: &Event, reservation: &Value) -> Vec<Ticket> {
    let list = reservation["tickets"].as_array().into_iter().flatten();
    let ticket = |one: &Value| {
        let (section, number) = (one["section"].as_i64()?, one["number"].as_i64()?);
        Some(Ticket { event: event.id, section, number })
    };
    list.filter_map(ticket).collect()
}

fn labels(reservation: &Value) -> String {
    let list = reservation["tickets"].as_array().into_iter().flatten();
    let labels = list.map(|one| one["label"].as_str().unwrap_or("?"));
    labels.collect::<Vec<_>>().join(", ")
}

fn reason(answer: &Answer) -> String {
    let reason = [answer.text("reason"), answer.text("title")];
    reason.into_iter().find(|text| !text.is_empty()).unwrap_or("no reason given").to_owned()
}

fn merged(mut one: Value, other: Value) -> Value {
    if let (Some(one), Value::Object(other)) = (one.as_object_mut(), other) {
        one.extend(other);
    }
    one
}
