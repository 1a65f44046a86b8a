//! Everything that the front door reads from Postgres, and what it keeps in memory.

mod batched;
mod by_id;
mod catalogue;
mod database;
mod labels;
mod layouts;
mod meter;
#[cfg(test)]
pub(crate) mod sample;

pub(crate) use batched::{Answers, QUICK_LOOK, Reader, Weight};
pub(crate) use by_id::{read_payments, read_reservations};
pub(crate) use catalogue::{Catalogue, Entry};
pub(crate) use database::{Away, read_in_time};
pub(crate) use labels::{Labels, by_number};
pub(crate) use layouts::{LayoutBody, Layouts};
pub(crate) use meter::{Read, register as register_metrics};
