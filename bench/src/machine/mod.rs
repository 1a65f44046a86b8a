//! The machine: what it is, what its processes use, and what it lets one process have.

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
