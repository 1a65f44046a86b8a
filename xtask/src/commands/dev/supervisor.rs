//! Keeps the services running, like the supervisor of a deployment.

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use testbed::note;
use testbed::process::{Process, Signal};

use super::output::{LastLines, Output, shown};
use super::restarts::{Restarts, Verdict};
use crate::commands::stop::Stop;

/// How long the services have to drain.
const GRACE: Duration = Duration::from_secs(20);

/// A long-running process.
pub(super) struct Service {
    pub(super) name: &'static str,
    pub(super) command: Command,
}

pub(super) struct Supervisor<'a> {
    output: &'a Output,
    children: Vec<Child>,
}

struct Child {
    service: Service,
    state: State,
    restarts: Restarts,
    last: LastLines,
}

enum State {
    Runs { process: Process, since: Instant },
    StartsAt(Instant),
}

impl<'a> Supervisor<'a> {
    pub(super) fn new(output: &'a Output) -> Self {
        Self { output, children: Vec::new() }
    }

    /// Starts a service, and keeps it running from now on.
    pub(super) fn start(&mut self, mut service: Service) -> Result<()> {
        let last = LastLines::default();
        let process = self.output.spawn(service.name, &mut service.command, &last)?;
        let state = State::Runs { process, since: Instant::now() };
        self.children.push(Child { service, state, restarts: Restarts::default(), last });
        Ok(())
    }

    /// Starts dead services again when their restart is due. Fails if a service dies again and
    /// again.
    pub(super) fn look_after(&mut self) -> Result<()> {
        for child in &mut self.children {
            child.look_after(self.output)?;
        }
        Ok(())
    }

    /// Stops the services in order: first the one that accepts requests, then the others. Another
    /// signal from the user ends the grace period.
    pub(super) fn stop_all(&mut self, stop: &Stop) {
        let count = self.children.len().min(1);
        let (front, others) = self.children.split_at_mut(count);
        for group in [front, others] {
            stop_group(group, stop);
        }
    }
}

impl Child {
    fn look_after(&mut self, output: &Output) -> Result<()> {
        let name = self.service.name;
        match &mut self.state {
            State::Runs { process, since } => {
                let Some(status) = process.exited()? else { return Ok(()) };
                match self.restarts.died_after(since.elapsed()) {
                    Verdict::StartAgainAfter(delay) => {
                        note(&format!("{name} ended ({status}); starting it again in {delay:?}"));
                        self.state = State::StartsAt(Instant::now() + delay);
                    }
                    Verdict::GiveUp => {
                        bail!("{name} ends again and again ({status}):\n{}", shown(&self.last))
                    }
                }
            }
            State::StartsAt(due) if Instant::now() >= *due => {
                let process = output.spawn(name, &mut self.service.command, &self.last)?;
                self.state = State::Runs { process, since: Instant::now() };
            }
            State::StartsAt(_) => {}
        }
        Ok(())
    }

    fn process(&mut self) -> Option<&mut Process> {
        match &mut self.state {
            State::Runs { process, .. } => Some(process),
            State::StartsAt(_) => None,
        }
    }

    /// Whether it has ended, or its state cannot be read.
    fn is_gone(&mut self) -> bool {
        self.process().is_none_or(|process| !matches!(process.exited(), Ok(None)))
    }

    fn signal(&mut self, signal: Signal) {
        let name = self.service.name;
        if let Some(Err(error)) = self.process().map(|process| process.signal(signal)) {
            note(&format!("{name}: {error:#}"));
        }
    }
}

fn stop_group(children: &mut [Child], stop: &Stop) {
    for child in children.iter_mut() {
        child.signal(Signal::TERM);
    }
    let deadline = Instant::now() + GRACE;
    while Instant::now() < deadline {
        if children.iter_mut().all(Child::is_gone) {
            return;
        }
        if stop.wait(Duration::from_millis(20)) {
            break;
        }
    }
    for child in children.iter_mut() {
        if !child.is_gone() {
            note(&format!("{} did not end in time: killing it", child.service.name));
            child.signal(Signal::KILL);
        }
    }
}
