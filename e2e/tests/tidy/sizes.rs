//! A file is read in a minute, and fits two beside each other on a screen. (Functions:
//! `clippy.toml`.)

use anyhow::Result;

use super::ensure_none;
use super::sources::read_all;

const FILE_LINES_MAX: usize = 300;
const LINE_COLUMNS_MAX: usize = 100;

#[test]
fn no_file_is_long() -> Result<()> {
    let files = read_all(&[".rs", ".ts", ".tsx"])?;
    let long = files.iter().filter_map(|file| {
        let lines = file.text.lines().count();
        (lines > FILE_LINES_MAX).then(|| format!("{}: {lines} lines", file.path))
    });
    ensure_none("files have at most 300 lines", &long.collect::<Vec<_>>())
}

#[test]
fn no_line_is_wide() -> Result<()> {
    let mut wide = Vec::new();
    for file in read_all(&[".rs"])? {
        for (number, line) in file.lines() {
            let columns = line.chars().count();
            if columns > LINE_COLUMNS_MAX {
                wide.push(format!("{}:{number}: {columns} columns", file.path));
            }
        }
    }
    ensure_none("lines have at most 100 columns", &wide)
}

#[test]
fn a_module_with_parts_is_a_mod_rs() -> Result<()> {
    let root = testbed::checkout::root();
    let beside = |path: &str| root.join(path.trim_end_matches(".rs")).is_dir();
    let files = read_all(&[".rs"])?;
    let mixed = files.iter().filter(|file| file.path.contains("/src/") && beside(&file.path));
    let mixed: Vec<String> = mixed.map(|file| file.path.clone()).collect();
    ensure_none("a module with parts is x/mod.rs, not x.rs beside x/", &mixed)
}
