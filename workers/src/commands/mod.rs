//! The commands of operators. Each looks, says what it found in one screen, and ends with an exit
//! code that scripts can tell apart.

pub(crate) mod dead_letters;
pub(crate) mod doctor;
pub(crate) mod healthcheck;
pub(crate) mod migrate;
pub(crate) mod pools;
pub(crate) mod queues;
pub(crate) mod topology;

mod exit;
mod fleet;
mod say;

pub(crate) use exit::{BadSettings, Exit, HELP, hint};
pub(crate) use say::{json, line};
