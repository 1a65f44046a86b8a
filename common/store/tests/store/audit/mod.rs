//! Every rule of the audit is clean on good data, and finds what was spoiled on purpose.

use store::audit::{self, Group, Scope};
use store::pool;

use crate::support::{any_of, cancel, wish, with_scene};
use spoiled::{AS_LEFT, everything};

mod spoiled;

mod history;
mod inventory;
mod money;
mod progress;

#[test]
fn an_empty_database_is_clean() {
    with_scene(None, async |scene| assert_eq!(scene.violations().await, []));
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
