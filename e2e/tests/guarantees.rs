//! Every test that `docs/guarantees.md` names exists.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};

#[test]
fn every_test_that_the_guarantees_name_exists() -> Result<()> {
    let root = testbed::checkout::root();
    let document = std::fs::read_to_string(root.join("docs/guarantees.md"))?;
    let quoted = document.split('`').skip(1).step_by(2);
    let named: BTreeSet<_> = quoted.filter_map(|quoted| quoted.split_once(".rs::")).collect();
    ensure!(named.len() > 40, "only {} tests are named", named.len());
    for (file, test) in named {
        let file = format!("{file}.rs");
        let source = std::fs::read_to_string(root.join(&file)).with_context(|| file.clone())?;
        let (before, _) = source
            .split_once(&format!("fn {test}("))
            .with_context(|| format!("{file} has no {test}"))?;
        let attribute = before.rsplit("#[").next().unwrap_or_default();
        let is_test = attribute.starts_with("test]") || attribute.starts_with("tokio::test");
        ensure!(is_test, "{test} of {file} is no test");
    }
    Ok(())
}
