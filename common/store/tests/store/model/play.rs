//! Plays a history on the database and in the model, and compares them after every command.

use std::collections::BTreeMap;

use booking::domain::{Payment, TicketState};
use booking::expiry::expire_hold;
use booking::ids::TicketNumber;
use booking::ledger::{Decision, Footprint, Ledger};
use booking::payments::{Begun, Finished, begin_payment, finish_payment, refunded_payment};
use booking::requests::{Decide, Request};
use sqlx::{PgConnection, Row};
use store::history::Cause;
use store::{Transaction, payments};
use testbed::requests;
use uuid::Uuid;

use super::command::{Command, NUMBERS};
use super::machine::{Attempt, Entry, Model};
use crate::support::{EVENT, Scene, id, payment_id};

/// Everything as it was planted, and nothing that happened.
const AS_PLANTED: &str = "
    ALTER TABLE reservation_history DISABLE TRIGGER append_only;
    ALTER TABLE payment_history DISABLE TRIGGER append_only;
    TRUNCATE reservations, payments, gateway.charges, reservation_history, payment_history;
    ALTER TABLE reservation_history ENABLE TRIGGER append_only;
    ALTER TABLE payment_history ENABLE TRIGGER append_only;
    UPDATE tickets SET state = 'available', reservation_id = NULL, expires_at = NULL
    WHERE state <> 'available';
    UPDATE sections SET available = capacity";

pub(super) async fn play(scene: &Scene<'_>, limit: Option<i32>, commands: &[Command]) {
    scene.execute(AS_PLANTED).await;
    let now = store::pool::now(&mut *scene.connection().await).await.expect("a time");
    let mut model = Model {
        now,
        limit,
        reservations: BTreeMap::new(),
        payments: BTreeMap::new(),
        holders: BTreeMap::new(),
        lost: BTreeMap::new(),
    };
    for command in commands {
        step(scene, &mut model, command).await;
        model.lost.clear();
        compare(scene, &model).await;
    }
    // The gateway's books are not played: without them the rules of money have nothing to compare.
    let mut broken = scene.violations().await;
    broken.retain(|(rule, _)| *rule != "successes_were_captured");
    assert_eq!(broken, []);
}

async fn step(scene: &Scene<'_>, model: &mut Model, command: &Command) {
    match command {
        Command::Batch(requests) => batch(scene, model, requests).await,
        Command::Prompt(prompts) => {
            let keys = prompts.iter().map(|number| (EVENT, id(*number)));
            let mut footprint = Footprint::default();
            footprint.reservations.extend(keys.clone());
            let decide = async |_: &mut Transaction, ledger: &mut Ledger, _: Cause<'static>| {
                for key in keys.clone() {
                    expire_hold(ledger, key);
                }
                Decision::Made(())
            };
            scene.transact("holds.due", footprint, decide).await;
            for number in prompts {
                model.prompt(*number);
            }
        }
        Command::Begin { payment, number } => {
            begin(scene, model, *payment, *number).await;
            model.begin(*payment, *number);
        }
        Command::Answer { payment, charge } => {
            let Some(stored) = stored(scene, *payment).await else { return };
            let mut footprint = Footprint::default();
            footprint.reservations.insert((EVENT, stored.reservation));
            let decide = async |transaction: &mut Transaction,
                                ledger: &mut Ledger,
                                cause: Cause<'static>| {
                let finished = match finish_payment(ledger, &stored, *charge) {
                    Decision::Made(finished) => finished,
                    Decision::NeedsLocks(need) => return Decision::NeedsLocks(need),
                };
                let (Finished::Done(after) | Finished::Refund(after)) = &finished;
                if *after != stored {
                    let changed = std::slice::from_ref(after);
                    payments::update(transaction, changed, cause).await.expect("it is processing");
                }
                Decision::Made(())
            };
            scene.transact("payments.00", footprint, decide).await;
            model.answer(*payment, *charge);
        }
        Command::GivenBack { payment } => {
            let Some(stored) = stored(scene, *payment).await else { return };
            if stored.refund_due {
                let cause = scene.cause().await;
                let refunded = [refunded_payment(&stored)];
                let mut transaction = scene.lock_nothing().await;
                payments::update(&mut transaction, &refunded, cause)
                    .await
                    .expect("it is processing");
                transaction.commit().await.expect("a commit");
            }
            model.given_back(*payment);
        }
        Command::Wait(seconds) => {
            model.now += chrono::TimeDelta::seconds(*seconds);
            scene.set_clock(model.now).await;
        }
    }
}

