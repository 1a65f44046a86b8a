//! What an error of the database says, for those who never see the driver.

use sqlx::error::DatabaseError;

pub use sqlx::Error;

/// PostgreSQL's code for want of a right.
const INSUFFICIENT_PRIVILEGE: &str = "42501";

/// Whether the database cannot be reached, or not by this user.
pub fn is_away(error: &Error) -> bool {
    use Error::{Io, PoolClosed, PoolTimedOut, Tls};
    matches!(error, Io(_) | Tls(_) | PoolTimedOut | PoolClosed) || lacks_right(error)
}

/// Whether the user may not do that.
pub fn lacks_right(error: &Error) -> bool {
    let code = error.as_database_error().and_then(DatabaseError::code);
    code.as_deref() == Some(INSUFFICIENT_PRIVILEGE)
}
