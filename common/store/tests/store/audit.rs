//! Every rule of the audit is clean on good data, and finds what was spoiled on purpose.

use booking::payments::Finished;
use store::audit::{self, Group, Scope};
use store::pool;

use crate::support::{Scene, any_of, cancel, wish, with_scene};

const HAS_AN_EVENT: &str = "reservations_have_an_event";
const COUNT: &str = "section_counts";
const ONE_SECTION: &str = "tickets_in_sections";
const PLANS_ARE_TRUE: &str = "section_plans_are_true";
const HAS_ITS_TICKETS: &str = "live_reservations_have_their_tickets";
const HAS_A_HOLDER: &str = "taken_tickets_have_a_live_holder";
const LIMIT: &str = "customer_limits";
const PAID_ONCE: &str = "confirmed_are_paid_once";
const PAYS_SOMETHING: &str = "successes_have_a_reservation";
const UNDER_WAY: &str = "paying_has_a_payment_under_way";
const CAPTURED: &str = "captured_is_accounted_for";
const WAS_CAPTURED: &str = "successes_were_captured";
const AS_LEFT: &str = "reservations_are_as_history_left_them";
const NOT_AHEAD: &str = "history_is_of_reservations";
const UNBROKEN: &str = "history_is_unbroken";
const LEGAL: &str = "changes_are_legal";
const PAYMENT_AS_LEFT: &str = "payments_are_as_history_left_them";
const PAYMENT_NOT_AHEAD: &str = "payment_history_is_of_payments";
const FREED: &str = "due_holds_are_freed";
const ENDS: &str = "payments_end";

/// Some of everything: 1 held, 2 confirmed, 3 paying, 4 refused, 5 cancelled, 6 a tombstone, 7
/// expired and refunded, 8 the one that took it over.
async fn everything(scene: &Scene<'_>) {
    let batch = [wish(1, "ada", &[1, 2, 31]), wish(2, "bob", &[3, 4]), wish(3, "eve", &[5])];
    scene.commit(&batch).await;
    let paid = scene.charge(2, 2).await;
    scene.captured(&paid).await;
    scene.charge(3, 3).await;
    scene.commit(&[wish(4, "bob", &[1]), wish(5, "bob", &[8]), wish(7, "bob", &[9, 10])]).await;
    scene.commit(&[cancel(5), cancel(6)]).await;
    let late = scene.charge(7, 7).await;
    scene.make_due(7).await;
    scene.commit(&[wish(8, "eve", &[10]), any_of(9, "eve", 2, 2)]).await;
    let Finished::Refund(due) = scene.captured(&late).await else {
        panic!("the tickets were free")
    };
    scene.give_back(&due).await;
}

/// Spoils good data and expects that just these rules are broken, by one row each.
#[track_caller]
fn breaks(rules: &[&'static str], spoil: &'static str) {
    with_scene(Some(6), async |scene| {
        everything(scene).await;
        assert_eq!(scene.violations().await, [], "good data is clean");
        for table in ["reservation_history", "payment_history"] {
            let forge = sqlx::AssertSqlSafe(format!("ALTER TABLE {table} DISABLE TRIGGER ALL"));
            sqlx::raw_sql(forge).execute(scene.pool).await.expect("the owner may");
        }
        scene.execute(spoil).await;
        let expected: Vec<_> = rules.iter().map(|rule| (*rule, 1)).collect();
        assert_eq!(scene.violations().await, expected, "{spoil}");
    });
}

#[test]
fn an_empty_database_is_clean() {
    with_scene(None, async |scene| assert_eq!(scene.violations().await, []));
}

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
                 SELECT event_id, gen_random_uuid(), 1, status, 0, now(), now(), expires_at, currency,
                        'mallory', '{2}', '{5000}'
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
fn a_confirmed_reservation_that_nobody_paid_for_is_found() {
    let spoil = "DELETE FROM gateway.charges WHERE attempt IN
                     (SELECT id FROM payments WHERE status = 'succeeded');
                 DELETE FROM payment_history WHERE payment_id IN
                     (SELECT id FROM payments WHERE status = 'succeeded');
                 DELETE FROM payments WHERE status = 'succeeded'";
    breaks(&[PAID_ONCE], spoil);
}

#[test]
fn a_reservation_that_was_paid_for_twice_is_found() {
    let spoil = "INSERT INTO payments (event_id, id, reservation_id, status, amount, currency, card,
                     card_last4, fingerprint, created_at, updated_at)
                 SELECT event_id, '00000000-0000-0000-0000-0000000000ff', reservation_id, status, amount,
                        currency, card, card_last4, 0, now(), now()
                 FROM payments WHERE status = 'succeeded';
                 INSERT INTO gateway.charges (attempt, reservation, amount, currency, captured)
                 SELECT id, reservation_id, amount, currency, true
                 FROM payments WHERE id = '00000000-0000-0000-0000-0000000000ff'";
    breaks(&[PAID_ONCE, PAYMENT_AS_LEFT], spoil);
}

