//! Every change leaves a row that nobody changes, and the present can be rebuilt from the rows.

use booking::domain::TicketState;
use booking::ids::{EventId, ReservationId, TicketNumber};
use rand::prelude::*;
use sqlx::Row;
use store::history::{self, Claim, Standing};

use crate::support::{EVENT, Scene, any_of, cancel, id, seed, wish, with_scene};

/// Rows of history, as text.
async fn rows(scene: &Scene<'_>) -> Vec<String> {
    let query = "SELECT format('%s %s: %s > %s %s', cause, right(reservation_id::text, 1), was,
                               became, tickets)
                 FROM reservation_history ORDER BY at, reservation_id";
    sqlx::query_scalar(query).fetch_all(scene.pool).await.expect("a query")
}

#[test]
fn every_change_is_recorded_once_with_its_cause() {
    with_scene(None, async |scene| {
        scene.commit(&[wish(1, "ada", &[1, 2]), wish(2, "bob", &[2]), cancel(3)]).await;
        let payment = scene.charge(1, 1).await;
        scene.captured(&payment).await;
        scene.commit(&[wish(4, "eve", &[5])]).await;
        scene.make_due(4).await;
        scene.prompt(4).await;
        let expected = [
            "requests.00 1:  > held {1,2}",
            "requests.00 2:  > rejected {}",
            "requests.00 3:  > cancelled {}",
            "payments.00 1: held > paying {1,2}",
            "payments.00 1: paying > confirmed {1,2}",
            "requests.00 4:  > held {5}",
            "holds.due 4: held > expired {5}",
        ];
        assert_eq!(rows(scene).await, expected);
        let query = "SELECT format('%s: %s > %s', cause, was, became) FROM payment_history
                     ORDER BY at";
        let payments: Vec<String> =
            sqlx::query_scalar(query).fetch_all(scene.pool).await.expect("a query");
        assert_eq!(payments, ["payments.00:  > processing", "payments.00: processing > succeeded"]);
    });
}

#[test]
fn a_redelivery_and_a_rollback_leave_no_row() {
    with_scene(None, async |scene| {
        let batch = [wish(1, "ada", &[1]), wish(2, "bob", &[1])];
        scene.commit(&batch).await;
        scene.commit(&batch).await;
        let (mut transaction, changes) = scene.decided(&[wish(3, "eve", &[9])]).await;
        store::stock::write(&mut transaction, &changes).await.expect("written");
        transaction.rollback().await.expect("a rollback");
        assert_eq!(rows(scene).await.len(), 2);
    });
}

#[test]
fn history_is_neither_changed_nor_removed() {
    with_scene(None, async |scene| {
        scene.commit(&[wish(1, "ada", &[1])]).await;
        scene.charge(1, 1).await;
        let before = rows(scene).await;
        for table in ["reservation_history", "payment_history"] {
            for rewrite in ["UPDATE {} SET cause = 'me'", "DELETE FROM {}", "TRUNCATE {}"] {
                let statement = sqlx::AssertSqlSafe(rewrite.replace("{}", table));
                let done = sqlx::raw_sql(statement).execute(scene.pool).await;
                let error = done.expect_err("refused").to_string();
                assert!(error.contains("added and never changed"), "{error}");
            }
        }
        assert_eq!(rows(scene).await, before);
    });
}

/// The state of a reservation; "due" where its hold is over.
async fn status(scene: &Scene<'_>, number: u128) -> Option<String> {
    let query = "SELECT CASE WHEN status IN ('held', 'paying') AND expires_at <= clock_timestamp()
                             THEN 'due' ELSE status::text END FROM reservations WHERE id = $1";
    let found = sqlx::query_scalar(query).bind(id(number).0).fetch_optional(scene.pool).await;
    found.expect("a query")
}

/// Some change of some of the reservations 1 to 40.
async fn anything(scene: &Scene<'_>, random: &mut StdRng) {
    let number = random.random_range(1..=40);
    let ticket = random.random_range(1..=45);
    let status = status(scene, number).await;
    match (random.random_range(0..8), status.as_deref()) {
        (0, Some("held")) => {
            let payment = scene.charge(random.random(), number).await;
            if random.random() {
                scene.captured(&payment).await;
            } else {
                scene.make_due(number).await;
            }
        }
        (1, Some("held" | "paying")) => {
            scene.make_due(number).await;
        }
        (2, Some(_)) => {
            scene.prompt(number).await;
        }
        (3, _) => {
            scene.commit(&[cancel(number), cancel(number + 1)]).await;
        }
        (4, _) => {
            scene.commit(&[any_of(number, "bob", 1, 3), cancel(number)]).await;
        }
        _ => {
            let batch =
                [wish(number, "ada", &[ticket, ticket + 1]), any_of(number + 1, "eve", 2, 2)];
            scene.commit(&batch).await;
        }
    }
}

#[test]
fn the_present_is_rebuilt_from_the_history_alone() {
    let seed = seed();
    with_scene(Some(30), async |scene| {
        let mut random = StdRng::seed_from_u64(seed);
        for _ in 0..150 {
            anything(scene, &mut random).await;
        }
        let connection = &mut *scene.connection().await;
        let rebuilt = history::reservations(connection, EVENT).await.expect("a query");
        assert!(rebuilt.len() > 20, "{} reservations", rebuilt.len());
        assert_eq!(rebuilt, present_reservations(scene).await);
        assert_eq!(history::claims(&rebuilt), present_claims(scene).await);
        let payments = history::payments(connection, EVENT).await.expect("a query");
        for (payment, status, refund_due) in payments {
            let present = scene.payment(payment.0.as_u128()).await;
            assert_eq!((present.status, present.refund_due), (status, refund_due));
        }
        let rows = "SELECT (SELECT count(*) FROM payments) -
                           (SELECT count(DISTINCT payment_id) FROM payment_history)";
        assert_eq!(scene.count(rows).await, 0);
        let elsewhere = history::reservations(connection, EventId(8)).await.expect("a query");
        assert_eq!(elsewhere, []);
    });
}

async fn present_reservations(scene: &Scene<'_>) -> Vec<Standing> {
    let query = "SELECT event_id, id, updated_at FROM reservations ORDER BY id";
    let stored = sqlx::query(query).fetch_all(scene.pool).await.expect("a query");
    let mut present = Vec::new();
    for row in &stored {
        let id: uuid::Uuid = row.get(1);
        let one = scene.reservation(id.as_u128()).await;
        present.push(Standing {
            reservation: one.id,
            revision: one.revision,
            status: one.status,
            expires_at: one.expires_at,
            reason: one.reason,
            tickets: one.tickets,
            changed_at: row.get(2),
        });
    }
    present
}

async fn present_claims(scene: &Scene<'_>) -> Vec<Claim> {
    let query = "SELECT number, state::text, reservation_id, expires_at FROM tickets
                 WHERE reservation_id IS NOT NULL ORDER BY number";
    let stored = sqlx::query(query).fetch_all(scene.pool).await.expect("a query");
    let claim = |row: &sqlx::postgres::PgRow| Claim {
        ticket: TicketNumber(row.get(0)),
        state: TicketState::parse(row.get(1)).expect("a state"),
        reservation: ReservationId(row.get(2)),
        expires_at: row.get(3),
    };
    stored.iter().map(claim).collect()
}
