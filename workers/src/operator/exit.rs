//! The exit codes of commands, for scripts.

use std::fmt;
use std::process::ExitCode;

use broker::{LostConnection, PublishError};

/// An exit code. Two more are not here: clap exits with 2 for bad arguments, and only the audit
/// uses 3.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Exit {
    /// Done, and nothing is wrong.
    Done = 0,
    /// The command failed, or found what it looks for: a broken invariant, a difference, a fault.
    Found = 1,
    Away = 4,
    TimedOut = 5,
    Settings = 6,
}

/// Shown by `--help`. docs/operating.md lists the same codes.
pub(crate) const HELP: &str = "\
Exit codes: 0 done, nothing is wrong; 1 failed, or something was found; 2 bad arguments;
3 the audit holds and the broker wants attention; 4 Postgres or the broker is away;
5 not over in time; 6 bad settings.";

#[derive(Debug)]
pub(crate) struct BadSettings;

impl fmt::Display for BadSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the settings cannot be read")
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

impl Exit {
    pub(crate) fn of(error: &anyhow::Error) -> Self {
        if error.is::<BadSettings>() {
            Self::Settings
        } else if error.chain().any(is_away) {
            Self::Away
        } else {
            Self::Found
        }
    }
}

fn is_away(error: &(dyn std::error::Error + 'static)) -> bool {
    error.downcast_ref().is_some_and(store::error::is_away)
        || matches!(error.downcast_ref(), Some(PublishError::Away(_) | PublishError::Unknown))
        || error.is::<LostConnection>()
}

/// Advice for an error whose cause is a missing right.
pub(crate) fn hint(error: &anyhow::Error) -> Option<&'static str> {
    error.chain().find_map(|cause| {
        if cause.downcast_ref().is_some_and(LostConnection::is_refused) {
            Some("the broker's user lacks a right, or its password is wrong: use that of operators")
        } else if cause.downcast_ref().is_some_and(store::error::lacks_right) {
            Some("the database's user lacks a right: use that of operators")
        } else {
            None
        }
    })
}

#[cfg(test)]
mod tests {
    use anyhow::Context;

    use super::*;

    #[test]
    fn a_server_that_is_away_is_told_from_a_failure_and_from_bad_settings() {
        let lost = Err::<(), _>(LostConnection("refused".to_owned())).context("while looking");
        assert_eq!(Exit::of(&lost.expect_err("an error")), Exit::Away);
        let away = anyhow::Error::from(store::Error::PoolTimedOut);
        assert_eq!(Exit::of(&away), Exit::Away);
        let bad = Err::<(), _>(anyhow::anyhow!("no such name")).context(BadSettings);
        assert_eq!(Exit::of(&bad.expect_err("an error")), Exit::Settings);
        assert_eq!(Exit::of(&anyhow::anyhow!("no")), Exit::Found);
    }

    #[test]
    fn a_right_that_is_missing_is_named_as_such() {
        let lost = |why: &str| anyhow::Error::from(LostConnection(why.to_owned())).context("at it");
        assert!(hint(&lost("ACCESS_REFUSED - read access")).is_some());
        assert_eq!(hint(&lost("no route to host")), None);
    }
}
