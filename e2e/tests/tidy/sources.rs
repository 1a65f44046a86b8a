//! The files of the checkout that people write.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

/// Folders with files that nobody writes by hand.
const GENERATED: [&str; 6] = ["target", "node_modules", "dist", ".git", "golden", "corpus"];

/// One file.
pub(super) struct Source {
    /// From the root of the checkout, with `/`.
    pub(super) path: String,
    pub(super) text: String,
}

impl Source {
    /// The lines, counted from 1.
    pub(super) fn lines(&self) -> impl Iterator<Item = (usize, &str)> {
        (1..).zip(self.text.lines())
    }

    /// Written for tests only.
    pub(super) fn is_test(&self) -> bool {
        let is_test_name = self.path.ends_with("_tests.rs") || self.path.ends_with("/tests.rs");
        is_test_name || self.path.contains("/tests/")
    }
}

/// All files with one of these endings, by path.
pub(super) fn read_all(endings: &[&str]) -> Result<Vec<Source>> {
    let root = testbed::checkout::root();
    let mut paths = Vec::new();
    list_files(&root, endings, &mut paths)?;
    paths.sort();
    let sources: Vec<Source> =
        paths.iter().map(|path| read_source(&root, path)).collect::<Result<_>>()?;
    ensure!(!sources.is_empty(), "no file ends with any of {endings:?}");
    Ok(sources)
}

fn list_files(dir: &Path, endings: &[&str], found: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(dir).with_context(|| dir.display().to_string())? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.file_type()?.is_dir() {
            if !GENERATED.contains(&name.as_str()) {
                list_files(&entry.path(), endings, found)?;
            }
        } else if endings.iter().any(|ending| name.ends_with(ending)) {
            found.push(entry.path());
        }
    }
    Ok(())
}

fn read_source(root: &Path, path: &Path) -> Result<Source> {
    let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let path = path.strip_prefix(root)?.to_string_lossy().into_owned();
    Ok(Source { path, text })
}
