//! What only operators' commands need: comparing the broker with the topology, and taking dead
//! letters.

mod greeting;
mod inspect;
mod letters;
mod management;

pub use greeting::{Greeting, greet};
pub use inspect::{Seen, compare_exchange, depth, inspect};
pub use letters::{Letter, Letters};
pub use management::Management;
