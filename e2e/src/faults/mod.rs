//! The fault harness: a whole Boxoffice under load while its processes, its networks and its
//! servers fail, side by side and at random; and an account of what its clients were told.
//!
//! A run has rounds. In each, customers come while faults overlap; then every fault is undone, all
//! that was accepted must be decided, and every answer is compared with the database. What is drawn
//! follows from the seed; how the processes interleave does not.

mod balancer;
mod check;
mod count;
mod customer;
mod dice;
mod fault;
mod fleet;
mod model;
mod proxy;
mod round;
mod servers;
mod world;

pub use balancer::Balancer;
pub use count::Figures;
pub use dice::Dice;
pub use fault::Kind;
pub use fleet::{Links, Member, Role};
pub use proxy::{Proxy, Weather};
pub use round::{Plan, play, play_with};
pub use servers::{Servers, settle};
pub use world::World;
