//! One step of a pool: decide in one transaction, then announce what was committed. Requests that
//! the database refuses are singled out and become dead letters.

pub(crate) mod announce;
pub(crate) mod dead_letter;
pub(crate) mod retry;
pub(crate) mod single_out;
pub(crate) mod traces;
pub(crate) mod transact;
