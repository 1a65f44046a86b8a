//! Good data, spoiled on purpose.

use booking::payments::Finished;

use crate::support::{Scene, any_of, cancel, wish, with_scene};

pub(super) const AS_LEFT: &str = "reservations_are_as_history_left_them";
pub(super) const PAYMENT_AS_LEFT: &str = "payments_are_as_history_left_them";

/// Some of everything: 1 held, 2 confirmed, 3 paying, 4 refused, 5 cancelled, 6 a tombstone, 7
/// expired and refunded, 8 the one that took it over.
pub(super) async fn everything(scene: &Scene<'_>) {
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
pub(super) fn breaks(rules: &[&'static str], spoil: &'static str) {
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
