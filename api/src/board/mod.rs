//! The availability board: which tickets of an event are free, in memory, moved by outcomes. It answers
//! reads, feeds the streams of seats, and tells at once what is certain to be refused.

mod boards;
mod event_board;
pub mod frames;
mod reads;
pub mod section;
mod tend;

pub use boards::Boards;
pub use event_board::{EventBoard, Snapshot, Stream};
pub use frames::{AvailabilityChanges, SeatsEvent, SectionStep, StateChange};
