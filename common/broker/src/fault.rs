//! What can be wrong with a declared queue or exchange, and what to do about it.

use std::fmt;

use lapin::ErrorKind;
use lapin::protocol::{AMQPErrorKind, AMQPSoftError};

use super::connection::LostConnection;

/// A difference between the broker and the topology.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The queue or exchange does not exist.
    Missing,
    /// It was declared with other arguments. The broker's message says which.
    Differs(String),
    /// This user may not compare or declare it. With the broker's message.
    Forbidden(String),
}

impl Fault {
    /// The fault that the broker reported. An error of another kind is returned as it is.
    pub(super) fn of(error: lapin::Error) -> Result<Self, LostConnection> {
        let ErrorKind::ProtocolError(protocol) = error.kind() else { return Err(error.into()) };
        let message = protocol.get_message().to_string();
        match protocol.kind() {
            AMQPErrorKind::Soft(AMQPSoftError::NOTFOUND) => Ok(Self::Missing),
            AMQPErrorKind::Soft(AMQPSoftError::PRECONDITIONFAILED) => Ok(Self::Differs(message)),
            AMQPErrorKind::Soft(AMQPSoftError::ACCESSREFUSED) => Ok(Self::Forbidden(message)),
            _ => Err(error.into()),
        }
    }

    /// What an operator should do.
    pub fn advice(&self) -> &'static str {
        match self {
            Self::Missing => "run: workers topology apply",
            Self::Differs(_) => {
                "the arguments of a queue cannot be changed: set the topology.* settings as they \
                 were when it was declared; if another version declared it, empty it, delete it \
                 and run: workers topology apply (docs/operating.md, Topology)"
            }
            Self::Forbidden(_) => {
                "use the broker's user boxoffice-operator for operators' commands \
                 (docs/operating.md, Rights); give processes the rights of \
                 rabbitmq/permissions.json and broker.declare = false"
            }
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("it is missing"),
            Self::Differs(message) => write!(f, "it was declared otherwise: {message}"),
            Self::Forbidden(message) => write!(f, "the broker refuses it to this user: {message}"),
        }
    }
}
