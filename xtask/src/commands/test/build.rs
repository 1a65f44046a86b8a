//! The only build of the test command: the code that is linted is the code that is run.
//!
//! Clippy compiles instead of the compiler, as `RUSTC_WORKSPACE_WRAPPER`. `cargo clippy` only
//! checks, so everything would be compiled again for the tests.

use std::collections::BTreeSet;
use std::io::{Write, stderr};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};

use anyhow::{Result, ensure};
use serde_json::Value;

use super::programs::Program;
use crate::commands::run::{cargo, is_installed, run_read};
use crate::commands::say::has_colours;
use crate::commands::stop::Stop;

/// The result of a build.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Build {
    /// The test programs.
    pub(super) programs: Vec<Program>,
    /// The warnings of compiler and lints, each once.
    pub(super) warnings: BTreeSet<String>,
}

impl Build {
    /// Builds and lints the whole workspace. A single package would need fewer features of shared
    /// dependencies, and cargo would compile those again.
    pub(super) fn run(stop: &Stop) -> Result<Self> {
        let format = if has_colours() { "json-diagnostic-rendered-ansi" } else { "json" };
        let mut build = cargo(&["build", "--workspace", "--all-targets", "--locked"]);
        build.args(["--message-format", format]);
        build.env("RUSTC_WORKSPACE_WRAPPER", clippy_driver(&build)?);
        let read = Arc::new(Mutex::new(Self::default()));
        let reader = Arc::clone(&read);
        run_read(&mut build, stop, move |line| {
            reader.lock().expect("no holder panics").read(&line);
        })?;
        let mut read = read.lock().expect("no holder panics");
        Ok(std::mem::take(&mut *read))
    }

    /// Fails if there were warnings, so that none stays in the code.
    pub(super) fn ensure_no_warnings(&self) -> Result<()> {
        ensure!(self.warnings.is_empty(), "{} warnings", self.warnings.len());
        Ok(())
    }

    /// Reads one of cargo's messages, and shows warnings and errors. Cargo repeats the warnings of
    /// code that it need not build again, so none is missed.
    fn read(&mut self, line: &str) {
        let Ok(message) = serde_json::from_str::<Value>(line) else { return };
        self.programs.extend(test_program(&message));
        // A library is compiled twice, with and without its tests, so its warnings come twice.
        if let Some(text) = message["message"]["rendered"].as_str()
            && self.warnings.insert(text.to_owned())
        {
            // If nobody reads it any more, there is nothing better to do than to continue.
            let _ = stderr().write_all(text.as_bytes());
        }
    }
}

/// The path of `clippy-driver`, in the same toolchain as cargo.
fn clippy_driver(cargo: &Command) -> Result<PathBuf> {
    let driver = Path::new(cargo.get_program()).with_file_name("clippy-driver");
    let is_there = is_installed(&driver.to_string_lossy());
    ensure!(is_there, "the lints need clippy: rustup component add clippy");
    Ok(driver)
}

/// The test program of a `compiler-artifact` message; none if it has no tests.
fn test_program(message: &Value) -> Option<Program> {
    if message["profile"]["test"] != true {
        return None;
    }
    let path = PathBuf::from(message["executable"].as_str()?);
    let package = Path::new(message["manifest_path"].as_str()?).parent()?.to_path_buf();
    let target = &message["target"];
    let name = format!(
        "{} {} {}",
        package.file_name()?.to_string_lossy(),
        target["kind"][0].as_str()?,
        target["name"].as_str()?
    );
    Some(Program { name, path, package })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn artifact(is_test: bool, executable: Option<&str>) -> Value {
        json!({
            "reason": "compiler-artifact",
            "manifest_path": "/checkout/e2e/Cargo.toml",
            "target": {"kind": ["test"], "name": "booking"},
            "profile": {"test": is_test},
            "executable": executable,
        })
    }

    #[test]
    fn test_programs_are_found_and_a_warning_counts_once() {
        let warning = json!({
            "reason": "compiler-message",
            "message": {"level": "warning", "rendered": ""},
        });
        let messages = [
            artifact(true, Some("/target/booking-1")),
            artifact(false, Some("/target/faults")),
            artifact(true, None),
            warning.clone(),
            warning,
            json!({"reason": "build-finished", "success": true}),
        ];
        let mut build = Build::default();
        build.read("no message");
        for message in &messages {
            build.read(&message.to_string());
        }
        let program = Program {
            name: "e2e test booking".to_owned(),
            path: PathBuf::from("/target/booking-1"),
            package: PathBuf::from("/checkout/e2e"),
        };
        assert_eq!(build.programs, [program]);
        assert_eq!(build.warnings.len(), 1);
    }
}
