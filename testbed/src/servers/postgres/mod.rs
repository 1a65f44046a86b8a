//! A private Postgres cluster.

mod databases;
mod standby;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::thread;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};

use super::account::Account;
use super::lease::{self, Lease};
use super::{Identity, Keep, PATIENCE, directory, log, port};
use crate::binaries;
use crate::checkout::path_hash;
use crate::process::{LOOK_AGAIN, Process, Signal};

/// The superuser of private clusters. Any connection from 127.0.0.1 may log in as this user.
const USER: &str = "boxoffice";

#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Whether existing data in the directory are used.
    pub keep: Keep,
    /// If off, commits survive a crash of Postgres but not of the machine, and are much cheaper.
    pub fsync: bool,
    pub max_connections: u32,
    /// Memory for cached pages, in MiB.
    pub shared_buffers_mib: u32,
}

impl Options {
    /// Keeps the data, and syncs them to disk.
    pub fn dev() -> Self {
        Self { keep: Keep::Data, fsync: true, max_connections: 200, shared_buffers_mib: 128 }
    }

    /// Always a new cluster, without fsync, and with connections for many tests at the same time.
    pub fn test() -> Self {
        Self { keep: Keep::Nothing, fsync: false, max_connections: 400, shared_buffers_mib: 128 }
    }
}

/// How to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Disconnects clients and writes everything to disk.
    Fast,
    /// Like a crash: the next start recovers from the write-ahead log.
    Immediate,
}

/// A private cluster on its own port of 127.0.0.1. It is stopped when this value is dropped or this
/// process ends.
///
/// All methods block, for up to a minute.
pub struct Postgres {
    bin: PathBuf,
    dir: PathBuf,
    port: u16,
    options: Options,
    account: Account,
    lease: Lease,
    /// Server settings in addition to those of every private server.
    more: Vec<String>,
    process: Mutex<Option<Process>>,
}

impl Postgres {
    /// Starts a cluster with its files in `dir` (created if necessary), and returns when it
    /// answers. Fails if Postgres is not installed or if another run uses the directory. If the
    /// server does not start, the error has the last lines of its log.
    pub fn start(dir: &Path, options: Options) -> Result<Self> {
        Self::start_as(dir, options, None)
    }

    /// The same with TLS under this identity.
    pub fn start_with_tls(dir: &Path, options: Options, identity: &Identity) -> Result<Self> {
        Self::start_as(dir, options, Some(identity))
    }

    fn start_as(dir: &Path, options: Options, identity: Option<&Identity>) -> Result<Self> {
        let account = Account::of_service("postgres")?;
        let dir = directory::make(dir, &account)?;
        let lease = Lease::take(&dir)?;
        if options.keep == Keep::Nothing {
            directory::empty(&dir, &lease::FILES)?;
        }
        let version = fs::read_to_string(dir.join("data/PG_VERSION")).ok();
        let bin = binaries::postgres(version.as_deref().map(str::trim))?;
        let port = port::free(path_hash(&dir))?;
        let process = Mutex::new(None);
        let mut more = Vec::new();
        if let Some(identity) = identity {
            let (certificate, key) = identity.write(&dir, &account)?;
            more.push("ssl=on".to_owned());
            more.push(format!("ssl_cert_file={}", certificate.display()));
            more.push(format!("ssl_key_file={}", key.display()));
        }
        let postgres = Self { bin, dir, port, options, account, lease, more, process };
        if version.is_none() {
            postgres.make_cluster()?;
        }
        postgres.start_again()?;
        Ok(postgres)
    }

