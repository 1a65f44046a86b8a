//! Tools from PyPI for checks. Each list of tools has its own virtual environment under
//! `target/venv`.

use std::fs::{self, File};
use std::io::stderr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::{checkout, note, tools};

/// A virtual environment with its tools installed.
#[derive(Debug)]
pub struct Venv {
    dir: PathBuf,
}

impl Venv {
    /// The environment of this name with these packages, in pip's notation (`name==version`). It is
    /// created, or created again if it does not have exactly these packages. Several processes may
    /// call this at the same time.
    pub fn with(name: &str, packages: &[&str]) -> Result<Self> {
        let all = checkout::target().join("venv");
        fs::create_dir_all(&all)?;
        let venv = Self { dir: all.join(name) };
        let lock = File::create(all.join(format!("{name}.lock")))?;
        lock.lock().context("cannot lock the virtual environment")?;
        // This file is written last, so an interrupted installation is started again.
        let installed = venv.dir.join("installed");
        let wanted = packages.join("\n");
        if fs::read_to_string(&installed).ok().as_ref() != Some(&wanted) {
            venv.make(packages)?;
            fs::write(&installed, wanted)?;
        }
        Ok(venv)
    }

    /// A program of one of the packages, or `python`.
    pub fn program(&self, name: &str) -> PathBuf {
        self.dir.join("bin").join(name)
    }

    fn make(&self, packages: &[&str]) -> Result<()> {
        tools::require(&[&tools::PYTHON])?;
        note(&format!("installing {} in {}", packages.join(", "), self.dir.display()));
        if self.dir.exists() {
            fs::remove_dir_all(&self.dir)?;
        }
        run(Path::new("python3"), &["-m", "venv"], &[&self.dir.to_string_lossy()])?;
        let install =
            ["-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check"];
        run(&self.program("python"), &install, packages)
    }
}

fn run(program: &Path, words: &[&str], more: &[&str]) -> Result<()> {
    let mut command = Command::new(program);
    // Standard output is only for what the user asked for.
    command.args(words).args(more).stdout(stderr());
    let status = command.status().with_context(|| format!("cannot run {}", program.display()))?;
    ensure!(status.success(), "{} {}: {status}", program.display(), words.join(" "));
    Ok(())
}
