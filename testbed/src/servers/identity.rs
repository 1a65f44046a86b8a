//! What a server shows of itself over TLS.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::account::Account;

/// A certificate and its key, as PEM.
#[derive(Clone)]
pub struct Identity {
    /// The certificate, with those that lead to the authority's.
    pub certificate: String,
    /// Its private key.
    pub key: String,
}

impl Identity {
    /// Writes both into the directory, for this account only, and returns where they are.
    pub(super) fn write(&self, dir: &Path, account: &Account) -> Result<(PathBuf, PathBuf)> {
        let (certificate, key) = (dir.join("server.crt"), dir.join("server.key"));
        account.write(&certificate, &self.certificate)?;
        account.write(&key, &self.key)?;
        fs::set_permissions(&key, Permissions::from_mode(0o600))?;
        Ok((certificate, key))
    }
}
