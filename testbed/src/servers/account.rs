//! The account that a server runs under.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// Root's servers run under the service's own account, because Postgres refuses root; those of
/// other users run under the user's account.
pub(super) struct Account {
    /// The user and group id; none for the caller's own.
    ids: Option<(u32, u32)>,
}

impl Account {
    pub(super) fn of_service(name: &str) -> Result<Self> {
        if !rustix::process::geteuid().is_root() {
            return Ok(Self { ids: None });
        }
        let user = id("-u", name)?;
        let group = id("-g", name)?;
        Ok(Self { ids: Some((user, group)) })
    }

    /// A command that runs under this account in `dir`.
    pub(super) fn command(&self, program: impl AsRef<OsStr>, dir: &Path) -> Command {
        let mut command = Command::new(program);
        // This account may not be allowed to use the caller's directory for temporary files.
        command.current_dir(dir).env("TMPDIR", dir).stdin(Stdio::null());
        if let Some((user, group)) = self.ids {
            command.gid(group).uid(user);
        }
        command
    }

    /// Makes this account the owner of a file or directory.
    pub(super) fn give(&self, path: &Path) -> Result<()> {
        if let Some((user, group)) = self.ids {
            chown(path, Some(user), Some(group))
                .with_context(|| format!("cannot give {} away", path.display()))?;
        }
        Ok(())
    }

    /// Writes a file and makes this account its owner.
    pub(super) fn write(&self, path: &Path, text: &str) -> Result<()> {
        fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))?;
        self.give(path)
    }

    /// Whether this account can reach the directory: it needs permission for every directory above,
    /// too.
    pub(super) fn can_enter(&self, dir: &Path) -> Result<bool> {
        let status = self.command("test", Path::new("/")).arg("-x").arg(dir).status()?;
        Ok(status.success())
    }

    /// The user id, if it is not the caller's own.
    pub(super) fn user(&self) -> Option<u32> {
        self.ids.map(|(user, _)| user)
    }
}

fn id(which: &str, name: &str) -> Result<u32> {
    let output = Command::new("id").args([which, name]).output().context("cannot run id")?;
    if !output.status.success() {
        bail!("root needs an account `{name}` to run this server under, and there is none");
    }
    Ok(String::from_utf8(output.stdout)?.trim().parse()?)
}
