//! What a database error means, for crates that do not use the driver.

use sqlx::error::DatabaseError;

pub use sqlx::Error;

/// PostgreSQL's code for a missing right.
const INSUFFICIENT_PRIVILEGE: &str = "42501";

/// Whether the database cannot be reached or used, also because this user lacks a right.
pub fn is_away(error: &Error) -> bool {
    use Error::{Io, PoolClosed, PoolTimedOut, Tls};
    matches!(error, Io(_) | Tls(_) | PoolTimedOut | PoolClosed) || lacks_right(error)
}

/// Whether the database user lacks a right.
pub fn lacks_right(error: &Error) -> bool {
    let code = error.as_database_error().and_then(DatabaseError::code);
    code.as_deref() == Some(INSUFFICIENT_PRIVILEGE)
}
