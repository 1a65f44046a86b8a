//! A server's log file, for error messages.

use std::fs;
use std::path::Path;

/// The last lines of the file, indented, or a note that it has none.
pub(super) fn tail(path: &Path) -> String {
    const LINES: usize = 15;
    let text = fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let Ok(text) = text else { return format!("  ({} cannot be read)", path.display()) };
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let last = &lines[lines.len().saturating_sub(LINES)..];
    let shown = if last.is_empty() { "(empty)".to_owned() } else { last.join("\n  ") };
    format!("{}:\n  {shown}", path.display())
}
