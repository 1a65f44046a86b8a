//! One module for each command, and what they share.

pub(crate) mod serve;

mod say;
mod stop;