#[test]
fn a_payment_of_another_amount_than_the_price_is_found() {
    let spoil = "UPDATE payments SET amount = amount - 1 WHERE status = 'succeeded';
                 UPDATE gateway.charges SET amount = amount - 1 WHERE attempt IN
                     (SELECT id FROM payments WHERE status = 'succeeded')";
    breaks(&[PAID_ONCE], spoil);
}

#[test]
fn a_paid_reservation_that_is_not_confirmed_is_found() {
    let spoil = "UPDATE payments SET status = 'succeeded' WHERE status = 'processing'";
    breaks(&[PAID_ONCE, UNDER_WAY, PAYMENT_AS_LEFT], spoil);
}

#[test]
fn a_charge_of_another_amount_than_its_payment_is_found() {
    let spoil = "UPDATE gateway.charges SET amount = amount + 1 WHERE attempt IN
                     (SELECT id FROM payments WHERE status = 'succeeded')";
    breaks(&[CAPTURED], spoil);
}

#[test]
fn a_charge_without_a_payment_is_found() {
    let spoil = "INSERT INTO gateway.charges (attempt, reservation, amount, currency, captured)
                 VALUES (gen_random_uuid(), gen_random_uuid(), 100, 'EUR', true)";
    breaks(&[CAPTURED], spoil);
}

#[test]
fn a_charge_that_was_kept_though_its_payment_failed_is_found() {
    let spoil = "UPDATE payments SET status = 'declined', reason = 'card_declined'
                 WHERE status = 'processing'";
    breaks(&[UNDER_WAY, CAPTURED, PAYMENT_AS_LEFT], spoil);
}

#[test]
fn a_refund_that_the_gateway_does_not_know_is_found() {
    breaks(&[CAPTURED], "UPDATE gateway.charges SET refunded_at = NULL");
}

#[test]
fn a_refund_of_what_was_ticketed_is_found() {
    let spoil = "UPDATE gateway.charges SET refunded_at = now() WHERE attempt IN
                     (SELECT id FROM payments WHERE status = 'succeeded')";
    breaks(&[CAPTURED], spoil);
}

#[test]
fn a_success_that_the_gateway_does_not_know_is_found() {
    let spoil = "DELETE FROM gateway.charges WHERE attempt IN
                     (SELECT id FROM payments WHERE status = 'succeeded')";
    breaks(&[WAS_CAPTURED], spoil);
}

#[test]
fn a_success_that_the_gateway_refused_is_found() {
    let spoil = "UPDATE gateway.charges SET captured = false, refused = 'card_declined'
                 WHERE attempt IN (SELECT id FROM payments WHERE status = 'succeeded')";
    breaks(&[WAS_CAPTURED], spoil);
}

#[test]
fn a_customer_with_too_many_tickets_is_found() {
    breaks(&[LIMIT], "UPDATE events SET tickets_per_customer = 3");
}

#[test]
fn a_reservation_of_no_event_is_found() {
    let spoil = "INSERT INTO reservations (event_id, id, revision, status, fingerprint, created_at,
                                           updated_at, currency, customer, reason)
                 VALUES (99, gen_random_uuid(), 1, 'rejected', 1, now(), now(), 'EUR', 'ada', 'too_late')";
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

#[test]
fn a_payment_of_no_reservation_is_found() {
    let spoil = "UPDATE payments SET reservation_id = gen_random_uuid() WHERE status = 'succeeded'";
    breaks(&[PAID_ONCE, PAYS_SOMETHING], spoil);
}

#[test]
fn a_change_that_history_does_not_tell_is_found() {
    breaks(&[AS_LEFT], "DELETE FROM reservation_history WHERE became = 'confirmed'");
}

#[test]
fn a_change_to_other_tickets_is_found() {
    breaks(&[AS_LEFT], "UPDATE reservation_history SET tickets = '{9}' WHERE became = 'confirmed'");
}

#[test]
fn history_of_nobody_is_found() {
    let spoil =
        "INSERT INTO reservation_history SELECT at, gen_random_uuid(), event_id, revision, was,
                     became, expires_at, cause, reason, tickets
                 FROM reservation_history WHERE became = 'rejected' LIMIT 1";
    breaks(&[NOT_AHEAD], spoil);
}

#[test]
fn a_missing_change_in_the_middle_is_found() {
    let spoil = "DELETE FROM reservation_history h USING reservations r
                 WHERE r.id = h.reservation_id AND r.status = 'confirmed' AND h.became = 'paying'";
    breaks(&[UNBROKEN], spoil);
}

#[test]
fn a_missing_beginning_is_found() {
    let spoil = "DELETE FROM reservation_history WHERE was IS NULL
                     AND reservation_id = '00000000-0000-0000-0000-000000000005'";
    breaks(&[UNBROKEN], spoil);
}

