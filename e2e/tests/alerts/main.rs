//! The alerts: their files are valid, and each alert fires for its real cause and clears.

mod causes;
mod prometheus;
mod rules;
