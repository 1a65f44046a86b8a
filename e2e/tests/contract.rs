//! The front door behaves as its OpenAPI document says. Schemathesis makes up valid and invalid
//! requests, and checks every response.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use booking::ids::EventId;
use e2e::{Options, Stack, plans};
use testbed::venv::Venv;

/// All packages of schemathesis with their versions, so that a seed always gives the same requests.
const REQUIREMENTS: &str = include_str!("../schemathesis/requirements.txt");
const SEED: &str = "20261125";
/// How long each random phase runs.
const SECONDS: &str = "25";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_is_as_the_openapi_document_says() -> Result<()> {
    let install = || {
        let requirements: Vec<_> = REQUIREMENTS.lines().collect();
        Venv::with("schemathesis", &requirements)
    };
    let program = tokio::task::spawn_blocking(install).await??.program("st");
    let mut options = Options::of(plans::seated(20));
    let mut standing = plans::seated(1);
    standing.id = EventId(2);
    standing.sections = vec![plans::standing("Floor", 500)];
    options.events.push(standing);
    let stack = Stack::start(options).await?;

    let folder = tempfolder()?;
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut st = Command::new(program);
    st.arg("--config-file").arg(here.join("schemathesis/schemathesis.toml"));
    st.arg("run").arg(format!("{}/api/openapi.json", stack.buyer.base()));
    st.args(["--checks", "all", "--continue-on-failure", "--no-color", "--request-timeout", "20"]);
    st.args(["--seed", SEED, "--max-time", SECONDS, "--suppress-health-check", "all"]);
    st.current_dir(&folder);
    let output = tokio::task::spawn_blocking(move || st.output()).await?.context("schemathesis")?;
    let shown = String::from_utf8_lossy(&output.stdout);
    anyhow::ensure!(output.status.success(), "schemathesis found fault:\n{shown}");
    anyhow::ensure!(shown.contains("Tested: 15"), "it did not try every operation:\n{shown}");
    std::fs::remove_dir_all(folder)?;
    let api = stack.api.as_ref().context("the front door")?;
    let faults: Vec<_> = api.lines().into_iter().filter(|line| line["level"] == "ERROR").collect();
    anyhow::ensure!(faults.is_empty(), "{faults:#?}");
    stack.finish().await
}

/// A folder for the files that schemathesis writes into its working directory.
fn tempfolder() -> Result<std::path::PathBuf> {
    let folder = testbed::checkout::target().join("test").join(uuid::Uuid::new_v4().to_string());
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}
