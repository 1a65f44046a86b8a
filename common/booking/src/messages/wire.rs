//! How a message becomes bytes and comes back.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{VERSION, later};

/// A message, or one request in it, that cannot be read: it goes to the dead letters.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Undecodable(pub String);

/// A message of its own, with a version.
pub trait Message: Serialize + DeserializeOwned {
    /// The version that it was written with.
    fn version(&self) -> u8;

    /// Its bytes.
    fn encode(&self) -> Vec<u8> {
        later::sent(serde_json::to_vec(self).expect("plain data always has a JSON form"))
    }

    /// From bytes; an error for what is no such message, or one of a version not known here.
    fn decode(bytes: &[u8]) -> Result<Self, Undecodable> {
        let read: Self =
            serde_json::from_slice(bytes).map_err(|error| Undecodable(error.to_string()))?;
        check_version(read.version()).map(|()| read)
    }
}

/// An error for a version that this build does not read.
pub(super) fn check_version(version: u8) -> Result<(), Undecodable> {
    if version == VERSION {
        Ok(())
    } else {
        Err(Undecodable(format!("version {version} is not known")))
    }
}
