//! The command line. Each command of operators looks, says what it found in one screen, and ends
//! with an exit code that scripts can tell apart.

mod audit;
mod cli;
mod dead_letters;
mod doctor;
mod exit;
mod healthcheck;
mod migrate;
mod pools;
mod print;
mod queues;
mod timeline;
mod topology;
mod workers;

pub use cli::Cli;
