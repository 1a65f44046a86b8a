//! The house rules that a machine can check. They read the sources only: no servers, no build.

mod circles;
mod crates;
mod docs;
mod sizes;
mod sources;
mod walk;
mod words;

use anyhow::{Result, ensure};

/// Fails with one line for each breach of a rule.
fn ensure_none(rule: &str, breaches: &[String]) -> Result<()> {
    ensure!(breaches.is_empty(), "{rule}:\n{}", breaches.join("\n"));
    Ok(())
}
