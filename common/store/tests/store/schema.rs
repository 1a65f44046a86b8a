//! The schema and the demo events.

use store::pool;
use store::seed::{self, SectionPlanKind};

use crate::support::{with_database, with_empty_database};

#[test]
fn migrations_apply_to_an_empty_database_and_once() {
    with_empty_database(async |pool| {
        pool::migrate(pool).await.expect("the first time");
        pool::migrate(pool).await.expect("again");
        let applied: i64 =
            sqlx::query_scalar("SELECT count(*) FROM _sqlx_migrations WHERE success")
                .fetch_one(pool)
                .await
                .expect("their table");
        let files = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations"));
        let is_sql = |name: &std::ffi::OsStr| name.to_string_lossy().ends_with(".sql");
        let files = files.expect("the directory").filter_map(Result::ok);
        let files = files.filter(|file| is_sql(&file.file_name())).count();
        assert_eq!(applied, files as i64);
    });
}

#[test]
fn several_processes_may_migrate_at_once() {
    with_empty_database(async |pool| {
        let all = futures::future::join_all([(); 4].map(|()| pool::migrate(pool))).await;
        for done in all {
            done.expect("whoever comes first");
        }
    });
}

#[test]
fn the_demo_events_are_planted_once() {
    with_database(async |pool| {
        let mut connection = pool.acquire().await.expect("a connection");
        let counts = "SELECT array[(SELECT count(*) FROM events), (SELECT count(*) FROM tiers),
             (SELECT count(*) FROM sections), (SELECT count(*) FROM tickets),
             (SELECT count(*) FROM seats)]";
        let mut rows = Vec::new();
        for expected in [true, false] {
            for plan in seed::demo() {
                let planted = seed::plant(&mut connection, &plan).await.expect("planted");
                assert_eq!(planted, expected, "{}", plan.name);
            }
            let counted: Vec<i64> =
                sqlx::query_scalar(counts).fetch_one(&mut *connection).await.expect("counted");
            rows.push(counted);
        }
        assert_eq!(rows[0], planned());
        assert_eq!(rows[1], planned());
    });
}

/// Events, tiers, sections, tickets and seats of the demo.
fn planned() -> Vec<i64> {
    let mut counts = [0; 5];
    for plan in seed::demo() {
        counts[0] += 1;
        counts[1] += plan.tiers.len();
        counts[2] += plan.sections.len();
        for section in plan.sections {
            let (tickets, seats) = match section.kind {
                SectionPlanKind::Standing { capacity, .. } => (capacity as usize, 0),
                SectionPlanKind::Rows { tiers, seats, .. } => {
                    (tiers.len() * seats as usize, tiers.len() * seats as usize)
                }
            };
            counts[3] += tickets;
            counts[4] += seats;
        }
    }
    counts.map(|count| count as i64).to_vec()
}

#[test]
fn the_clock_is_the_databases_to_the_millisecond() {
    with_empty_database(async |pool| {
        let mut connection = pool.acquire().await.expect("a connection");
        let first = pool::now(&mut connection).await.expect("a time");
        let second = pool::now(&mut connection).await.expect("a time");
        assert!(second >= first);
        assert_eq!(first.timestamp_subsec_nanos() % 1_000_000, 0);
    });
}
