//! One module for each command, and what they share.

pub(crate) mod bench;
pub(crate) mod broken;
pub(crate) mod demo;
pub(crate) mod dev;
pub(crate) mod faults;
pub(crate) mod serve;
pub(crate) mod sql;
pub(crate) mod test;

mod lines;
mod page;
mod run;
mod say;
mod stop;
