//! The command line. Each operators' command prints what it found on one screen, and ends with an
//! exit code for scripts.

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
