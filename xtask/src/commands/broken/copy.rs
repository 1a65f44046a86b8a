//! A copy of the checkout that can be broken without changing the checkout itself.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use testbed::checkout;

use crate::commands::run::{cargo, command};

/// The copy and its build results are kept, so that the next run compiles only what has changed.
pub(super) struct Copy {
    dir: PathBuf,
    target: PathBuf,
}

impl Copy {
    /// Copies the checkout: tracked files, and new files that git does not ignore.
    pub(super) fn make() -> Result<Self> {
        let base = checkout::target().join("broken");
        let copy = Self { dir: base.join("checkout"), target: base.join("target") };
        fs::create_dir_all(&copy.dir)?;
        copy.restore()?;
        Ok(copy)
    }

    /// Makes the copy equal to the checkout again.
    pub(super) fn restore(&self) -> Result<()> {
        let files = files_of_checkout()?;
        for file in &files {
            copy_if_different(&checkout::root().join(file), &self.dir.join(file))?;
        }
        remove_all_but(&self.dir, Path::new(""), &files)
    }

    pub(super) fn apply(&self, patch: &Path) -> Result<()> {
        let mut apply = command("git", &["apply"], &self.dir);
        // The copy is inside a checkout. Without this ceiling, git would find that one and apply
        // the patch to it.
        apply.env("GIT_CEILING_DIRECTORIES", self.dir.parent().context("it has a parent")?);
        let output = apply.arg(patch).output().context("cannot run git")?;
        let why = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{}: {}", patch.display(), why.trim());
        Ok(())
    }

    pub(super) fn cargo(&self, arguments: &[&str]) -> Command {
        let mut cargo = cargo(arguments);
        cargo.current_dir(&self.dir).env("CARGO_TARGET_DIR", &self.target);
        cargo
    }
}

fn files_of_checkout() -> Result<BTreeSet<PathBuf>> {
    let arguments = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
    let output = command("git", &arguments, &checkout::root()).output();
    let output = output.context("cannot run git, which lists the files to copy")?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr).trim());
    let names = String::from_utf8(output.stdout)?;
    let files = names.split_terminator('\0').map(PathBuf::from);
    // The list also has files that were removed without a commit.
    Ok(files.filter(|file| checkout::root().join(file).is_file()).collect())
}

/// An equal file keeps its modification time, so that cargo does not compile it again.
fn copy_if_different(from: &Path, to: &Path) -> Result<()> {
    let content = fs::read(from).with_context(|| from.display().to_string())?;
    if fs::read(to).is_ok_and(|found| found == content) {
        return Ok(());
    }
    fs::create_dir_all(to.parent().context("a file lies in a directory")?)?;
    // Written anew: a copy could keep the original's time, which may be older than the last build.
    fs::write(to, content)?;
    Ok(fs::set_permissions(to, fs::metadata(from)?.permissions())?)
}

fn remove_all_but(root: &Path, dir: &Path, files: &BTreeSet<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(root.join(dir))? {
        let entry = entry?;
        let path = dir.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            remove_all_but(root, &path, files)?;
        } else if !files.contains(&path) {
            fs::remove_file(root.join(&path))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_the_same_keeps_its_time_and_what_is_gone_is_removed() {
        let dir = checkout::target().join(format!("copy-test-{}", std::process::id()));
        fs::create_dir_all(dir.join("from")).unwrap();
        fs::write(dir.join("from/same"), "1").unwrap();
        let to = dir.join("to/deep/same");
        copy_if_different(&dir.join("from/same"), &to).unwrap();
        let before = fs::metadata(&to).unwrap().modified().unwrap();
        copy_if_different(&dir.join("from/same"), &to).unwrap();
        assert_eq!(fs::metadata(&to).unwrap().modified().unwrap(), before);
        fs::write(dir.join("to/deep/gone"), "2").unwrap();
        let files = BTreeSet::from([PathBuf::from("deep/same")]);
        remove_all_but(&dir.join("to"), Path::new(""), &files).unwrap();
        assert!(to.exists() && !dir.join("to/deep/gone").exists());
        fs::remove_dir_all(dir).unwrap();
    }
}
