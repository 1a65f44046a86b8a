//! Which crate may use what. A rule about I/O is kept by the compiler when the crate's manifest
//! keeps it.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};

use super::ensure_none;
use super::sources::{Source, read_all};

/// Who may speak to PostgreSQL: the store; the tests, which look from outside; the load kit's
/// baseline, which is another architecture.
const WITH_SQLX: [&str; 3] = ["common/store", "e2e", "bench"];
/// Who may speak AMQP.
const WITH_LAPIN: [&str; 1] = ["common/broker"];
/// What the booking rules may use: data and arithmetic. None of these does I/O.
const BOOKING: [&str; 8] =
    ["blake3", "chrono", "serde", "serde_json", "thiserror", "uuid", "xxhash-rust", "rand"];

#[test]
fn only_the_store_speaks_sql() -> Result<()> {
    ensure_only("sqlx", &WITH_SQLX)
}

#[test]
fn only_the_broker_crate_speaks_amqp() -> Result<()> {
    ensure_only("lapin", &WITH_LAPIN)?;
    ensure_only("deadpool-lapin", &WITH_LAPIN)
}

#[test]
fn the_rules_of_booking_do_no_io() -> Result<()> {
    let manifests = manifests()?;
    let booking =
        manifests.iter().find(|one| folder(one) == "common/booking").context("booking")?;
    let used = dependencies(booking, "dependencies");
    ensure!(used.contains("serde"), "the manifest is not read right: {used:?}");
    let foreign: Vec<String> =
        used.into_iter().filter(|name| !BOOKING.contains(&name.as_str())).collect();
    ensure_none("common/booking uses only data and arithmetic", &foreign)
}

fn ensure_only(dependency: &str, allowed: &[&str]) -> Result<()> {
    let manifests = manifests()?;
    let mut users = BTreeSet::new();
    for manifest in &manifests {
        for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
            if dependencies(manifest, section).contains(dependency) {
                users.insert(folder(manifest));
            }
        }
    }
    ensure!(users.contains(allowed[0]), "{} does not use {dependency}", allowed[0]);
    let others = users.iter().filter(|user| !allowed.contains(*user)).map(|&user| user.to_owned());
    ensure_none(&format!("only {allowed:?} may use {dependency}"), &others.collect::<Vec<_>>())
}

fn manifests() -> Result<Vec<Source>> {
    read_all(&["Cargo.toml"])
}

fn folder(manifest: &Source) -> &str {
    manifest.path.trim_end_matches("Cargo.toml").trim_end_matches('/')
}

/// The names in one section of a manifest, each at the beginning of its line.
fn dependencies(manifest: &Source, section: &str) -> BTreeSet<String> {
    let header = format!("[{section}]");
    let lines = manifest.text.lines().map(str::trim).skip_while(|line| *line != header).skip(1);
    let of_section = lines.take_while(|line| !line.starts_with('['));
    let names = of_section
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split(['.', ' ', '=']).next().filter(|name| !name.is_empty()));
    names.map(str::to_owned).collect()
}
