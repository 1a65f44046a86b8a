//! Load: when requests are sent, and what becomes of them.

mod arrivals;
mod drive;
mod outcome;
mod recorder;
mod summary;
mod verdict;

pub use arrivals::{Arrivals, Window};
pub use drive::{Crowd, drive, together};
pub use outcome::{Counts, Outcome};
pub use recorder::Recorder;
pub use summary::{Quantiles, Second, Summary};
pub use verdict::{Search, Sustained, sustained};
