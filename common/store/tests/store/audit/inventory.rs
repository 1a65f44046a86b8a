//! Tickets, sections and who holds what.

use super::spoiled::{AS_LEFT, breaks};
use crate::support::{wish, with_scene};

const HAS_AN_EVENT: &str = "reservations_have_an_event";
const COUNT: &str = "section_counts";
const ONE_SECTION: &str = "tickets_in_sections";
const PLANS_ARE_TRUE: &str = "section_plans_are_true";
const HAS_ITS_TICKETS: &str = "live_reservations_have_their_tickets";
const LIMIT: &str = "customer_limits";
const HAS_A_HOLDER: &str = "taken_tickets_have_a_live_holder";

#[test]
fn a_wrong_count_of_available_tickets_is_found() {
    breaks(&[COUNT], "UPDATE sections SET available = available - 1 WHERE number = 2");
}

#[test]
fn a_missing_ticket_is_found() {
    breaks(&[COUNT], "DELETE FROM tickets WHERE number = 30");
}

#[test]
fn a_ticket_without_a_section_is_found() {
    breaks(&[ONE_SECTION], "INSERT INTO tickets (event_id, number, tier) VALUES (7, 999, 1)");
}

#[test]
fn a_hold_whose_ticket_runs_out_at_another_time_is_found() {
    let spoil = "UPDATE tickets SET expires_at = expires_at + interval '1 s' WHERE number = 2";
    breaks(&[HAS_ITS_TICKETS], spoil);
}

#[test]
fn a_confirmed_reservation_whose_ticket_is_only_held_is_found() {
    let spoil = "UPDATE tickets SET state = 'held', expires_at = now() WHERE number = 3";
    breaks(&[HAS_ITS_TICKETS], spoil);
}

#[test]
fn a_ticket_that_its_holder_lost_is_found() {
    let spoil = "UPDATE tickets SET state = 'available', reservation_id = NULL, expires_at = NULL
                 WHERE number = 2;
                 UPDATE sections SET available = available + 1 WHERE number = 1";
    breaks(&[HAS_ITS_TICKETS], spoil);
}

#[test]
fn two_reservations_with_one_ticket_are_found() {
    let spoil = "INSERT INTO reservations (event_id, id, revision, status, fingerprint, created_at,
                     updated_at, expires_at, currency, customer, tickets, prices)
                 SELECT event_id, gen_random_uuid(), 1, status, 0, now(), now(), expires_at,
                        currency, 'mallory', '{2}', '{5000}'
                 FROM reservations WHERE 2 = ANY (tickets)";
    breaks(&[HAS_ITS_TICKETS, AS_LEFT], spoil);
}

#[test]
fn a_ticket_of_a_reservation_that_ended_is_found() {
    let spoil = "UPDATE reservations SET status = 'expired' WHERE 5 = ANY (tickets)";
    breaks(&[HAS_A_HOLDER, AS_LEFT], spoil);
}

#[test]
fn a_ticket_of_nobody_is_found() {
    let spoil = "UPDATE tickets SET state = 'sold', reservation_id = gen_random_uuid()
                 WHERE number = 20;
                 UPDATE sections SET available = available - 1 WHERE number = 1";
    breaks(&[HAS_A_HOLDER], spoil);
}

#[test]
fn a_customer_with_too_many_tickets_is_found() {
    breaks(&[LIMIT], "UPDATE events SET tickets_per_customer = 3");
}

#[test]
fn a_reservation_of_no_event_is_found() {
    let spoil = "INSERT INTO reservations (event_id, id, revision, status, fingerprint, created_at,
                                           updated_at, currency, customer, reason)
                 VALUES (99, gen_random_uuid(), 1, 'rejected', 1, now(), now(), 'EUR', 'ada',
                         'too_late')";
    breaks(&[HAS_AN_EVENT, AS_LEFT], spoil);
}

#[test]
fn an_overdue_hold_does_not_count_against_its_customer() {
    with_scene(Some(3), async |scene| {
        scene.commit(&[wish(1, "ada", &[1, 2, 3])]).await;
        scene.make_due(1).await;
        scene.commit(&[wish(2, "ada", &[4, 5, 6])]).await;
        assert_eq!(scene.violations().await, []);
    });
}

#[test]
fn two_sections_with_one_ticket_are_found() {
    let spoil =
        "INSERT INTO sections (event_id, number, name, kind, first_ticket, capacity, available,
                     tiers)
                 VALUES (7, 3, 'Twice', 'general', 50, 1, 1, '{1}');
                 SELECT draw_section_plans(7);
                 INSERT INTO tickets (event_id, number, tier) VALUES (7, 51, 1)";
    with_scene(None, async |scene| {
        scene.execute(spoil).await;
        assert_eq!(scene.violations().await, [(ONE_SECTION, 1)]);
    });
}

#[test]
fn a_plan_that_is_not_the_sections_is_found() {
    let spoils = [
        "UPDATE section_plans SET row_starts = row_starts[2:] WHERE section = 1",
        "DELETE FROM section_plans WHERE section = 2",
        "UPDATE tickets SET tier = 2 WHERE number = 15",
        "UPDATE seats SET row_label = 'Z' WHERE number = 15",
    ];
    for spoil in spoils {
        breaks(&[PLANS_ARE_TRUE], spoil);
    }
}
