//! The load kit, and the baseline that Boxoffice is compared with.
//!
//! Read in this order: [`scenarios`] (what is played), [`stage`] (on what), [`load`] (how requests
//! are sent and what is recorded of them), [`report`] (what is told). [`baseline`] and [`limits`]
//! are what the figures are held against. [`simulate`] plays nothing: it reckons with what was
//! measured.

pub mod cli;
pub mod scenarios;

pub mod stage;

pub mod http;
pub mod load;
pub mod machine;

pub mod report;

pub mod baseline;
pub mod limits;

pub mod simulate;
