//! Standard output, which is this program's product.

use std::io::{IsTerminal, Write, stdout};

/// Prints a line. Whoever reads it may have gone: that is no reason to stop what is running.
pub(crate) fn say(line: &str) {
    let mut out = stdout().lock();
    let _ = writeln!(out, "{line}");
    let _ = out.flush();
}

/// Whether whoever reads it sees colours.
pub(crate) fn has_colours() -> bool {
    stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}
