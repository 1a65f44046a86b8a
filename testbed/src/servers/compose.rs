//! The servers of docker-compose.yml.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use crate::checkout;
use crate::note;
use crate::process::LOOK_AGAIN;

/// Whether a Docker engine answers and the checkout has a docker-compose.yml.
pub(super) fn is_usable() -> bool {
    file().is_file() && engine_answers(Duration::from_secs(3))
}

/// Starts the servers and waits until they are healthy. They keep running when this program ends,
/// as users of Compose expect.
pub(super) fn up() -> Result<()> {
    note("starting Postgres and RabbitMQ with docker compose (they stay up: docker compose down)");
    let status = compose().args(["up", "-d", "--wait", "postgres", "rabbitmq"]).status()?;
    ensure!(status.success(), "docker compose up: {status}");
    Ok(())
}

/// The `host:port` at which a service's port is published.
pub(super) fn address(service: &str, port: u16) -> Result<String> {
    let output = compose().args(["port", service, &port.to_string()]).output()?;
    let address = String::from_utf8(output.stdout)?.trim().replace("0.0.0.0", "127.0.0.1");
    ensure!(
        output.status.success() && !address.is_empty(),
        "docker compose publishes no port {port} of {service}"
    );
    Ok(address)
}

fn engine_answers(patience: Duration) -> bool {
    let info = Command::new("docker")
        .arg("info")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let Ok(mut info) = info else { return false };
    let deadline = Instant::now() + patience;
    while Instant::now() < deadline {
        if let Ok(Some(status)) = info.try_wait() {
            return status.success();
        }
        std::thread::sleep(LOOK_AGAIN);
    }
    // The process may have ended in the meantime, so errors are ignored.
    let _ = info.kill();
    let _ = info.wait();
    false
}

fn compose() -> Command {
    let mut command = Command::new("docker");
    command.arg("compose").arg("-f").arg(file()).stdin(Stdio::null());
    command
}

fn file() -> std::path::PathBuf {
    Path::new(&checkout::root()).join("docker-compose.yml")
}
