//! A child process that cannot outlive its parent.
//!
//! Every child gets a watcher: a small shell that reads from a pipe of this process. When this
//! process ends in any way (SIGKILL included), the pipe closes, and the watcher stops the child.

use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rustix::process::{Pid, kill_process, kill_process_group, test_kill_process};

pub use rustix::process::Signal;

/// The interval of polling for the end of a child: the kernel reports it only to `wait`.
pub(crate) const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Waits for the end of the pipe, and then sends signal $1 unless it has read that the child has
/// ended. Sends KILL after $2 checks, one every fifth of a second. The other arguments name the
/// child for `kill`: `123`, or `-- -123` for a group.
const WATCH: &str = r#"
read -r word && [ "$word" = ended ] && exit 0
signal=$1 looks=$2
shift 2
kill -s "$signal" "$@" 2>/dev/null || exit 0
while kill -s 0 "$@" 2>/dev/null; do
  looks=$((looks - 1))
  if [ "$looks" -le 0 ]; then kill -s KILL "$@"; exit 0; fi
  sleep 0.2
done
"#;

/// 15 s, at a fifth of a second each.
const LOOKS_BEFORE_KILL: u32 = 75;

/// Which processes get a signal to a child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    /// Only the child, which handles its own children.
    Child,
    /// The child and all processes that it has started.
    Group,
}

/// A running child, in a process group of its own, so that Ctrl-C in a terminal does not reach it.
pub struct Process {
    child: Child,
    reach: Reach,
    watcher: Option<(Child, ChildStdin)>,
}

impl Process {
    /// Starts `command`. If this process ends without stopping the child, the child gets the signal
    /// `last_resort`.
    pub fn spawn(command: &mut Command, last_resort: Signal) -> Result<Self> {
        Self::spawn_reaching(Reach::Child, command, last_resort)
    }

    /// The same for a command whose own children (compilers, test programs) must get its signals,
    /// too.
    pub fn spawn_group(command: &mut Command, last_resort: Signal) -> Result<Self> {
        Self::spawn_reaching(Reach::Group, command, last_resort)
    }

    fn spawn_reaching(reach: Reach, command: &mut Command, last_resort: Signal) -> Result<Self> {
        let mut child = command
            .process_group(0)
            .spawn()
            .with_context(|| format!("cannot start {}", command.get_program().display()))?;
        match watch(child.id(), reach, last_resort, LOOKS_BEFORE_KILL) {
            Ok(watcher) => Ok(Self { child, reach, watcher: Some(watcher) }),
            Err(error) => {
                child.kill()?;
                child.wait()?;
                Err(error)
            }
        }
    }

    /// The process id. No other process can have it until [`Process::exited`] or [`Process::stop`]
    /// has reported the child's end.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The child itself, for its pipes.
    pub fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// The exit status, after the child has ended.
    pub fn exited(&mut self) -> Result<Option<ExitStatus>> {
        let status = self.child.try_wait()?;
        if status.is_some() {
            self.dismiss_watcher();
        }
        Ok(status)
    }

    /// Sends a signal; does nothing if the child has ended.
    pub fn signal(&mut self, signal: Signal) -> Result<()> {
        if self.exited()?.is_none() {
            self.send(signal)?;
        }
        Ok(())
    }

    fn send(&self, signal: Signal) -> Result<()> {
        let id = pid(self.child.id())?;
        match self.reach {
            Reach::Child => kill_process(id, signal)?,
            Reach::Group => kill_process_group(id, signal)?,
        }
        Ok(())
    }

    /// Sends `signal`, waits for the end, and kills the child if it has not ended after `grace`.
    pub fn stop(&mut self, signal: Signal, grace: Duration) -> Result<ExitStatus> {
        self.signal(signal)?;
        let deadline = Instant::now() + grace;
        loop {
            if let Some(status) = self.exited()? {
                return Ok(status);
            }
            if Instant::now() >= deadline {
                self.send(Signal::KILL)?;
                let status = self.child.wait()?;
                self.dismiss_watcher();
                return Ok(status);
            }
            thread::sleep(LOOK_AGAIN);
        }
    }

