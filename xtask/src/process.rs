//! A child process that cannot outlive its parent.
//!
//! Every child gets a watcher: a small shell that waits at the end of a pipe from this process. When this process ends,
//! however it ends (SIGKILL too), the pipe closes, and the watcher stops the child.

use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rustix::process::{Pid, kill_process, kill_process_group, test_kill_process};

pub use rustix::process::Signal;

/// How often a wait looks again. The kernel tells nobody but `wait` itself that a child has ended.
pub(crate) const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Stops process (or, with a minus, process group) $2 with signal $1 unless told, before the pipe closes, that it has
/// ended; insists after 15 s.
const WATCH: &str = r#"
read -r word && [ "$word" = ended ] && exit 0
kill -s "$1" -- "$2" 2>/dev/null || exit 0
looks=0
while kill -0 -- "$2" 2>/dev/null; do
  looks=$((looks + 1))
  if [ "$looks" -ge 75 ]; then kill -s KILL -- "$2"; exit 0; fi
  sleep 0.2
done
"#;

/// Whom signals to a child reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reach {
    /// The child alone, which looks after its own children.
    Child,
    /// The child and all that it has started.
    Group,
}

/// A running child, in a process group of its own, so that a terminal's Ctrl-C does not reach it.
pub struct Process {
    child: Child,
    reach: Reach,
    watcher: Option<(Child, ChildStdin)>,
}

impl Process {
    /// Starts `command`. `last_resort` is the signal that it gets when this process ends without having stopped it.
    pub fn spawn(command: &mut Command, last_resort: Signal) -> Result<Self> {
        Self::spawn_reaching(Reach::Child, command, last_resort)
    }

    /// The same for a command whose own children (compilers, test programs) are to be signalled with it.
    pub fn spawn_group(command: &mut Command, last_resort: Signal) -> Result<Self> {
        Self::spawn_reaching(Reach::Group, command, last_resort)
    }

    fn spawn_reaching(reach: Reach, command: &mut Command, last_resort: Signal) -> Result<Self> {
        let mut child = command
            .process_group(0)
            .spawn()
            .with_context(|| format!("cannot start {}", command.get_program().display()))?;
        match watch(child.id(), reach, last_resort) {
            Ok(watcher) => Ok(Self { child, reach, watcher: Some(watcher) }),
            Err(error) => {
                child.kill()?;
                child.wait()?;
                Err(error)
            }
        }
    }

    /// The process id. It stays this child's own until [`Process::exited`] or [`Process::stop`] has told its end.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The child itself: its pipes, if it has any.
    pub fn child(&mut self) -> &mut Child {
        &mut self.child
    }

    /// The exit status, once the child has ended.
    pub fn exited(&mut self) -> Result<Option<ExitStatus>> {
        let status = self.child.try_wait()?;
        if status.is_some() {
            self.dismiss_watcher();
        }
        Ok(status)
    }

    /// Sends a signal; one that has ended already does not mind.
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

    /// Sends `signal`, waits for the end, and kills what has not ended after `grace`.
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
            // A watcher that somebody has killed needs no dismissal.
            let _ = pipe.write_all(b"ended\n");
            drop(pipe);
            let _ = watcher.wait();
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Nothing can be done about a failure here; the watcher is still there.
        let _ = self.stop(Signal::KILL, Duration::ZERO);
    }
}

/// Whether a process of this id is there. True also for one that is not ours to signal.
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

fn watch(id: u32, reach: Reach, signal: Signal) -> Result<(Child, ChildStdin)> {
    let target = if reach == Reach::Group { format!("-{id}") } else { id.to_string() };
    let mut watcher = Command::new("sh")
        .args(["-c", WATCH, "watcher", &signal.as_raw().to_string(), &target])
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .context("cannot start sh")?;
    let pipe = watcher.stdin.take().expect("stdin is piped");
    Ok((watcher, pipe))
}
