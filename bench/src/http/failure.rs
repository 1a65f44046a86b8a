//! Why a request got no answer.

use std::io;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// No answer came in time.
    TimedOut,
    /// The connection was refused or broke, or the bytes were not an HTTP response.
    Broken(String),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Broken(error.to_string())
    }
}
