//! A buyer that costs as little CPU time as possible.

use std::rc::Rc;
use std::time::{Duration, Instant};

use booking::ids::EventId;

use crate::http::{Failure, Pool, Request, Versions, versions};
use crate::load::Outcome;

/// How buyers learn of the decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// The server waits before it responds.
    Wait {
        /// The longest wait.
        seconds: u32,
    },
    /// The buyer asks repeatedly.
    Poll {
        /// Time between two questions.
        every: Duration,
        /// When the buyer gives up.
        patience: Duration,
    },
}

/// The result of a booking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Booked {
    pub outcome: Outcome,
    /// The reservation, if there is one.
    pub id: Option<String>,
    pub retry_after_seconds: Option<u32>,
}

/// Sends the requests of buyers of one event. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Client {
    pool: Rc<Pool>,
    event: EventId,
    mode: Mode,
}

impl Client {
    pub fn new(pool: Rc<Pool>, event: EventId, mode: Mode) -> Self {
        Self { pool, event, mode }
    }

    /// A client of another event, on the same connections.
    #[must_use]
    pub fn at(&self, event: EventId) -> Self {
        Self { event, ..self.clone() }
    }

    /// Requests tickets, and waits for the decision in this client's mode.
    pub async fn book(&self, customer: u64, tickets: &[i32]) -> Booked {
        let wait = match self.mode {
            Mode::Wait { seconds } => Some(seconds),
            Mode::Poll { .. } => None,
        };
        let request = Request::reserve(self.event.0, customer, tickets, wait);
        let booked = self.send(&request).await;
        match (self.mode, &booked) {
            (
                Mode::Poll { every, patience },
                Booked { outcome: Outcome::TimedOut, id: Some(id), .. },
            ) => {
                let outcome = self.poll(id, every, Instant::now() + patience).await;
                Booked { outcome, ..booked }
            }
            _ => booked,
        }
    }

    /// Queues a request without waiting for the decision. Returns the id of the reservation.
    pub async fn submit(&self, customer: u64, tickets: &[i32]) -> Booked {
        self.send(&Request::reserve(self.event.0, customer, tickets, None)).await
    }

    /// Waits for the next state of a reservation, with one long poll. Won means held.
    pub async fn follow(&self, reservation: &str, seconds: u32) -> Outcome {
        let request = Request::look(self.event.0, reservation, Some(seconds));
        self.ask(&request, |answer| state(answer.status, answer.body)).await
    }

    /// Pays for a reservation, and waits for the outcome.
    pub async fn pay(&self, reservation: &str) -> Outcome {
        let request = Request::pay(self.event.0, reservation, Some(30));
        self.ask(&request, |answer| Outcome::of_status(answer.status)).await
    }

    pub async fn tickets(&self, reservation: &str) -> Outcome {
        let event = self.event.0;
        let path = format_args!("/api/v1/events/{event}/reservations/{reservation}/tickets");
        self.ask(&Request::get(path, ""), |answer| Outcome::of_status(answer.status)).await
    }

    pub async fn availability(&self) -> Outcome {
        let path = format_args!("/api/v1/events/{}/availability", self.event.0);
        self.ask(&Request::get(path, ""), |answer| Outcome::of_status(answer.status)).await
    }

    /// The current versions of the event's sections.
    pub async fn versions(&self) -> Option<Versions> {
        let path = format_args!("/api/v1/events/{}/availability", self.event.0);
        let read =
            |answer: crate::http::Answer<'_>| versions(std::str::from_utf8(answer.body).ok()?);
        let read = self.pool.ask(&Request::get(path, ""), read).await.ok()??;
        Some(read.into_iter().collect())
    }

    async fn poll(&self, reservation: &str, every: Duration, deadline: Instant) -> Outcome {
        let request = Request::look(self.event.0, reservation, None);
        loop {
            tokio::time::sleep(every).await;
            let outcome = self.ask(&request, |answer| state(answer.status, answer.body)).await;
            if outcome != Outcome::TimedOut || Instant::now() > deadline {
                return outcome;
            }
        }
    }

    async fn send(&self, request: &Request) -> Booked {
        let read = |answer: crate::http::Answer<'_>| Booked {
            outcome: Outcome::of_status(answer.status),
            id: answer.id(),
            retry_after_seconds: answer.retry_after_seconds,
        };
        self.pool.ask(request, read).await.unwrap_or_else(|failure| Booked {
            outcome: Outcome::of_failure(&failure),
            id: None,
            retry_after_seconds: None,
        })
    }

    async fn ask(
        &self,
        request: &Request,
        read: impl FnOnce(crate::http::Answer<'_>) -> Outcome,
    ) -> Outcome {
        let answered: Result<Outcome, Failure> = self.pool.ask(request, read).await;
        answered.unwrap_or_else(|failure| Outcome::of_failure(&failure))
    }
}

/// The outcome that the state in a reservation's body means. Pending has no outcome yet.
fn state(status: u16, body: &[u8]) -> Outcome {
    if status != 200 {
        return Outcome::of_status(status);
    }
    let has = |text: &[u8]| body.windows(text.len()).any(|part| part == text);
    match () {
        () if has(b"\"status\":\"pending\"") => Outcome::TimedOut,
        () if has(b"\"status\":\"rejected\"") => Outcome::Refused,
        () => Outcome::Won,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pending_is_no_outcome_yet() {
        assert_eq!(state(200, br#"{"id":"x","status":"pending"}"#), Outcome::TimedOut);
        assert_eq!(state(200, br#"{"id":"x","status":"held"}"#), Outcome::Won);
        assert_eq!(state(200, br#"{"id":"x","status":"rejected"}"#), Outcome::Refused);
        assert_eq!(state(503, b"{}"), Outcome::Unavailable);
    }
}
