//! A database of its own for each test, and a small event to book in it.

mod asks;
mod database;
mod scene;

pub(crate) use asks::{any_of, cancel, id, numbers, payment_id, wish};
pub(crate) use database::{with_database, with_empty_database, with_frozen_database};
pub(crate) use scene::{
    HOLD_SECONDS, PAYING_SECONDS, Scene, TICKETS_PER_RESERVATION, seed, tickets_of_section,
    with_frozen_scene, with_scene,
};
pub(crate) use testbed::requests::EVENT;
