//! Every statement fits the schema: those that the compiler checked against what `.sqlx` says of
//! them, and the few that are text.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use booking::domain::{PaymentStatus, ReservationStatus, TicketState};
use serde_json::Value;
use sqlx::{AssertSqlSafe, Column, Executor, SqlSafeStr, TypeInfo};
use store::{audit, text};

use crate::support::with_database;

const PACKAGE: &str = env!("CARGO_MANIFEST_DIR");

/// Where text goes to the database, by file of this crate. What is not listed here is checked when
/// it is compiled.
const TEXT_IS_SENT_BY: [(&str, usize); 3] =
    [("audit/mod.rs", 3), ("schema.rs", 1), ("transaction.rs", 1)];

#[test]
fn what_the_compiler_was_told_of_each_statement_is_so() {
    let known = known_statements();
    assert!(known.len() > 30, "{} statements", known.len());
    with_database(async |pool| {
        let mut connection = pool.acquire().await.expect("a connection");
        for statement in &known {
            let sql = statement["query"].as_str().expect("text");
            let described = connection.describe(AssertSqlSafe(sql.to_owned()).into_sql_str()).await;
            let described = described.unwrap_or_else(|error| panic!("{error}: {sql}"));
            let described = serde_json::to_value(described).expect("plain");
            assert_eq!(described, statement["describe"], "run `cargo xtask sql`: {sql}");
        }
    });
}

#[test]
fn nothing_is_known_of_statements_that_are_gone() {
    let sources: String = sources().into_values().collect();
    for statement in known_statements() {
        let sql = statement["query"].as_str().expect("text");
        for line in sql.lines().map(str::trim) {
            assert!(sources.contains(line), "run `cargo xtask sql`: {line:?} is in no statement");
        }
    }
}

#[test]
fn statements_that_are_text_fit_the_schema() {
    with_database(async |pool| {
        let mut connection = pool.acquire().await.expect("a connection");
        for sql in text::EXECUTED {
            sqlx::raw_sql(sql).execute(&mut *connection).await.expect(sql);
            sqlx::raw_sql("ROLLBACK").execute(&mut *connection).await.expect("a rollback");
        }
        let mut statements = 0;
        for sql in audit::statements().chain(text::OF_ONE_NUMBER) {
            let described = connection.describe(sql.into_sql_str()).await.expect(sql);
            let types: Vec<&str> =
                described.columns().iter().map(|column| column.type_info().name()).collect();
            assert_eq!(types, ["INT8"], "{sql}");
            statements += 1;
        }
        assert!(statements > 20, "{statements} statements");
    });
}

#[test]
fn text_is_sent_by_the_listed_files_alone() {
    let calls = ["sqlx::query(", "query_scalar(", "query_as(", "raw_sql(", "begin_with("];
    let mut found = Vec::new();
    for (file, source) in sources() {
        let sent = calls.iter().map(|call| source.matches(call).count()).sum();
        if sent > 0 {
            found.push((file, sent));
        }
    }
    let listed = TEXT_IS_SENT_BY.map(|(file, sent)| (file.to_owned(), sent));
    assert_eq!(found, listed);
}

#[test]
fn the_schema_and_this_build_know_the_same_names() {
    let reservations = ReservationStatus::ALL.iter().map(|status| status.as_str());
    // What is pending has no row.
    let reservations = reservations.filter(|name| *name != ReservationStatus::Pending.as_str());
    let expected = BTreeMap::from([
        ("payment_status", sorted(PaymentStatus::ALL.iter().map(|status| status.as_str()))),
        ("reservation_status", sorted(reservations)),
        ("section_kind", sorted(["general", "seated"].into_iter())),
        ("ticket_state", sorted(TicketState::ALL.iter().map(|state| state.as_str()))),
    ]);
    with_database(async |pool| {
        let rows: Vec<(String, Vec<String>)> = sqlx::query_as(
            "SELECT t.typname::text, array_agg(e.enumlabel::text ORDER BY e.enumlabel::text)
             FROM pg_enum e JOIN pg_type t ON t.oid = e.enumtypid GROUP BY t.typname",
        )
        .fetch_all(pool)
        .await
        .expect("a query");
        let found: BTreeMap<&str, Vec<String>> =
            rows.iter().map(|(name, labels)| (name.as_str(), sorted_names(labels))).collect();
        assert_eq!(found, expected);
    });
}

fn sorted<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    sorted_names(&names.map(str::to_owned).collect::<Vec<_>>())
}

fn sorted_names(names: &[String]) -> Vec<String> {
    let mut names = names.to_vec();
    names.sort_unstable();
    names
}

/// What `.sqlx` says of each statement.
fn known_statements() -> Vec<Value> {
    let mut statements = Vec::new();
    for path in files(&Path::new(PACKAGE).join(".sqlx")) {
        let text = fs::read_to_string(&path).expect("a file");
        statements.push(serde_json::from_str(&text).expect("JSON"));
    }
    statements
}

/// The source of this crate, by file.
fn sources() -> BTreeMap<String, String> {
    let root = Path::new(PACKAGE).join("src");
    let mut sources = BTreeMap::new();
    let mut left = files(&root);
    while let Some(path) = left.pop() {
        if path.is_dir() {
            left.extend(files(&path));
            continue;
        }
        let name = path.strip_prefix(&root).expect("it is below").display().to_string();
        sources.insert(name, fs::read_to_string(&path).expect("a file"));
    }
    sources
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).expect("a directory");
    entries.map(|entry| entry.expect("an entry").path()).collect()
}
