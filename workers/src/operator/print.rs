//! What commands print.

use std::io::Write;

use serde::Serialize;

/// One line, or several, for people. Whoever read it may have left: that is no failure.
pub(crate) fn line(text: &str) {
    let _gone = writeln!(std::io::stdout(), "{text}");
}

/// One line for machines.
pub(crate) fn json(value: &impl Serialize) {
    line(&serde_json::to_string(value).expect("plain data always has a JSON form"));
}
