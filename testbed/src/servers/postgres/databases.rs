//! Creates and removes databases of a cluster with `psql`.

use anyhow::{Context, Result, ensure};

use super::Postgres;

impl Postgres {
    /// Creates an empty database.
    pub fn create_database(&self, name: &str) -> Result<()> {
        self.execute(&format!("CREATE DATABASE {}", quoted(name)?))
    }

    /// Copies a database to which nobody is connected.
    pub fn copy_database(&self, template: &str, name: &str) -> Result<()> {
        self.execute(&format!("CREATE DATABASE {} TEMPLATE {}", quoted(name)?, quoted(template)?))
    }

    /// Removes a database if it exists, and disconnects its clients.
    pub fn drop_database(&self, name: &str) -> Result<()> {
        self.execute(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", quoted(name)?))
    }

    /// Executes statements in a database: all of them, or none if one fails.
    pub fn execute_in(&self, database: &str, statements: &str) -> Result<()> {
        self.psql_in(database, statements).map(drop)
    }

    pub fn has_database(&self, name: &str) -> Result<bool> {
        let question = format!("SELECT 1 FROM pg_database WHERE datname = '{}'", plain(name)?);
        Ok(self.psql(&question)?.trim() == "1")
    }

    pub(super) fn execute(&self, statement: &str) -> Result<()> {
        self.psql(statement).map(drop)
    }

    pub(super) fn psql(&self, statement: &str) -> Result<String> {
        self.psql_in("postgres", statement)
    }

    fn psql_in(&self, database: &str, statement: &str) -> Result<String> {
        let output = self
            .command("psql")
            .args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--command", statement])
            .arg(self.url(database))
            .env("PGCONNECT_TIMEOUT", "10")
            .output()
            .context("cannot run psql")?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr).trim());
        Ok(String::from_utf8(output.stdout)?)
    }
}

fn quoted(name: &str) -> Result<String> {
    Ok(format!("\"{}\"", plain(name)?))
}

/// Only our own names come here, so a name that would need escaping is refused.
fn plain(name: &str) -> Result<&str> {
    let fits = (1..=63).contains(&name.len())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    ensure!(fits, "{name:?} is no database name of lower-case letters, digits and _");
    Ok(name)
}