    fn dismiss_watcher(&mut self) {
        use std::io::Write;
        if let Some((mut watcher, mut pipe)) = self.watcher.take() {
            // The write fails only if somebody has killed the watcher.
            let _ = pipe.write_all(b"ended\n");
            drop(pipe);
            let _ = watcher.wait();
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Nothing can be done about a failure here; the watcher still stops the child.
        let _ = self.stop(Signal::KILL, Duration::ZERO);
    }
}

/// Whether there is a process with this id. True also for one that we may not signal.
pub fn is_alive(id: u32) -> bool {
    match pid(id).map(test_kill_process) {
        Ok(answer) => answer != Err(rustix::io::Errno::SRCH),
        Err(_) => false,
    }
}

/// Sends a signal to a process that is not a child of ours.
pub(crate) fn signal(id: u32, signal: Signal) -> Result<()> {
    Ok(kill_process(pid(id)?, signal)?)
}

fn pid(id: u32) -> Result<Pid> {
    i32::try_from(id).ok().and_then(Pid::from_raw).context("not a process id")
}

fn watch(id: u32, reach: Reach, signal: Signal, looks: u32) -> Result<(Child, ChildStdin)> {
    let mut command = Command::new("sh");
    command.args(["-c", WATCH, "watcher", &signal.as_raw().to_string(), &looks.to_string()]);
    match reach {
        Reach::Child => command.arg(id.to_string()),
        Reach::Group => command.args(["--", &format!("-{id}")]),
    };
    command.current_dir("/").stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut watcher = command.process_group(0).spawn().context("cannot start sh")?;
    let pipe = watcher.stdin.take().expect("stdin is piped");
    Ok((watcher, pipe))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;
    use std::os::unix::process::ExitStatusExt;

    /// A shell that has set up what it does on TERM.
    fn shell(on_term: &str) -> Child {
        let script = format!("trap {on_term} TERM; echo ready; while :; do sleep 0.05; done");
        let mut command = Command::new("sh");
        command.args(["-c", &script]).stdout(Stdio::piped()).process_group(0);
        let mut shell = command.spawn().unwrap();
        let mut ready = [0; 6];
        shell.stdout.as_mut().unwrap().read_exact(&mut ready).unwrap();
        shell
    }

    #[test]
    fn the_end_of_the_pipe_ends_the_child_or_its_group() {
        for reach in [Reach::Child, Reach::Group] {
            let mut child = shell("'exit 7'");
            let (mut watcher, pipe) = watch(child.id(), reach, Signal::TERM, 75).unwrap();
            drop(pipe);
            assert_eq!(child.wait().unwrap().code(), Some(7));
            assert!(watcher.wait().unwrap().success());
        }
    }

    #[test]
    fn a_child_that_does_not_listen_is_killed() {
        for reach in [Reach::Child, Reach::Group] {
            let mut child = shell("''");
            let (_watcher, pipe) = watch(child.id(), reach, Signal::TERM, 2).unwrap();
            drop(pipe);
            assert_eq!(child.wait().unwrap().signal(), Some(9));
        }
    }

    #[test]
    fn a_watcher_that_was_dismissed_leaves_the_number_alone() {
        let mut bystander = shell("''");
        let watcher = watch(bystander.id(), Reach::Child, Signal::KILL, 75).unwrap();
        let mut command = Command::new("true");
        let child = command.spawn().unwrap();
        let mut process = Process { child, reach: Reach::Child, watcher: Some(watcher) };
        process.stop(Signal::TERM, Duration::from_secs(10)).unwrap();
        assert!(bystander.try_wait().unwrap().is_none());
        bystander.kill().unwrap();
        bystander.wait().unwrap();
    }

    #[test]
    fn a_group_is_stopped_with_all_that_it_started() {
        let mut command = Command::new("sh");
        command.args(["-c", "sleep 600 & echo $!; wait"]).stdout(Stdio::piped());
        let mut process = Process::spawn_group(&mut command, Signal::TERM).unwrap();
        let mut out = process.child().stdout.take().unwrap();
        let mut first = [0; 1];
        out.read_exact(&mut first).unwrap();
        process.stop(Signal::TERM, Duration::from_secs(10)).unwrap();
        // The pipe ends when the last process that has it open, the sleeper, has ended.
        let mut rest = String::new();
        out.read_to_string(&mut rest).unwrap();
        assert!(rest.ends_with('\n'));
    }
}
