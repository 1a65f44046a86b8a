//! Transactions side by side.

use std::time::Duration;

use booking::domain::ReservationStatus;
use booking::requests::Request;
use sqlx::Row;
use store::{Failure, pool};
use tokio::sync::Barrier;

use crate::support::{Scene, any_of, cancel, wish, with_scene};

/// How long what must happen at once may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// Commits as a worker does: again at once where another one came between.
async fn commit(scene: &Scene<'_>, requests: &[Request]) {
    for _ in 0..8 {
        match scene.try_commit(requests).await {
            Ok(_) => return,
            Err(Failure::Conflict) => {}
            Err(failure) => panic!("{failure:?}"),
        }
    }
    panic!("always somebody came between");
}

#[test]
fn batches_that_meet_in_opposite_order_never_deadlock() {
    const ROUNDS: u128 = 300;
    with_scene(Some(1_000), async |scene| {
        let barrier = Barrier::new(2);
        let worker = async |reversed: bool| {
            for round in 0..ROUNDS {
                let id = |place: u128| 1_000 + round * 10 + place;
                // The ids are those of both workers, as after a redelivery to another one.
                let mut batch = vec![
                    wish(id(1), "ada", &[1, 31]),
                    any_of(id(2), "bob", 2, 2),
                    wish(id(3), "eve", &[1, 30]),
                    wish(id(4), "bob", &[2, 50]),
                    any_of(id(5), "ada", 1, 3),
                ];
                batch.extend((1..=5).map(|place| cancel(id(place) - 10)));
                if reversed {
                    batch.reverse();
                }
                barrier.wait().await;
                commit(scene, &batch).await;
            }
        };
        futures::join!(worker(false), worker(true));
        let stored = scene.count("SELECT count(*) FROM reservations").await;
        assert_eq!(stored, i64::try_from(ROUNDS * 5 + 5).expect("small"));
        assert_eq!(scene.violations().await, []);
    });
}

#[test]
fn of_many_who_want_one_ticket_at_once_one_has_it() {
    const ROUNDS: u128 = 20;
    const BUYERS: u128 = 8;
    with_scene(None, async |scene| {
        let barrier = Barrier::new(BUYERS as usize);
        let buyer = async |buyer: u128| {
            for round in 0..ROUNDS {
                barrier.wait().await;
                let ticket = round as i32 + 1;
                commit(scene, &[wish(round * BUYERS + buyer + 1, "ada", &[ticket, 50 - ticket])])
                    .await;
            }
        };
        futures::future::join_all((0..BUYERS).map(buyer)).await;
        for round in 0..ROUNDS {
            let held = (0..BUYERS).map(async |buyer| {
                scene.reservation(round * BUYERS + buyer + 1).await.status
                    == ReservationStatus::Held
            });
            let held = futures::future::join_all(held).await;
            assert_eq!(held.iter().filter(|held| **held).count(), 1, "ticket {}", round + 1);
        }
    });
}

#[test]
fn of_many_overdue_takeovers_at_once_one_succeeds() {
    const BUYERS: u128 = 6;
    with_scene(None, async |scene| {
        scene.commit(&[wish(100, "ada", &[1, 2, 3, 31])]).await;
        scene.make_due(100).await;
        let barrier = Barrier::new(BUYERS as usize);
        let buyer = async |buyer: u128| {
            barrier.wait().await;
            commit(scene, &[wish(buyer + 1, "bob", &[2, 3])]).await;
        };
        futures::future::join_all((0..BUYERS).map(buyer)).await;
        assert_eq!(scene.reservation(100).await.revision, 2, "it expired once");
        let held = "SELECT count(*) FROM reservations WHERE status = 'held'";
        assert_eq!(scene.count(held).await, 1);
    });
}

#[test]
fn a_customers_limit_holds_for_requests_in_different_sections_at_once() {
    const ROUNDS: u128 = 40;
    with_scene(Some(2), async |scene| {
        let barrier = Barrier::new(2);
        let worker = async |section: i32| {
            for round in 0..ROUNDS {
                let id = round * 10 + section as u128;
                barrier.wait().await;
                commit(scene, &[any_of(id + 1, "ada", section, 2)]).await;
                barrier.wait().await;
                commit(scene, &[cancel(id + 1)]).await;
            }
        };
        futures::join!(worker(1), worker(2));
        let rejected = "SELECT count(*) FROM reservations WHERE reason = 'customer_limit'";
        assert_eq!(scene.count(rejected).await, i64::try_from(ROUNDS).expect("small"));
    });
}

#[test]
fn holds_and_releases_rewrite_rows_in_place() {
    const ROUNDS: u128 = 200;
    with_scene(None, async |scene| {
        for round in 1..=ROUNDS {
            let tickets: Vec<i32> =
                (0..8).map(|seat| (round as i32 * 7 + seat * 3) % 30 + 1).collect();
            let mut tickets = tickets;
            tickets.sort_unstable();
            scene.commit(&[wish(round, "ada", &tickets)]).await;
            scene.commit(&[cancel(round)]).await;
        }
        for (table, updates) in in_place(scene).await {
            let (all, hot) = updates;
            let least =
                if table == "tickets" { 16 } else { 1 } * i64::try_from(ROUNDS).expect("small");
            assert!(all >= least, "{table}: {all} updates are counted, of {least}");
            assert!(hot * 100 >= all * 95, "{table}: {hot} of {all} updates were heap-only");
        }
    });
}

/// How many rows of each table were updated, and how many of them without touching an index. Counts
/// that another connection has not handed in are missing, so all of them are asked to.
async fn in_place(scene: &Scene<'_>) -> Vec<(String, (i64, i64))> {
    let mut connections = Vec::new();
    while connections.len() < scene.pool.size() as usize {
        let mut connection = scene.connection().await;
        let flush = "SELECT pg_stat_force_next_flush()";
        sqlx::query(flush).execute(&mut *connection).await.expect("statistics");
        connections.push(connection);
    }
    let rows = sqlx::query(
        "SELECT relname::text, n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables
         WHERE relname IN ('tickets', 'sections', 'reservations')",
    );
    let rows = rows.fetch_all(&mut *connections[0]).await.expect("statistics");
    assert_eq!(rows.len(), 3);
    rows.iter().map(|row| (row.get(0), (row.get(1), row.get(2)))).collect()
}

#[test]
fn the_moment_of_a_decision_is_after_its_locks_were_waited_for() {
    with_scene(None, async |scene| {
        let (mut first, _) = scene.decided(&[wish(1, "ada", &[1])]).await;
        let second = async {
            let (_second, changes) = scene.decided(&[wish(2, "bob", &[2])]).await;
            changes.outcomes.decided_at
        };
        let release = async {
            let waiting = "SELECT count(*) FROM pg_stat_activity
                 WHERE datname = current_database() AND wait_event_type = 'Lock'";
            while scene.count(waiting).await == 0 {}
            let released_at = pool::now(first.connection()).await.expect("a time");
            first.rollback().await.expect("its locks are given up");
            released_at
        };
        let both = tokio::time::timeout(PATIENCE, async { futures::join!(second, release) });
        let (decided_at, released_at) = both.await.expect("the second waits for the first");
        assert!(decided_at >= released_at, "{decided_at} is before {released_at}");
    });
}
