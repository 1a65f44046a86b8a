//! The load kit, and the baseline that Boxoffice is compared with.
//!
//! Read in this order: [`scenarios`] (what is run), [`stage`] (on which servers and processes),
//! [`load`] (how requests are sent and recorded), [`report`] (how results are shown). [`baseline`]
//! and [`limits`] are what the results are compared with. [`simulate`] sends no load: it calculates
//! from measured service times.

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
