//! The output of commands.

use std::io::Write;

use serde::Serialize;

/// Prints text for people. A closed pipe is no failure: the reader has seen enough.
pub(crate) fn line(text: &str) {
    let _gone = writeln!(std::io::stdout(), "{text}");
}

/// Prints one line of JSON.
pub(crate) fn json(value: &impl Serialize) {
    line(&serde_json::to_string(value).expect("plain data always has a JSON form"));
}
