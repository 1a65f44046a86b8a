//! The commands in the README, run in a shell, print what the README shows.

use std::process::Command;

use anyhow::{Context, Result};
use e2e::{Options, Stack};
use store::seed;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_walk_through_answers_as_printed() -> Result<()> {
    let readme = std::fs::read_to_string(testbed::checkout::root().join("README.md"))?;
    let (_, section) = readme.split_once("## One booking with curl").context("the section")?;
    let script = section.split("```").nth(1).and_then(|block| block.strip_prefix("sh\n"));
    let script = script.context("its commands")?;
    let printed = |line: &&str| {
        line.starts_with("# HTTP") || line.starts_with("# \"") || line.starts_with("# retry")
    };
    let expected: Vec<_> = script.lines().filter(printed).map(|line| &line[2..]).collect();
    assert_eq!(expected.len(), 7);

    let theatre = seed::demo().remove(0);
    let stack = Stack::start(Options::of(theatre)).await?;
    let mut bash = Command::new("bash");
    bash.args(["-euo", "pipefail", "-c", script]).env("BASE", stack.buyer.base());
    let output = tokio::task::spawn_blocking(move || bash.output()).await??;
    let answered = String::from_utf8(output.stdout)?;
    let answered: Vec<_> = answered.lines().map(str::trim_end).collect();
    assert_eq!(answered, expected, "{}", String::from_utf8_lossy(&output.stderr));
    stack.finish().await
}
