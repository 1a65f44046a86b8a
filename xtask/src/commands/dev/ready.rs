//! Waits until all processes report that they are ready.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use ureq::Agent;

use super::supervisor::Supervisor;
use crate::commands::run::Stopped;
use crate::commands::stop::Stop;

const PATIENCE: Duration = Duration::from_mins(1);

/// Returns when every URL answers 200. Fails after a minute with the names of those that do not.
/// Services that die in the meantime are started again.
pub(super) fn wait(
    urls: &[(&str, String)],
    supervisor: &mut Supervisor<'_>,
    stop: &Stop,
) -> Result<()> {
    let config = Agent::config_builder()
        .timeout_global(Some(Duration::from_secs(2)))
        .http_status_as_error(false)
        .proxy(None)
        .build();
    let agent = Agent::from(config);
    let deadline = Instant::now() + PATIENCE;
    loop {
        supervisor.look_after()?;
        let waiting: Vec<_> =
            urls.iter().filter_map(|(name, url)| Some((name, trouble(&agent, url)?))).collect();
        if waiting.is_empty() {
            return Ok(());
        }
        if Instant::now() >= deadline {
            let list: Vec<_> = waiting.iter().map(|(name, why)| format!("{name}: {why}")).collect();
            bail!("not ready within {PATIENCE:?}:\n{}", list.join("\n"));
        }
        if stop.wait(Duration::from_millis(100)) {
            bail!(Stopped);
        }
    }
}

/// Why the URL is not ready; none if it is.
fn trouble(agent: &Agent, url: &str) -> Option<String> {
    match agent.get(url).call() {
        Ok(answer) if answer.status() == 200 => None,
        Ok(mut answer) => {
            let body = answer.body_mut().read_to_string().unwrap_or_default();
            Some(format!("{url} answers {} {}", answer.status(), body.trim()))
        }
        Err(error) => Some(format!("{url}: {error}")),
    }
}
