//! Prints to standard output, which is only for this program's results.

use std::io::{IsTerminal, Write, stdout};

/// Prints a line. A reader that has closed the pipe is no reason to stop what is running.
pub(crate) fn say(line: &str) {
    let mut out = stdout().lock();
    let _ = writeln!(out, "{line}");
    let _ = out.flush();
}

/// Whether standard output is shown with colours.
pub(crate) fn has_colours() -> bool {
    stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}
