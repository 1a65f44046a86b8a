//! Checks of the files in `ops/` and of the runbooks that need no running system.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use anyhow::{Context, Result};
use process::telemetry::names;

/// The path of the alerts, from the root of the checkout.
pub(crate) const ALERTS: &str = "ops/prometheus/alerts.yml";
const DASHBOARD: &str = "ops/grafana/boxoffice.json";

/// The values of all lines `key: value` with this key.
fn values(text: &str, key: &str) -> Vec<String> {
    let value = |line: &str| line.trim().strip_prefix(key).map(|rest| rest.trim().to_owned());
    text.lines().filter_map(value).collect()
}

pub(crate) fn alerts() -> Result<BTreeSet<String>> {
    let text = fs::read_to_string(testbed::checkout::root().join(ALERTS))?;
    Ok(values(&text, "- alert:").into_iter().collect())
}

fn promtool(arguments: &[&str]) -> Result<()> {
    let mut command = Command::new("promtool");
    command.current_dir(testbed::checkout::root()).args(arguments);
    let output =
        command.output().context("promtool is not installed: cargo xtask test installs it")?;
    let said = String::from_utf8_lossy(&output.stdout);
    let why = String::from_utf8_lossy(&output.stderr);
    anyhow::ensure!(output.status.success(), "promtool {arguments:?}: {said}{why}");
    Ok(())
}

#[test]
fn promtool_finds_the_rules_right_and_their_tests_pass() -> Result<()> {
    promtool(&["check", "rules", ALERTS])?;
    promtool(&["check", "config", "ops/prometheus/prometheus.yml"])?;
    promtool(&["test", "rules", "ops/prometheus/alerts_test.yml"])?;
    let tested =
        fs::read_to_string(testbed::checkout::root().join("ops/prometheus/alerts_test.yml"))?;
    for alert in alerts()? {
        assert!(tested.contains(&format!("alertname: {alert}")), "{alert} has no test");
    }
    Ok(())
}

#[test]
fn dashboard_and_alerts_name_only_metrics_that_there_are() -> Result<()> {
    let known: BTreeSet<&str> = names::ALL.iter().map(|name| name.name).collect();
    for file in [ALERTS, DASHBOARD] {
        let text = fs::read_to_string(testbed::checkout::root().join(file))?;
        let is_part = |c: char| c.is_ascii_lowercase() || c == '_';
        let words = text.split(|c| !is_part(c)).filter(|word| word.starts_with("boxoffice_"));
        let mut named = BTreeSet::new();
        for word in words {
            let endings = ["_bucket", "_count", "_sum"];
            let plain = endings.iter().find_map(|ending| word.strip_suffix(ending));
            let name = plain.filter(|plain| known.contains(plain)).unwrap_or(word);
            assert!(known.contains(name), "{file} names {word}, which is not measured");
            named.insert(name);
        }
        assert!(named.len() > 10, "{file} names {named:?}");
        if file == DASHBOARD {
            let unseen: Vec<_> = known.difference(&named).collect();
            assert!(unseen.is_empty(), "measured and on no panel: {unseen:?}");
            let _json: serde_json::Value = serde_json::from_str(&text)?;
        }
    }
    Ok(())
}

#[test]
fn every_alert_has_a_runbook_and_every_runbook_an_alert() -> Result<()> {
    let root = testbed::checkout::root();
    let runbooks = values(&fs::read_to_string(root.join(ALERTS))?, "runbook:");
    assert_eq!(runbooks.len(), alerts()?.len(), "one for each alert");
    let index = fs::read_to_string(root.join("docs/runbooks/README.md"))?;
    for path in &runbooks {
        let page = fs::read_to_string(root.join(path)).with_context(|| path.clone())?;
        let headings = values(&page, "## ");
        assert_eq!(headings, ["Symptom", "Look", "Act", "Verify"], "{path}");
        let name = path.rsplit('/').next().unwrap_or_default();
        assert!(index.contains(&format!("({name})")), "{path} is not in the index");
    }
    for page in fs::read_dir(root.join("docs/runbooks"))? {
        let name = page?.file_name().to_string_lossy().into_owned();
        let path = format!("docs/runbooks/{name}");
        assert!(name == "README.md" || runbooks.contains(&path), "{path} has no alert");
    }
    Ok(())
}
