//! A synchronous standby, which can be promoted when its primary is gone.

use std::path::Path;
use std::sync::Mutex;
use std::thread;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};

use super::{Options, PATIENCE, Postgres, USER};
use crate::binaries;
use crate::process::LOOK_AGAIN;
use crate::servers::account::Account;
use crate::servers::lease::{self, Lease};
use crate::servers::{Keep, directory, port};

impl Postgres {
    /// Starts a standby of this cluster with its files in `dir`, which is emptied. From then on
    /// each commit waits until the standby has it, so that nothing is lost when the standby is
    /// promoted.
    pub fn start_standby(&self, dir: &Path) -> Result<Self> {
        let account = Account::of_service("postgres")?;
        let dir = directory::make(dir, &account)?;
        let lease = Lease::take(&dir)?;
        directory::empty(&dir, &lease::FILES)?;
        let bin = binaries::postgres(None)?;
        let port = port::free(crate::checkout::path_hash(&dir))?;
        let options = Options { keep: Keep::Data, ..self.options };
        let process = Mutex::new(None);
        let more = Vec::new();
        let standby = Self { bin, dir, port, options, account, lease, more, process };
        standby.copy_from(self)?;
        standby.start_again()?;
        self.execute("ALTER SYSTEM SET synchronous_standby_names = '*'")?;
        self.execute("SELECT pg_reload_conf()")?;
        self.wait_for_standby()?;
        Ok(standby)
    }

    /// Makes this standby the primary. The old primary must have been stopped.
    pub fn promote(&self) -> Result<()> {
        let output = self
            .command("pg_ctl")
            .args(["promote", "--wait", "--pgdata"])
            .arg(self.data())
            .output()
            .context("cannot run pg_ctl")?;
        ensure!(output.status.success(), "promote: {}", String::from_utf8_lossy(&output.stderr));
        Ok(())
    }

    fn copy_from(&self, primary: &Self) -> Result<()> {
        let output = self
            .command("pg_basebackup")
            .args(["--host", "127.0.0.1", "--port", &primary.port.to_string(), "--username", USER])
            .args(["--checkpoint", "fast", "--write-recovery-conf", "--wal-method", "stream"])
            .args(["--no-sync", "--pgdata"])
            .arg(self.data())
            .output()
            .context("cannot run pg_basebackup")?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "pg_basebackup: {said}");
        Ok(())
    }

    fn wait_for_standby(&self) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        let following = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'";
        while self.psql(following)?.trim() != "1" {
            if Instant::now() >= deadline {
                bail!("the standby does not follow within {PATIENCE:?}");
            }
            thread::sleep(LOOK_AGAIN);
        }
        Ok(())
    }
}
