//! Events: what a buyer sees before booking.

pub mod availability;
pub mod layout;
pub mod list;
pub mod ranges;
pub mod show;
pub mod stream;
pub mod view;
