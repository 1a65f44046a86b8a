//! Installing what is missing, where that is one known command.

use std::io::{IsTerminal, stderr, stdin};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

use super::binaries;
use crate::note;

/// Keeps Debian from starting the machine's own services while it installs, unless the machine has a rule of its own
/// for that. `$@` are the packages.
const INSTALL: &str = r#"
set -eu
rule=/usr/sbin/policy-rc.d
if [ ! -e "$rule" ]; then
  trap 'rm -f "$rule"' EXIT
  printf '#!/bin/sh\nexit 101\n' > "$rule"
  chmod 755 "$rule"
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update
apt-get install -y --no-install-recommends "$@"
"#;

/// Makes sure that the programs of both servers are there. On Debian and its like, missing ones are installed; elsewhere
/// the error says what to install.
pub(super) fn ensure_installed(postgres: bool, rabbitmq: bool) -> Result<()> {
    let hint = "Install PostgreSQL (15 or newer) and RabbitMQ (3.10 or newer) so that initdb and rabbitmq-server can be \
                found, or give DATABASE_URL and AMQP_URL";
    ensure(|| missing(postgres, rabbitmq), hint)
}

/// Makes sure that there is a browser for the page's tests, likewise.
pub fn ensure_browser() -> Result<()> {
    let browser = Path::new("/usr/bin/chromium");
    let missing = || if browser.exists() { Vec::new() } else { vec!["chromium"] };
    ensure(
        missing,
        "The page's tests need Chromium as /usr/bin/chromium; or leave them out with --no-web",
    )
}

/// Makes sure that virtual environments of Python can be made, likewise.
pub fn ensure_python() -> Result<()> {
    let works = || {
        let mut probe = Command::new("python3");
        probe.args(["-c", "import ensurepip, venv"]).stderr(Stdio::null());
        probe.status().is_ok_and(|status| status.success())
    };
    let missing = || if works() { Vec::new() } else { vec!["python3-venv"] };
    ensure(missing, "Some checks use tools that are written in Python: install python3 with venv")
}

/// Makes sure that there is Prometheus with its tools, likewise.
pub fn ensure_prometheus() -> Result<()> {
    let missing = || {
        let works = |program| Command::new(program).arg("--version").output().is_ok();
        if works("prometheus") && works("promtool") { Vec::new() } else { vec!["prometheus"] }
    };
    ensure(missing, "The tests of the alerts need prometheus and promtool")
}

fn ensure(missing: impl Fn() -> Vec<&'static str>, hint: &str) -> Result<()> {
    let packages = missing();
    if packages.is_empty() {
        return Ok(());
    }
    let names = packages.join(" and ");
    ensure!(is_debian(), "{names} not found. {hint}");
    note(&format!("{names} not found: installing with apt-get"));
    // Standard output is for what the caller was asked for.
    let mut install = as_root()?;
    install.args(["sh", "-c", INSTALL, "install"]).args(&packages).stdout(stderr());
    let status = install.status().context("cannot run apt-get")?;
    ensure!(status.success(), "apt-get could not install {names} ({status})");
    let still = missing();
    ensure!(still.is_empty(), "{} not found even after apt-get", still.join(" and "));
    Ok(())
}

/// The Debian packages of the wanted servers that are not there.
fn missing(postgres: bool, rabbitmq: bool) -> Vec<&'static str> {
    let mut packages = Vec::new();
    if postgres && binaries::postgres(None).is_err() {
        packages.push("postgresql");
    }
    if rabbitmq && binaries::rabbitmq().is_err() {
        packages.push("rabbitmq-server");
    }
    packages
}

fn is_debian() -> bool {
    Path::new("/etc/debian_version").exists()
        && Command::new("apt-get").arg("--version").output().is_ok()
}

fn as_root() -> Result<Command> {
    if rustix::process::geteuid().is_root() {
        return Ok(Command::new("env"));
    }
    let mut sudo = Command::new("sudo");
    // Without a terminal, a question for the password would wait for ever.
    if !stdin().is_terminal() {
        sudo.arg("-n");
    }
    sudo.arg("env");
    match Command::new("sudo").arg("--version").output() {
        Ok(_) => Ok(sudo),
        Err(_) => bail!("run this once as root, or install sudo: apt-get needs root"),
    }
}
