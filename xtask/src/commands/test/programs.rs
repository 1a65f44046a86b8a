//! Runs the test programs, a few at a time: most of them wait for servers more than they compute.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use testbed::checkout;
use testbed::process::{Process, Signal};

use crate::commands::run::Stopped;
use crate::commands::stop::Stop;

const LOOK_AGAIN: Duration = Duration::from_millis(50);
/// How long a program's own servers have to end when the user stops the run.
const GRACE: Duration = Duration::from_secs(10);

/// A test program.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Program {
    /// Package, kind and name.
    pub(super) name: String,
    pub(super) path: PathBuf,
    /// The package's directory. The program runs there, as under `cargo test`.
    pub(super) package: PathBuf,
}

/// The result of a program.
#[derive(Clone, Debug)]
pub(super) struct Ran {
    pub(super) name: String,
    pub(super) has_passed: bool,
    pub(super) took: Duration,
    /// Its whole output.
    pub(super) log: String,
}

impl Ran {
    /// The number of tests that it ran, passed and failed.
    pub(super) fn tests(&self) -> usize {
        self.log.lines().filter(|line| line.starts_with("test ") && is_result(line)).count()
    }
}

/// Whether this line of libtest's output is the result of a test.
fn is_result(line: &str) -> bool {
    line.ends_with(" ... ok") || line.ends_with(" ... FAILED")
}

pub(super) struct Runner<'a> {
    /// How many programs run at the same time.
    pub(super) jobs: usize,
    pub(super) arguments: &'a [&'a str],
    /// Environment variables for the programs, in addition to our own.
    pub(super) settings: &'a [(&'static str, String)],
    /// The directory in which each program has its log file.
    pub(super) logs: &'a Path,
    pub(super) stop: &'a Stop,
}

impl Runner<'_> {
    /// Runs all programs, in this order, and reports each when it ends.
    pub(super) fn run(&self, programs: Vec<Program>, mut report: impl FnMut(&Ran)) -> Result<()> {
        fs::create_dir_all(self.logs)?;
        let mut waiting = VecDeque::from(programs);
        let mut running: Vec<Running> = Vec::new();
        loop {
            while running.len() < self.jobs
                && let Some(program) = waiting.pop_front()
            {
                running.push(self.start(program)?);
            }
            if running.is_empty() {
                return Ok(());
            }
            for index in (0..running.len()).rev() {
                if let Some(ran) = running[index].look()? {
                    running.swap_remove(index);
                    report(&ran);
                }
            }
            if self.stop.wait(LOOK_AGAIN) {
                for one in &mut running {
                    one.process.stop(Signal::TERM, GRACE)?;
                }
                bail!(Stopped);
            }
        }
    }

    fn start(&self, program: Program) -> Result<Running> {
        let log = self.logs.join(format!("{}.log", program.name.replace(' ', "-")));
        let file = File::create(&log).with_context(|| log.display().to_string())?;
        let mut command = Command::new(&program.path);
        command.args(self.arguments).current_dir(&program.package);
        command.envs(self.settings.iter().map(|(name, value)| (name, value)));
        command.env("CARGO_MANIFEST_DIR", &program.package);
        command.env("TMPDIR", checkout::temporary());
        command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file);
        let process = Process::spawn_group(&mut command, Signal::TERM)?;
        Ok(Running { program, process, log, since: Instant::now() })
    }
}

struct Running {
    program: Program,
    process: Process,
    log: PathBuf,
    since: Instant,
}

impl Running {
    fn look(&mut self) -> Result<Option<Ran>> {
        let Some(status) = self.process.exited()? else { return Ok(None) };
        let mut log = String::from_utf8_lossy(&fs::read(&self.log)?).into_owned();
        if !status.success() {
            log = format!("{log}{}: {status}\n", self.program.name);
        }
        let name = self.program.name.clone();
        let took = self.since.elapsed();
        Ok(Some(Ran { name, has_passed: status.success(), took, log }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A shell in place of a test program.
    fn shell(dir: &Path) -> Program {
        let path = PathBuf::from("/bin/sh");
        Program { name: "sh".to_owned(), path, package: dir.to_path_buf() }
    }

    fn run(script: &str) -> (bool, String) {
        let logs = std::env::temp_dir().join(format!("boxoffice-{}", std::process::id()));
        let stop = Stop::listen().unwrap();
        let arguments = ["-c", script];
        let settings = [("ANSWER", "42".to_owned())];
        let runner = Runner {
            jobs: 2,
            arguments: &arguments,
            settings: &settings,
            logs: &logs,
            stop: &stop,
        };
        let mut all = Vec::new();
        runner.run(vec![shell(Path::new("/"))], |ran| all.push(ran.clone())).unwrap();
        fs::remove_dir_all(&logs).unwrap();
        let [ran] = &all[..] else { panic!("one program ran") };
        (ran.has_passed, ran.log.clone())
    }

    #[test]
    fn what_a_program_writes_is_reported_with_its_end() {
        assert_eq!(run("echo $ANSWER; pwd >&2"), (true, "42\n/\n".to_owned()));
        assert_eq!(run("echo no; exit 3"), (false, "no\nsh: exit status: 3\n".to_owned()));
    }
}
