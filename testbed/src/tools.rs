//! Programs that must be on this machine, and the installation of missing ones.
//!
//! Only commands install, and they first say what and why. Tests only report what is missing.

use std::io::{IsTerminal, stderr, stdin};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

use crate::{binaries, note};

/// Programs that one Debian package contains.
pub struct Tool {
    package: &'static str,
    needed_for: &'static str,
    is_there: fn() -> bool,
}

/// `initdb`, `postgres` and `psql`.
pub const POSTGRES: Tool = Tool {
    package: "postgresql",
    needed_for: "a private database (version 15 or newer); or give DATABASE_URL",
    is_there: || binaries::postgres(None).is_ok(),
};

/// `rabbitmq-server`, and Erlang's name server.
pub const RABBITMQ: Tool = Tool {
    package: "rabbitmq-server",
    needed_for: "a private message broker (version 3.10 or newer); or give AMQP_URL",
    is_there: || binaries::rabbitmq().is_ok(),
};

/// The browser of the page's tests.
pub const CHROMIUM: Tool = Tool {
    package: "chromium",
    needed_for: "the tests of the page (as /usr/bin/chromium); or leave them out with --no-web",
    is_there: || Path::new("/usr/bin/chromium").exists(),
};

/// Python with its module for virtual environments.
pub const PYTHON: Tool = Tool {
    package: "python3-venv",
    needed_for: "checks of the API's document and the manifests, whose tools are in Python",
    is_there: || succeeds("python3", &["-c", "import ensurepip, venv"]),
};

/// `prometheus` and `promtool`.
pub const PROMETHEUS: Tool = Tool {
    package: "prometheus",
    needed_for: "the tests of the alerts",
    is_there: || succeeds("prometheus", &["--version"]) && succeeds("promtool", &["--version"]),
};

/// Prevents Debian from starting the installed services, unless the machine has its own rule for
/// that. `$@` are the packages.
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

/// Installs missing programs on Debian and its derivatives, after it has said so. Fails if that is
/// not allowed or not possible.
pub fn install_missing(tools: &[&Tool], is_allowed: bool) -> Result<()> {
    let missing = missing_of(tools);
    if missing.is_empty() {
        return Ok(());
    }
    ensure!(is_allowed, "not installed, as --no-install was given:\n{}", list(&missing));
    ensure!(is_debian(), "not installed:\n{}", list(&missing));
    note(&format!(
        "not installed:\n{}\ninstalling with apt-get, as root (--no-install refuses)",
        list(&missing)
    ));
    let mut install = root_command()?;
    install.args(["sh", "-c", INSTALL, "install"]);
    install.args(missing.iter().map(|tool| tool.package));
    // Standard output is only for what the user asked for.
    let status = install.stdout(stderr()).status().context("cannot run apt-get")?;
    ensure!(status.success(), "apt-get failed ({status})");
    require(tools)
}

/// Fails with the names of the missing programs.
pub fn require(tools: &[&Tool]) -> Result<()> {
    let missing = missing_of(tools);
    let hint = "cargo xtask dev, test and servers install what they need on Debian";
    ensure!(missing.is_empty(), "not installed ({hint}):\n{}", list(&missing));
    Ok(())
}

fn missing_of<'a>(tools: &[&'a Tool]) -> Vec<&'a Tool> {
    tools.iter().filter(|tool| !(tool.is_there)()).copied().collect()
}

fn list(tools: &[&Tool]) -> String {
    let line = |tool: &&Tool| format!("  {}: for {}", tool.package, tool.needed_for);
    tools.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn succeeds(program: &str, arguments: &[&str]) -> bool {
    let mut probe = Command::new(program);
    probe.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    probe.status().is_ok_and(|status| status.success())
}

fn is_debian() -> bool {
    Path::new("/etc/debian_version").exists() && succeeds("apt-get", &["--version"])
}

/// A command that runs its arguments as root.
fn root_command() -> Result<Command> {
    if rustix::process::geteuid().is_root() {
        return Ok(Command::new("env"));
    }
    if !succeeds("sudo", &["--version"]) {
        bail!("run this once as root, or install sudo: apt-get needs root");
    }
    let mut sudo = Command::new("sudo");
    // Without a terminal, a password prompt would wait for ever.
    if !stdin().is_terminal() {
        sudo.arg("-n");
    }
    sudo.arg("env");
    Ok(sudo)
}

#[cfg(test)]
mod tests {
    use super::*;

    const THERE: Tool = Tool { package: "there", needed_for: "a test", is_there: || true };
    const MISSING: Tool = Tool { package: "missing", needed_for: "a test", is_there: || false };

    #[test]
    fn what_is_missing_is_named_with_its_reason_and_not_installed_where_that_was_refused() {
        assert!(install_missing(&[&THERE], false).is_ok());
        assert!(require(&[&THERE]).is_ok());
        let errors = [install_missing(&[&THERE, &MISSING], false), require(&[&THERE, &MISSING])];
        for error in errors.map(|result| result.unwrap_err().to_string()) {
            assert!(error.ends_with(":\n  missing: for a test"), "{error}");
        }
    }
}
