//! The availability board: which tickets of an event are free, in memory, moved by outcomes. It
//! answers reads, feeds the streams of seats, and tells at once what is certain to be refused.

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
