//! What the project's commands and its whole-system tests share: private servers, and child
//! processes that never outlive their parent.
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

/// Prints a line for the user on standard error.
pub fn note(text: &str) {
    // If nobody reads it any more, there is nothing better to do than to continue.
    let _ = writeln!(std::io::stderr(), "boxoffice: {text}");
}
