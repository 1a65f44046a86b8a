//! Licences and sources of all dependencies: our own small part of what `cargo deny` does, for machines without it.

mod expression;

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context, Result, bail};
use serde_json::Value;
use xtask::checkout;

use crate::commands::run::cargo;

const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// Fails with a line for each dependency that is neither ours nor from crates.io, or whose licence deny.toml does not
/// allow.
pub(super) fn check() -> Result<()> {
    let deny = fs::read_to_string(checkout::root().join("deny.toml")).context("deny.toml")?;
    let allowed = allowed(&deny)?;
    let output = cargo(&["metadata", "--format-version", "1", "--locked"]).output()?;
    if !output.status.success() {
        bail!("cargo metadata: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    let problems = problems(&serde_json::from_slice(&output.stdout)?, &allowed)?;
    if problems.is_empty() { Ok(()) } else { bail!("{}", problems.join("\n")) }
}

/// `licenses.allow` of deny.toml.
fn allowed(deny: &str) -> Result<BTreeSet<String>> {
    let table: toml::Table = deny.parse().context("deny.toml")?;
    let list = table.get("licenses").and_then(|licenses| licenses.get("allow")?.as_array());
    let names = list.context("deny.toml has no licenses.allow")?.iter();
    Ok(names.filter_map(|name| name.as_str().map(str::to_owned)).collect())
}

fn problems(metadata: &Value, allowed: &BTreeSet<String>) -> Result<Vec<String>> {
    let packages = metadata["packages"].as_array().context("cargo metadata has no packages")?;
    Ok(packages.iter().filter_map(|package| problem(package, allowed)).collect())
}

fn problem(package: &Value, allowed: &BTreeSet<String>) -> Option<String> {
    let name = format!("{} {}", text(&package["name"]), text(&package["version"]));
    match package["source"].as_str() {
        // Without a source it is a path, and so part of the checkout.
        None | Some(CRATES_IO) => {}
        Some(source) => return Some(format!("{name} comes from {source}")),
    }
    let Some(licence) = package["license"].as_str() else {
        return Some(format!("{name} names no licence"));
    };
    match expression::is_met(licence, |one| allowed.contains(one)) {
        Ok(true) => None,
        Ok(false) => {
            Some(format!("{name} has the licence {licence}, which deny.toml does not allow"))
        }
        Err(error) => Some(format!("{name} has the licence {licence:?}: {error}")),
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("?")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn strangers_and_strange_licences_are_named() {
        let allowed = allowed("[licenses]\nallow = [\"MIT\", \"Apache-2.0\"]").unwrap();
        let metadata = json!({"packages": [
            {"name": "own", "version": "0.0.0", "source": null, "license": "MIT OR Apache-2.0"},
            {"name": "good", "version": "1.0.0", "source": CRATES_IO, "license": "MIT/Apache-2.0"},
            {"name": "copyleft", "version": "1.0.0", "source": CRATES_IO, "license": "GPL-3.0"},
            {"name": "none", "version": "1.0.0", "source": CRATES_IO, "license": null},
            {"name": "git", "version": "1.0.0", "source": "git+https://example.org/x", "license": "MIT"},
        ]});
        assert_eq!(
            problems(&metadata, &allowed).unwrap(),
            [
                "copyleft 1.0.0 has the licence GPL-3.0, which deny.toml does not allow",
                "none 1.0.0 names no licence",
                "git 1.0.0 comes from git+https://example.org/x",
            ]
        );
    }
}
