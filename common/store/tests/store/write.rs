//! Lock, decide, write, commit: what was written is what the next one reads.

use booking::domain::{
    Reason,
    ReservationStatus::{self, Cancelled, Held, Rejected},
};
use booking::ids::{SectionNumber, TicketNumber};
use booking::ledger::Footprint;
use booking::requests::{Decide, Request};
use store::{availability, pool, reservations, stock};

use crate::support::{EVENT, any_of, cancel, id, numbers, wish, with_scene};

#[test]
fn every_kind_of_decision_reads_back_as_it_was_made() {
    with_scene(Some(6), async |scene| {
        let batch = [
            wish(4, "ada", &[1, 2, 31]),
            wish(3, "bob", &[2, 3]),
            cancel(2),
            wish(1, "Ångström 🎭 'quoted' \"\\", &[7]),
            wish(9, "eve", &[999]),
        ];
        let changes = scene.commit(&batch).await;
        assert_eq!(changes.inserted.len(), 5);
        for written in &changes.inserted {
            let keys = [(written.event, written.id)];
            let read = reservations::find(&mut *scene.connection().await, &keys).await;
            assert_eq!(read.expect("a query"), std::slice::from_ref(written));
        }
        let statuses = [4, 3, 2, 1, 9].map(async |number| scene.reservation(number).await.status);
        let statuses = futures::future::join_all(statuses).await;
        assert_eq!(statuses, [Held, Rejected, Cancelled, Held, Rejected]);
        assert_eq!(scene.reservation(3).await.conflicts, numbers(&[2]));
    });
}

#[test]
fn what_is_locked_is_what_was_written() {
    with_scene(Some(6), async |scene| {
        let changes = scene.commit(&[wish(1, "ada", &[1, 31]), any_of(2, "bob", 2, 2)]).await;
        let footprint = scene.footprint(&[cancel(1), cancel(2), any_of(3, "ada", 1, 2)]);
        let before = pool::now(&mut *scene.connection().await).await.expect("a time");
        let (_transaction, ledger) = scene.lock(&footprint).await;
        assert!(ledger.now() >= before, "the clock is read after the locks were asked for");
        for written in &changes.inserted {
            assert_eq!(ledger.reservation((EVENT, written.id)), Some(written));
        }
        assert_eq!(ledger.count_tickets(EVENT, "ada"), Ok(2));
        assert_eq!(ledger.terms(EVENT).map(|terms| terms.hold_seconds), Some(600));
        let taken = [1, 31, 32, 33].map(|number| (EVENT, TicketNumber(number)));
        assert_eq!(ledger.find_taken(&taken), Ok(numbers(&[1, 31, 32, 33])));
        let plan = ledger.plan(EVENT);
        let free = ledger.find_free(EVENT, &plan.sections[0]);
        let expected: Vec<i32> = (2..=30).collect();
        assert_eq!(free, numbers(&expected), "two tiers: the section is read as a whole");
    });
}

#[test]
fn updates_read_back_as_they_were_made() {
    with_scene(None, async |scene| {
        scene.commit(&[wish(1, "ada", &[1, 2]), wish(2, "bob", &[3])]).await;
        let changes = scene.commit(&[cancel(2)]).await;
        assert_eq!(scene.reservation(2).await, changes.updated[0].1);
        let payment = scene.charge(1, 1).await;
        let paying = scene.reservation(1).await;
        assert_eq!(
            (paying.status, paying.frozen, paying.revision),
            (ReservationStatus::Paying, true, 2)
        );
        scene.captured(&payment).await;
        let confirmed = scene.reservation(1).await;
        assert_eq!((confirmed.status, confirmed.revision), (ReservationStatus::Confirmed, 3));
        assert_eq!((confirmed.expires_at, confirmed.total().amount), (None, 10_000));
        assert_eq!((confirmed.tickets, confirmed.prices), (numbers(&[1, 2]), vec![5_000, 5_000]));
    });
}

#[test]
fn many_reservations_with_lists_of_any_length_are_written_at_once() {
    with_scene(None, async |scene| {
        let mut batch: Vec<Request> = Vec::new();
        for number in (1..=300).rev() {
            let first = (number as i32 * 7) % 30 + 1;
            let tickets: Vec<i32> = (first..=30).take(number as usize % 5 + 1).collect();
            batch.push(if number % 10 == 0 {
                cancel(number)
            } else {
                wish(number, "ada", &tickets)
            });
        }
        let changes = scene.commit(&batch).await;
        assert_eq!(changes.inserted.len(), 300);
        let keys: Vec<_> = changes.inserted.iter().map(|one| (one.event, one.id)).collect();
        let read = reservations::find(&mut *scene.connection().await, &keys).await;
        let mut read = read.expect("a query");
        read.sort_by_key(|one| one.id);
        assert_eq!(read, changes.inserted);
        let refused = read.iter().filter(|one| one.conflicts.len() > 1).count();
        assert!(refused > 50, "{refused} lists of conflicts");
    });
}

