//! How a message is encoded and decoded.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{VERSION, later};

/// A message, or one request in it, that cannot be parsed: it goes to the dead letters.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Undecodable(pub String);

/// A message with a version.
pub trait Message: Serialize + DeserializeOwned {
    /// The version of the build that wrote it.
    fn version(&self) -> u8;

    fn encode(&self) -> Vec<u8> {
        later::sent(serde_json::to_vec(self).expect("plain data always has a JSON form"))
    }

    /// Parses the bytes. Fails if they are not such a message, or if the version is unknown.
    fn decode(bytes: &[u8]) -> Result<Self, Undecodable> {
        let read: Self =
            serde_json::from_slice(bytes).map_err(|error| Undecodable(error.to_string()))?;
        check_version(read.version()).map(|()| read)
    }
}

/// Fails for a version that this build cannot read.
pub(super) fn check_version(version: u8) -> Result<(), Undecodable> {
    if version == VERSION {
        Ok(())
    } else {
        Err(Undecodable(format!("version {version} is not known")))
    }
}
