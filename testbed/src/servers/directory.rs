//! The directory with a server's files.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::account::Account;
use crate::checkout::path_hash;
use crate::note;

/// Creates the directory and makes the account its owner. Uses another place if the account cannot
/// reach it (for instance a checkout below /root).
pub(super) fn make(wanted: &Path, account: &Account) -> Result<PathBuf> {
    fs::create_dir_all(wanted).with_context(|| format!("cannot make {}", wanted.display()))?;
    let wanted = wanted.canonicalize()?;
    account.give(&wanted)?;
    if account.can_enter(&wanted)? {
        return Ok(wanted);
    }
    let elsewhere = Path::new("/var/tmp").join(format!("boxoffice-{:016x}", path_hash(&wanted)));
    note(&format!(
        "the server's account may not enter {}: its files are in {}",
        wanted.display(),
        elsewhere.display()
    ));
    make_in_shared(&elsewhere, account)?;
    Ok(elsewhere)
}

/// Empties the directory except for the files in `keep`.
pub(super) fn empty(dir: &Path, keep: &[&str]) -> Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if keep.iter().any(|name| entry.file_name() == *name) {
            continue;
        }
        let path = entry.path();
        let removed = if entry.file_type()?.is_dir() {
            fs::remove_dir_all(&path)
        } else {
            fs::remove_file(&path)
        };
        removed.with_context(|| format!("cannot remove {}", path.display()))?;
    }
    Ok(())
}

/// Every user can write to /var/tmp: a directory that another user has created under our name is
/// refused.
fn make_in_shared(dir: &Path, account: &Account) -> Result<()> {
    if !dir.exists() {
        DirBuilder::new().mode(0o700).create(dir)?;
        return account.give(dir);
    }
    let found = fs::symlink_metadata(dir)?;
    let own = rustix::process::geteuid().as_raw();
    if !found.is_dir() || (found.uid() != own && Some(found.uid()) != account.user()) {
        bail!("{} belongs to somebody else", dir.display());
    }
    account.give(dir)
}
