//! Alerts: right by themselves, and each fires from a real cause and clears.

mod causes;
mod prometheus;
mod rules;
