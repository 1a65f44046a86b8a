//! Writes that must not happen: the whole transaction is undone.

use booking::domain::{ReservationStatus, TicketState};
use booking::ledger::Changes;
use store::replan::Plans;
use store::{Failure, Transaction, stock};

use crate::support::{Scene, cancel, wish, with_scene};

const ROWS: &str = "SELECT hashtextextended(string_agg(row, ',' ORDER BY row), 0) FROM (
     SELECT t::text AS row FROM tickets t UNION ALL SELECT s::text FROM sections s
     UNION ALL SELECT r::text FROM reservations r) AS rows";

/// Writes changes that were spoiled after they were decided, and expects a conflict and no trace.
async fn conflicts(scene: &Scene<'_>, spoil: impl Fn(&mut Changes)) {
    let before = scene.count(ROWS).await;
    let (mut transaction, mut changes) = scene.decided(&[cancel(1), wish(2, "bob", &[3])]).await;
    spoil(&mut changes);
    let written = stock::write(&mut transaction, &changes).await;
    assert!(matches!(written, Err(Failure::Conflict)), "{written:?}");
    transaction.rollback().await.expect("undone");
    assert_eq!(scene.count(ROWS).await, before);
}

#[test]
fn an_id_that_another_worker_inserted_in_between_is_a_conflict() {
    with_scene(None, async |scene| {
        let (mut transaction, changes) = scene.decided(&[wish(1, "ada", &[1])]).await;
        // The same request, redelivered to another worker, with rows that nobody has locked.
        scene.commit(&[wish(1, "ada", &[40])]).await;
        let written = stock::write(&mut transaction, &changes).await;
        assert!(matches!(written, Err(Failure::Conflict)), "{written:?}");
        transaction.rollback().await.expect("undone");
        assert_eq!(scene.count("SELECT count(*) FROM tickets WHERE state = 'held'").await, 1);
        let stored = scene.reservation(1).await;
        let again = scene.commit(&[wish(1, "ada", &[1])]).await;
        assert_eq!(again.outcomes.reservations, [stored], "the other's decision stands");
    });
}

#[test]
fn a_ticket_in_another_state_is_a_conflict() {
    with_scene(None, async |scene| {
        scene.commit(&[wish(1, "ada", &[1, 2])]).await;
        conflicts(scene, |changes| changes.tickets[0].from = TicketState::Sold).await;
        conflicts(scene, |changes| changes.tickets[2].from = TicketState::Blocked).await;
        conflicts(scene, |changes| changes.tickets[0].number.0 = 999).await;
    });
}

#[test]
fn a_section_at_another_version_is_a_conflict() {
    with_scene(None, async |scene| {
        scene.commit(&[wish(1, "ada", &[1, 2])]).await;
        conflicts(scene, |changes| changes.sections[0].from_version += 1).await;
        conflicts(scene, |changes| changes.sections[0].from_version -= 1).await;
    });
}

#[test]
fn a_reservation_in_another_state_is_a_conflict() {
    with_scene(None, async |scene| {
        scene.commit(&[wish(1, "ada", &[1, 2])]).await;
        conflicts(scene, |changes| changes.updated[0].0 = ReservationStatus::Paying).await;
        conflicts(scene, |changes| changes.updated[0].1.revision = 1).await;
        conflicts(scene, |changes| changes.inserted.push(changes.updated[0].1.clone())).await;
    });
}

#[test]
fn changes_that_were_decided_before_another_commit_are_a_conflict() {
    with_scene(None, async |scene| {
        let (transaction, stale) = scene.decided(&[wish(1, "ada", &[1])]).await;
        transaction.rollback().await.expect("its locks are given up");
        scene.commit(&[wish(2, "bob", &[1])]).await;
        let mut transaction = scene.lock_nothing().await;
        let written = stock::write(&mut transaction, &stale).await;
        assert!(matches!(written, Err(Failure::Conflict)), "{written:?}");
    });
}

#[test]
fn text_that_the_database_cannot_store_is_refused() {
    for limit in [None, Some(4)] {
        with_scene(limit, async |scene| {
            let before = scene.count(ROWS).await;
            let batch = [wish(1, "ada", &[1]), wish(2, "b\0b", &[2])];
            let failure = scene.try_commit(&batch).await.expect_err("a NUL");
            assert!(matches!(failure, Failure::Refused(_)), "{failure:?}");
            assert_eq!(scene.count(ROWS).await, before, "its neighbour is not decided with it");
        });
    }
}

#[test]
fn a_row_that_breaks_a_constraint_is_refused() {
    with_scene(None, async |scene| {
        let (mut transaction, mut changes) = scene.decided(&[wish(1, "ada", &[1])]).await;
        changes.inserted[0].prices.clear();
        let written = stock::write(&mut transaction, &changes).await;
        assert!(matches!(written, Err(Failure::Refused(_))), "{written:?}");
    });
}

#[test]
fn a_lock_that_is_not_had_in_time_is_transient() {
    with_scene(None, async |scene| {
        let _first = scene.decided(&[wish(1, "ada", &[1])]).await;
        let options = scene.pool.connect_options().as_ref().clone();
        let impatient = scene
            .pool
            .options()
            .clone()
            .connect_lazy_with(options.options([("lock_timeout", "50ms")]));
        let footprint = scene.footprint(&[wish(2, "bob", &[2])]);
        let second = Transaction::lock(&impatient, Plans::Kept, &footprint, &scene.plans).await;
        let error = second.expect_err("it is locked");
        impatient.close().await;
        assert!(matches!(Failure::from(error), Failure::Transient(_)));
    });
}
