//! Pools are scaled one by one under load, and no client notices.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use anyhow::Result;
use e2e::{Answer, Buyer, Options, Stack, eventually, plans};
use futures::future::try_join_all;
use reqwest::Method;
use serde_json::json;

const BUYERS: usize = 6;
const SEATS: usize = 200;
/// The number of bookings that must be answered between two changes.
const PROGRESS: usize = 15;

/// What the buyers have seen.
#[derive(Default)]
struct Sale {
    over: AtomicBool,
    answers: AtomicUsize,
    paid: AtomicUsize,
    accepted: Mutex<Vec<String>>,
}

impl Sale {
    /// Accepts only a booking, a conflict, or a 503 with a time to retry.
    fn check(&self, answer: &Answer) -> Result<()> {
        let may_retry = answer.status == 503 && !answer.header("retry-after").is_empty();
        let fine = matches!(answer.status, 200..=299 | 409) || may_retry;
        anyhow::ensure!(fine, "{} {}", answer.status, answer.body);
        if answer.status < 300 && answer.body["tickets"].is_array() {
            self.accepted.lock().expect("no holder panics").push(answer.id().to_owned());
        }
        self.answers.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// Books, then pays or cancels, repeatedly.
    async fn buy(&self, buyer: &Buyer, number: usize) -> Result<()> {
        let mut turn = number;
        while !self.over.load(Ordering::Relaxed) {
            turn += BUYERS;
            let ticket = 1 + turn * 7 % SEATS;
            let body = json!({"customer": format!("buyer {number}"), "tickets": [ticket]});
            let booked = buyer.post_reservation(body, &[("prefer", "wait=20")]).await?;
            self.check(&booked)?;
            if booked.status != 201 {
                continue;
            }
            let path = format!("/api/v1/events/1/reservations/{}", booked.id());
            if turn.is_multiple_of(4) {
                let card = Some(json!({"card": "4242424242424242"}));
                let pay = buyer.ask(Method::POST, &format!("{path}/payments"), &[], card).await?;
                self.check(&pay)?;
                self.paid.fetch_add(usize::from(pay.status < 300), Ordering::Relaxed);
            } else {
                self.check(&buyer.ask(Method::DELETE, &path, &[], None).await?)?;
            }
        }
        Ok(())
    }

    async fn goes_on(&self, buyers: &tokio::task::JoinHandle<Result<()>>) {
        let from = self.answers.load(Ordering::Relaxed);
        let more = || async {
            buyers.is_finished() || self.answers.load(Ordering::Relaxed) >= from + PROGRESS
        };
        eventually("the sale goes on", more).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pools_grow_and_shrink_apart_under_load_without_an_error_to_a_client() -> Result<()> {
    let pools = ["reservations", "payments", "expiry"];
    let options = Options::of(plans::seated(SEATS / 10)).workers(&pools);
    let mut stack = Stack::start(options).await?;
    let sale = Arc::new(Sale::default());
    let buyers = {
        let sale = Arc::clone(&sale);
        let buyer = stack.buyer.clone();
        tokio::spawn(async move {
            let buy = (0..BUYERS).map(|number| sale.buy(&buyer, number));
            try_join_all(buy).await.map(|_| ())
        })
    };
    sale.goes_on(&buyers).await;
    // For each pool: start a second process, then stop the first.
    for pool in pools {
        stack.add_worker(pool, &[])?;
        stack.worker_ready(stack.workers.len() - 1).await?;
        sale.goes_on(&buyers).await;
        stack.stop_worker(0).await?;
        sale.goes_on(&buyers).await;
    }
    sale.over.store(true, Ordering::Relaxed);
    buyers.await??;
    assert!(sale.paid.load(Ordering::Relaxed) > 0, "payments were in the load");
    let accepted = std::mem::take(&mut *sale.accepted.lock().expect("no holder panics"));
    for id in accepted {
        let decided = ["held", "paying", "confirmed", "rejected", "cancelled", "expired"];
        stack.buyer.until(&id, &decided).await?;
    }
    stack.finish().await
}
