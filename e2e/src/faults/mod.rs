//! The fault harness: a whole Boxoffice under load while its processes, networks and servers fail,
//! concurrently and at random. All answers to clients are recorded and checked.
//!
//! A run consists of rounds. In each round customers send requests while faults overlap. Then all
//! faults end, everything that was accepted must be decided, and every answer is compared with the
//! database. All random choices follow from the seed; the interleaving of processes does not.

mod balancer;
mod check;
mod count;
mod customer;
mod dice;
mod fault;
mod fleet;
mod inflict;
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
pub use proxy::{Condition, Proxy};
pub use round::{Plan, play, play_with};
pub use servers::{Servers, settle};
pub use world::World;