#[test]
fn tickets_and_sections_are_as_the_outcomes_say() {
    with_scene(None, async |scene| {
        scene.commit(&[wish(1, "ada", &[1, 2, 40])]).await;
        let changes = scene.commit(&[cancel(1), wish(2, "bob", &[2, 41])]).await;
        let both = [1, 2].map(|number| (EVENT, SectionNumber(number)));
        let states = availability::find(&mut *scene.connection().await, &both).await;
        let states = states.expect("a query");
        for (told, state) in changes.outcomes.sections.iter().zip(&states) {
            assert_eq!((told.number, told.version), (state.number, state.version));
            assert_eq!((told.available, state.taken.len()), (state.available, 1));
        }
        assert_eq!(states[0].version, 2, "one step for each transaction");
    });
}

#[test]
fn a_redelivered_batch_changes_no_row() {
    with_scene(Some(6), async |scene| {
        let batch = [wish(1, "ada", &[1, 2]), wish(2, "bob", &[2]), cancel(3)];
        let first = scene.commit(&batch).await;
        let digest = "SELECT hashtextextended(string_agg(row, ',' ORDER BY row), 0) FROM (
             SELECT t::text AS row FROM tickets t UNION ALL SELECT s::text FROM sections s
             UNION ALL SELECT r::text FROM reservations r) AS rows";
        let before = scene.count(digest).await;
        let again = scene.commit(&batch).await;
        assert_eq!(scene.count(digest).await, before);
        assert_eq!(again.outcomes.reservations, first.outcomes.reservations);
    });
}

#[test]
fn an_overdue_hold_is_taken_over_with_what_it_needs_locked() {
    with_scene(None, async |scene| {
        scene.commit(&[wish(1, "ada", &[1, 2, 35])]).await;
        scene.make_due(1).await;
        let changes = scene.commit(&[wish(2, "bob", &[2])]).await;
        assert_eq!(changes.outcomes.sections.len(), 2, "what else it held is free");
        let lost = scene.reservation(1).await;
        assert_eq!((lost.status, lost.reason), (ReservationStatus::Expired, Some(Reason::Expired)));
        assert_eq!(scene.reservation(2).await.status, ReservationStatus::Held);
        assert_eq!(scene.count("SELECT count(*) FROM tickets WHERE state = 'held'").await, 1);
    });
}

#[test]
fn a_pick_finds_what_an_overdue_hold_leaves() {
    with_scene(None, async |scene| {
        scene.commit(&[any_of(1, "ada", 2, 10), any_of(2, "bob", 2, 10)]).await;
        scene.make_due(1).await;
        scene.commit(&[any_of(3, "eve", 2, 10)]).await;
        assert_eq!(scene.reservation(3).await.tickets, scene.reservation(1).await.tickets);
        scene.commit(&[any_of(4, "eve", 2, 1)]).await;
        assert_eq!(scene.reservation(4).await.reason, Some(Reason::NotEnoughAvailable));
    });
}

#[test]
fn what_a_wish_of_the_batch_takes_does_not_make_the_section_look_sold_out() {
    with_scene(None, async |scene| {
        let batch = [wish(1, "ada", &[31, 32]), any_of(2, "bob", 2, 1), any_of(3, "eve", 2, 2)];
        scene.commit(&batch).await;
        assert_eq!(scene.reservation(2).await.tickets, numbers(&[33]));
        assert_eq!(scene.reservation(3).await.tickets, numbers(&[34, 35]));
    });
}

#[test]
fn a_customer_is_counted_over_all_that_is_held_or_paid() {
    with_scene(Some(4), async |scene| {
        scene.commit(&[wish(1, "ada", &[1]), wish(2, "ada", &[2]), wish(3, "ada", &[3])]).await;
        let payment = scene.charge(1, 1).await;
        scene.captured(&payment).await;
        scene.charge(2, 2).await;
        scene.commit(&[wish(4, "ada", &[4, 5])]).await;
        assert_eq!(scene.reservation(4).await.reason, Some(Reason::CustomerLimit));
        scene.make_due(3).await;
        scene.commit(&[wish(5, "ada", &[4, 5])]).await;
        assert_eq!(scene.reservation(5).await.status, ReservationStatus::Held);
    });
}

#[test]
fn a_faulty_request_is_refused_on_record() {
    with_scene(None, async |scene| {
        let faulty = wish(1, "a\0da", &[1]);
        let mut footprint = Footprint::default();
        footprint.reservations.insert((EVENT, id(1)));
        let (mut transaction, mut ledger) = scene.lock(&footprint).await;
        faulty.reject(&mut ledger);
        stock::write(&mut transaction, &ledger.changes("requests.00")).await.expect("written");
        transaction.commit().await.expect("a commit");
        let refused = scene.reservation(1).await;
        assert_eq!(refused.reason, Some(Reason::InternalError));
        assert_eq!(refused.customer.as_deref(), Some("ada"));
    });
}
