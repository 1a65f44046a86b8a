//! The walk through one reservation in ARCHITECTURE.md: short, and each step is one file.

use anyhow::{Context, Result, ensure};

const STEPS_MAX: usize = 9;

#[test]
fn each_step_of_the_walk_is_one_file() -> Result<()> {
    let root = testbed::checkout::root();
    let document = std::fs::read_to_string(root.join("ARCHITECTURE.md"))?;
    let (_, walk) = document.split_once("## The way of one reservation").context("the walk")?;
    let walk = walk.split("\n## ").next().unwrap_or_default();
    let (walk, _) = walk.split_once("\nWhat follows").context("the end of the walk")?;
    let steps: Vec<&str> = walk.split("→").collect();
    ensure!((2..=STEPS_MAX + 1).contains(&steps.len()), "{} steps", steps.len() - 1);
    for step in &steps[1..] {
        let file = step.trim_start().split('`').nth(1).context("a step names a file")?;
        ensure!(root.join(file).is_file(), "{file} is no file");
    }
    Ok(())
}