#[test]
fn a_change_that_the_states_do_not_allow_is_found() {
    let spoil = "UPDATE reservation_history
                 SET was = CASE was WHEN 'held' THEN 'rejected'::reservation_status END,
                     became = CASE became WHEN 'held' THEN 'rejected' ELSE became END
                 WHERE reservation_id = '00000000-0000-0000-0000-000000000005'";
    breaks(&[LEGAL], spoil);
}

#[test]
fn a_payment_that_is_not_as_history_left_it_is_found() {
    let spoil = "UPDATE payment_history SET became = 'declined' WHERE became = 'succeeded'";
    breaks(&[PAYMENT_AS_LEFT], spoil);
}

#[test]
fn history_of_no_payment_is_found() {
    let spoil =
        "INSERT INTO payment_history SELECT at, gen_random_uuid(), reservation_id, event_id,
                     was, became, refund_due, cause, reason
                 FROM payment_history WHERE became = 'succeeded'";
    breaks(&[PAYMENT_NOT_AHEAD], spoil);
}

#[test]
fn a_hold_that_nobody_frees_is_found() {
    let spoil = "UPDATE reservations SET expires_at = expires_at - interval '1 day'
                 WHERE id = '00000000-0000-0000-0000-000000000001';
                 UPDATE reservation_history SET expires_at = expires_at - interval '1 day'
                 WHERE reservation_id = '00000000-0000-0000-0000-000000000001';
                 UPDATE tickets SET expires_at = expires_at - interval '1 day'
                 WHERE reservation_id = '00000000-0000-0000-0000-000000000001'";
    breaks(&[FREED], spoil);
}

#[test]
fn a_payment_that_does_not_end_is_found() {
    let spoil = "UPDATE payments SET updated_at = updated_at - interval '2 h'
                 WHERE status = 'processing';
                 UPDATE payment_history SET at = at - interval '2 h' WHERE payment_id IN
                     (SELECT id FROM payments WHERE status = 'processing')";
    breaks(&[ENDS], spoil);
}

#[test]
fn every_rule_has_a_name_of_its_own() {
    let mut names: Vec<_> = audit::rules().map(|rule| rule.name).collect();
    let rules = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), rules);
}

#[test]
fn an_audit_of_recent_history_leaves_the_rest_out_and_needs_no_beginning() {
    with_scene(None, async |scene| {
        everything(scene).await;
        scene.execute("ALTER TABLE reservation_history DISABLE TRIGGER ALL").await;
        let spoil = "UPDATE reservation_history SET tickets = '{9}' WHERE became = 'paying'
                         AND reservation_id = '00000000-0000-0000-0000-000000000003'";
        scene.execute(spoil).await;
        assert_eq!(scene.violations().await, [(AS_LEFT, 1)]);
        let connection = &mut *scene.connection().await;
        let now = pool::now(connection).await.expect("a time");
        scene.commit(&[cancel(1)]).await;
        let recent = Scope { history_from: Some(now), ..Scope::ALL };
        assert_eq!(audit::violations(connection, recent).await.expect("a query"), []);
        let money = Scope { groups: &[Group::Money], ..Scope::ALL };
        let found = audit::findings(connection, money).await.expect("a query");
        assert!(found.len() > 3 && found.iter().all(|one| one.rule.group == Group::Money));
        scene.execute("DELETE FROM reservation_history WHERE became = 'cancelled'").await;
        let found = audit::violations(connection, recent).await.expect("a query");
        let found: Vec<_> = found.iter().map(|one| (one.rule.name, one.rows)).collect();
        assert_eq!(found, [(AS_LEFT, 1)]);
    });
}

#[test]
fn an_audit_beside_bookings_never_sees_half_a_change() {
    const ROUNDS: u128 = 30;
    with_scene(None, async |scene| {
        let audited = std::cell::Cell::new(0);
        let booking = async {
            for round in 0..ROUNDS {
                let first = round * 10;
                let (seat, next) = ((round % 30) as i32 + 1, (round % 20) as i32 + 31);
                scene
                    .commit(&[wish(first + 1, "ada", &[seat]), wish(first + 2, "bob", &[next])])
                    .await;
                let payment = scene.charge(first + 1, first + 1).await;
                scene.captured(&payment).await;
                scene.commit(&[cancel(first + 2), any_of(first + 3, "eve", 2, 2)]).await;
                scene.commit(&[cancel(first + 3)]).await;
                if audited.get() > 12 {
                    break;
                }
            }
            audited.get()
        };
        let audits = async {
            loop {
                assert_eq!(scene.violations().await, []);
                audited.set(audited.get() + 1);
                tokio::task::yield_now().await;
            }
        };
        let audited = tokio::select! {
            audited = booking => audited,
            () = audits => 0,
        };
        assert!(audited > 2, "{audited} audits");
        assert_eq!(scene.violations().await, []);
    });
}
