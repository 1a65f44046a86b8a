//! The machine: its properties, what processes use of it, and its limits for one process.

mod about;
mod files;
mod proc;
mod sampler;
mod usage;

pub use about::About;
pub use files::open_files_max;
pub use proc::{ProcessStat, busy_ticks, parse_memory, parse_stat};
pub use sampler::{Sampler, Watched};
pub use usage::{Sample, Usage, Use, usage};
