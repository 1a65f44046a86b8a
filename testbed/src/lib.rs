//! What the project's commands and its whole-system tests share: private servers, and child
//! processes that cannot be left behind.
#![cfg(unix)]

mod binaries;
pub mod checkout;
pub mod process;
#[cfg(feature = "requests")]
pub mod requests;
pub mod servers;
pub mod tools;
pub mod venv;

use std::io::Write;

/// Tells the person at the terminal something, on one line of standard error.
pub fn note(text: &str) {
    // With nobody left to read it, there is nothing better to do than to go on.
    let _ = writeln!(std::io::stderr(), "boxoffice: {text}");
}
