//! What the broker finds wrong with a declaration, and what to do about it.

use std::fmt;

use lapin::ErrorKind;
use lapin::protocol::{AMQPErrorKind, AMQPSoftError};

use super::connection::LostConnection;

/// What is wrong with a queue or an exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// It is not there.
    Missing,
    /// It was declared with other arguments: the broker says which.
    Differs(String),
    /// This user may not compare or make it: the broker's words.
    Forbidden(String),
}

impl Fault {
    /// The fault that the broker told; other errors are passed on.
    pub(super) fn of(error: lapin::Error) -> Result<Self, LostConnection> {
        let ErrorKind::ProtocolError(protocol) = error.kind() else { return Err(error.into()) };
        let words = protocol.get_message().to_string();
        match protocol.kind() {
            AMQPErrorKind::Soft(AMQPSoftError::NOTFOUND) => Ok(Self::Missing),
            AMQPErrorKind::Soft(AMQPSoftError::PRECONDITIONFAILED) => Ok(Self::Differs(words)),
            AMQPErrorKind::Soft(AMQPSoftError::ACCESSREFUSED) => Ok(Self::Forbidden(words)),
            _ => Err(error.into()),
        }
    }

    /// What to do about it.
    pub fn advice(&self) -> &'static str {
        match self {
            Self::Missing => "run: workers topology apply",
            Self::Differs(_) => {
                "the arguments of a queue are frozen when it is made: set the topology.* settings \
                 as they were then; if it was made by another version, empty it, delete it and run: \
                 workers topology apply (docs/operating.md, Topology)"
            }
            Self::Forbidden(_) => {
                "use the broker's user boxoffice-operator for operators' commands \
                 (docs/operating.md, Rights); give processes those of rabbitmq/permissions.json and \
                 broker.declare = false"
            }
        }
    }
}

/// The fault in words, the broker's where it has some.
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("it is missing"),
            Self::Differs(words) => write!(f, "it was declared otherwise: {words}"),
            Self::Forbidden(words) => write!(f, "the broker refuses it to this user: {words}"),
        }
    }
}
