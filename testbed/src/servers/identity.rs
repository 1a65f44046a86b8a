//! A server's certificate for TLS.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::account::Account;

/// A certificate and its key, as PEM.
#[derive(Clone)]
pub struct Identity {
    /// The certificate, followed by the intermediate ones.
    pub certificate: String,
    /// The private key.
    pub key: String,
}

impl Identity {
    /// Writes both files into the directory and returns their paths. Only the account can read the
    /// key.
    pub(super) fn write(&self, dir: &Path, account: &Account) -> Result<(PathBuf, PathBuf)> {
        let (certificate, key) = (dir.join("server.crt"), dir.join("server.key"));
        account.write(&certificate, &self.certificate)?;
        account.write(&key, &self.key)?;
        fs::set_permissions(&key, Permissions::from_mode(0o600))?;
        Ok((certificate, key))
    }
}
