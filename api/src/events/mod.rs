//! Events: what a buyer sees before booking.

pub(crate) mod availability;
pub(crate) mod layout;
pub(crate) mod list;
pub(crate) mod show;
pub(crate) mod stream;
pub(crate) mod view;