    /// The URL of a database. It need not exist yet; `postgres` always exists.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://{USER}@127.0.0.1:{}/{database}", self.port)
    }

    /// The port on 127.0.0.1; it never changes, not even over restarts.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The process id of the server, if it runs.
    pub fn pid(&self) -> Option<u32> {
        self.process.lock().expect("no holder panics").as_ref().map(Process::pid)
    }

    pub fn log(&self) -> PathBuf {
        self.dir.join("postgres.log")
    }

    /// Stops the server if it runs. Its data and its port are kept.
    pub fn stop(&self, how: Stop) -> Result<()> {
        let signal = match how {
            Stop::Fast => Signal::INT,
            Stop::Immediate => Signal::QUIT,
        };
        if let Some(mut process) = self.process.lock().expect("no holder panics").take() {
            process.stop(signal, PATIENCE)?;
        }
        self.lease.record(&[])
    }

    /// Starts the server if it does not run, on the same port and data.
    pub fn start_again(&self) -> Result<()> {
        let mut running = self.process.lock().expect("no holder panics");
        if let Some(process) = running.as_mut()
            && process.exited()?.is_none()
        {
            return Ok(());
        }
        let mut process = Process::spawn(&mut self.server_command()?, self.last_resort())?;
        self.lease.record(&[(process.pid(), &self.marker())])?;
        self.wait_until_ready(&mut process)?;
        *running = Some(process);
        Ok(())
    }

    fn make_cluster(&self) -> Result<()> {
        // Under another name first, so that an interrupted run leaves no incomplete cluster under
        // the final name.
        let unfinished = self.dir.join("data.unfinished");
        if unfinished.exists() {
            fs::remove_dir_all(&unfinished)?;
        }
        let output = self
            .command("initdb")
            .args(["--username", USER, "--auth", "trust", "--encoding", "UTF8", "--locale", "C"])
            .args(["--no-sync", "--pgdata"])
            .arg(&unfinished)
            .output()
            .context("cannot run initdb")?;
        ensure!(output.status.success(), "initdb: {}", String::from_utf8_lossy(&output.stderr));
        Ok(fs::rename(unfinished, self.data())?)
    }

    fn server_command(&self) -> Result<Command> {
        let log = File::options().create(true).append(true).open(self.log())?;
        self.account.give(&self.log())?;
        let on_off = if self.options.fsync { "on" } else { "off" };
        let settings = [
            format!("port={}", self.port),
            "listen_addresses=127.0.0.1".to_owned(),
            "unix_socket_directories=".to_owned(),
            format!("max_connections={}", self.options.max_connections),
            format!("shared_buffers={}MB", self.options.shared_buffers_mib),
            format!("fsync={on_off}"),
            format!("full_page_writes={on_off}"),
            "max_wal_size=2GB".to_owned(),
            "log_line_prefix=%m [%p] %d ".to_owned(),
        ];
        let mut command = self.command("postgres");
        command.arg("-D").arg(self.data());
        for setting in settings.iter().chain(&self.more) {
            command.arg("-c").arg(setting);
        }
        command.stdout(log.try_clone()?).stderr(log);
        Ok(command)
    }

    /// The server writes its state into its pid file, which `pg_ctl` reads as well: the pid is on
    /// line 1, the state on line 8.
    fn wait_until_ready(&self, process: &mut Process) -> Result<()> {
        let pid = process.pid().to_string();
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            let told = fs::read_to_string(self.data().join("postmaster.pid")).unwrap_or_default();
            let mut lines = told.lines().map(str::trim);
            if lines.next() == Some(&pid) && lines.nth(6) == Some("ready") {
                return Ok(());
            }
            if let Some(status) = process.exited()? {
                bail!("Postgres did not start ({status})\n{}", log::tail(&self.log()));
            }
            thread::sleep(LOOK_AGAIN);
        }
        bail!("Postgres did not get ready within {PATIENCE:?}\n{}", log::tail(&self.log()))
    }

    /// A command that ignores the caller's own Postgres settings.
    fn command(&self, program: &str) -> Command {
        let mut command = self.account.command(self.bin.join(program), &self.dir);
        for (name, _) in std::env::vars_os().filter(|(name, _)| is_postgres_setting(name)) {
            command.env_remove(name);
        }
        command
    }

    fn data(&self) -> PathBuf {
        self.dir.join("data")
    }

    fn marker(&self) -> String {
        format!("-D {}", self.data().display())
    }

    fn last_resort(&self) -> Signal {
        match self.options.keep {
            Keep::Data => Signal::INT,
            Keep::Nothing => Signal::QUIT,
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let how = if self.options.keep == Keep::Data { Stop::Fast } else { Stop::Immediate };
        if let Err(error) = self.stop(how) {
            crate::note(&format!("Postgres: {error:#}"));
        }
    }
}

fn is_postgres_setting(name: &std::ffi::OsStr) -> bool {
    name.to_str().is_some_and(|name| name.starts_with("PG"))
}
