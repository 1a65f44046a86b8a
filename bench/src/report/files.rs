//! Writes the report's files.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::Report;
use super::page::page;

/// Writes the report as an HTML page and as JSON. Returns the path of the page.
pub fn write(report: &Report, dir: &Path) -> Result<PathBuf> {
    fs::create_dir_all(dir).with_context(|| format!("cannot make {}", dir.display()))?;
    let time: String =
        report.about.started_at.chars().take(19).filter(char::is_ascii_digit).collect();
    let stem = format!("report-{}-{time}", report.scenario);
    let html = dir.join(format!("{stem}.html"));
    fs::write(&html, page(report)).with_context(|| format!("cannot write {}", html.display()))?;
    let json = serde_json::to_vec_pretty(report)?;
    fs::write(dir.join(format!("{stem}.json")), json)?;
    Ok(html)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::page::tests::report;

    #[test]
    fn the_page_and_the_json_lie_side_by_side() {
        let dir = std::env::temp_dir().join(format!("boxoffice-bench-{}", std::process::id()));
        let html = write(&report(), &dir).unwrap();
        let json = fs::read(html.with_extension("json")).unwrap();
        let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
        assert_eq!(json["runs"][0]["requests"][0]["counts"]["won"], 2_000);
        assert_eq!(json["figures"][0]["aim"]["at_most"], 100.0);
        fs::remove_dir_all(dir).unwrap();
    }
}
