//! Standard output, which is this program's product.

use std::io::{Write, stdout};

/// Prints a line. Whoever reads it may have gone: that is no reason to stop what is running.
pub(crate) fn say(line: &str) {
    let mut out = stdout().lock();
    let _ = writeln!(out, "{line}");
    let _ = out.flush();
}