async fn batch(scene: &Scene<'_>, model: &mut Model, drawn: &[Request]) {
    let requests: Vec<Request> =
        drawn.iter().map(|request| requests::accepted_at(request.clone(), model.now)).collect();
    let changes = scene.commit(&requests).await;
    for request in &requests {
        let (_, id) = request.key();
        let new = changes.inserted.iter().find(|one| one.id == id);
        let chosen: Option<Vec<i32>> =
            new.map(|one| one.tickets.iter().map(|ticket| ticket.0).collect());
        model.decide(request, &chosen.unwrap_or_default());
    }
}

async fn begin(scene: &Scene<'_>, model: &Model, payment: u128, number: u128) {
    let request = requests::pay(payment, number, model.now);
    let existing = stored(scene, payment).await;
    let mut footprint = Footprint::default();
    footprint.reservations.insert((EVENT, request.reservation));
    let decide =
        async |transaction: &mut Transaction, ledger: &mut Ledger, cause: Cause<'static>| {
            let begun = begin_payment(ledger, existing.as_ref(), &request);
            let (Begun::Charge(new) | Begun::Over(new)) = begun;
            if existing.is_none() {
                payments::insert(transaction, &[new], cause).await.expect("it is new");
            }
            Decision::Made(())
        };
    scene.transact("payments.00", footprint, decide).await;
}

async fn stored(scene: &Scene<'_>, payment: u128) -> Option<Payment> {
    let key = (EVENT, payment_id(payment));
    let found = payments::find(&mut *scene.connection().await, &[key]).await;
    found.expect("a query").remove(&key)
}

/// The database says what the model says.
async fn compare(scene: &Scene<'_>, model: &Model) {
    let connection = &mut *scene.connection().await;
    let keys: Vec<_> = (0..NUMBERS).map(|number| (EVENT, id(number))).collect();
    let stored = store::reservations::find(connection, &keys).await.expect("a query");
    assert_eq!(stored.len(), model.reservations.len());
    for one in stored {
        let expected = &model.reservations[&one.id.0.as_u128()];
        let plain = |tickets: &[TicketNumber]| tickets.iter().map(|ticket| ticket.0).collect();
        let found = Entry {
            status: one.status,
            customer: one.customer,
            tickets: plain(&one.tickets),
            conflicts: plain(&one.conflicts),
            expires_at: one.expires_at,
            reason: one.reason,
            frozen: one.frozen,
        };
        assert_eq!(found, *expected, "{:?}", one.id);
    }
    let keys: Vec<_> = (0..NUMBERS).map(|number| (EVENT, payment_id(number))).collect();
    let stored = payments::find(connection, &keys).await.expect("a query");
    let attempt = |one: &Payment| {
        let reservation = one.reservation.0.as_u128();
        let attempt = Attempt {
            reservation,
            status: one.status,
            reason: one.reason,
            refund_due: one.refund_due,
        };
        (one.id.0.as_u128(), attempt)
    };
    let stored: BTreeMap<u128, Attempt> = stored.values().map(attempt).collect();
    assert_eq!(stored, model.payments);
    compare_tickets(connection, model).await;
}

async fn compare_tickets(connection: &mut PgConnection, model: &Model) {
    let query = "SELECT number, state::text, reservation_id, expires_at FROM tickets
                 WHERE state <> 'available'";
    let taken = sqlx::query(query).fetch_all(connection).await.expect("a query");
    let holders: BTreeMap<i32, u128> =
        taken.iter().map(|row| (row.get(0), row.get::<Uuid, _>(2).as_u128())).collect();
    assert_eq!(holders, model.holders);
    for row in taken {
        let holder = &model.reservations[&row.get::<Uuid, _>(2).as_u128()];
        let state = TicketState::parse(row.get(1)).expect("a state");
        let sold = state == TicketState::Sold;
        assert_eq!(sold, holder.status == booking::domain::ReservationStatus::Confirmed);
        assert_eq!(row.get::<Option<_>, _>(3), holder.expires_at.filter(|_| !sold));
    }
}
