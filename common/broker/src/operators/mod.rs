//! What only operators' commands need: to look at what the broker has, and to take dead letters.

mod greeting;
mod inspect;
mod letters;
mod management;

pub use greeting::{Greeting, greet};
pub use inspect::{Seen, compare_exchange, depth, inspect};
pub use letters::{Letter, Letters};
pub use management::Management;
