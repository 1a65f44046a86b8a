//! The availability board: an event's ticket states in memory, updated by outcomes. It answers
//! reads, feeds the streams of seats, and shows which requests are certain to be refused.

mod boards;
mod event_board;
mod frames;
mod ranges;
mod reads;
mod refresh;
mod section;

pub(crate) use boards::Boards;
pub(crate) use event_board::{EventBoard, Snapshot};
pub(crate) use frames::{AvailabilityChanges, SeatsEvent};
pub(crate) use ranges::{Run, TicketOrRange, runs};
