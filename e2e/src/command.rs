//! Runs a command to its end.

use std::process::Stdio;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::PATIENCE;

/// The result of a command.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    /// Standard output, followed by standard error.
    pub text: String,
    output: String,
}

impl Ran {
    /// Runs a binary of this checkout.
    pub(crate) async fn run(
        binary: &str,
        arguments: &[&str],
        environment: &[(String, String)],
    ) -> Result<Self> {
        let path = testbed::checkout::target().join("debug").join(binary);
        let mut command = tokio::process::Command::new(path);
        command.args(arguments).stdin(Stdio::null()).kill_on_drop(true);
        command.envs(environment.iter().map(|(name, value)| (name, value)));
        let ended = tokio::time::timeout(PATIENCE * 2, command.output());
        let ended =
            ended.await.with_context(|| format!("{binary} {arguments:?} does not end"))??;
        let output = String::from_utf8(ended.stdout)?;
        let text = format!("{output}{}", String::from_utf8_lossy(&ended.stderr));
        Ok(Self { code: ended.status.code().unwrap_or(-1), text, output })
    }

    /// The exit code, and the standard output.
    pub fn into_parts(self) -> (i32, String) {
        (self.code, self.output)
    }

    /// The lines of standard output that are JSON.
    pub fn lines(&self) -> Vec<Value> {
        self.output.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// The only line of JSON on standard output.
    pub fn json(&self) -> Result<Value> {
        serde_json::from_str(&self.output).with_context(|| self.text.clone())
    }
}
