//! One step of a pool: decide in one transaction, then announce what was committed. What the
//! database refuses is singled out to the dead letters.

pub(crate) mod announce;
pub(crate) mod dead_letter;
pub(crate) mod retry;
pub(crate) mod single_out;
pub(crate) mod traces;
pub(crate) mod transact;
