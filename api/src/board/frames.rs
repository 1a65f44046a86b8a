//! The frames of a stream. A frame is rendered once for all clients, and the last frames are kept,
//! so that a client that lost its connection can resume. Pure.

use std::collections::VecDeque;
use std::fmt::Write as _;

use axum::body::Bytes;
use booking::domain::TicketState;
use booking::ids::{SectionNumber, TicketNumber};
use booking::messages::SectionChange;
use serde::Serialize;
use utoipa::ToSchema;

/// The most frames that are kept: half a minute of steady change.
const KEPT_MAX: usize = 300;
/// The most bytes of all frames that are kept.
const KEPT_BYTES_MAX: usize = 4 << 20;

/// Some sections changed. A section appears once for each of its versions, in order.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AvailabilityChanges {
    pub sections: Vec<SectionStep>,
}

/// An event of the stream of seats.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SeatsEvent {
    /// `availability`, or `resync`: steps were missed, read the availability again.
    pub event: String,
    /// What to give as `Last-Event-ID`.
    pub id: String,
    /// The JSON of `AvailabilityChanges`; of an empty object where `event` is `resync`.
    #[schema(content_media_type = "application/json")]
    pub data: String,
}

/// A section came to a version. Whoever knows another version than the one before has missed a step
/// and reads the availability again; one that is not newer is to be ignored.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct SectionStep {
    #[schema(value_type = i32)]
    pub number: SectionNumber,
    /// Its version now.
    pub version: i64,
    /// How many tickets are available now.
    pub available: i32,
    /// What changed.
    pub changes: Vec<StateChange>,
}

/// Tickets that came into the same state.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct StateChange {
    /// `available`, `held`, `sold`, `blocked`.
    #[schema(value_type = String)]
    pub state: TicketState,
    /// The tickets, ascending.
    #[schema(value_type = Vec<i32>)]
    pub tickets: Vec<TicketNumber>,
}

impl From<SectionChange> for SectionStep {
    fn from(change: SectionChange) -> Self {
        let state = |moved: booking::messages::TicketChange| StateChange {
            state: moved.state,
            tickets: moved.tickets,
        };
        Self {
            number: change.number,
            version: change.version,
            available: change.available,
            changes: change.changes.into_iter().map(state).collect(),
        }
    }
}

/// From where a client that reconnects can resume.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Resumption {
    /// The frames that it has missed.
    From(Vec<Bytes>),
    /// It was away for too long, or its last frame came from another process.
    Resync,
}

/// The last frames of one event's stream.
#[derive(Debug)]
pub(crate) struct Frames {
    instance: String,
    last: u64,
    bytes: usize,
    kept: VecDeque<Bytes>,
}

impl Frames {
    /// No frames yet. `instance` is unique to this process and part of every id.
    pub(crate) fn new(instance: &str) -> Self {
        Self { instance: instance.to_owned(), last: 0, bytes: 0, kept: VecDeque::new() }
    }

    /// Renders steps as the next frame and keeps it.
    pub(crate) fn push(&mut self, steps: Vec<SectionStep>) -> Bytes {
        self.last += 1;
        let changes = AvailabilityChanges { sections: steps };
        let data = serde_json::to_string(&changes).expect("plain data always has a JSON form");
        let frame = format!("event: availability\nid: {}\ndata: {data}\n\n", self.id());
        let frame = Bytes::from(frame);
        self.bytes += frame.len();
        self.kept.push_back(frame.clone());
        while self.kept.len() > KEPT_MAX || self.bytes > KEPT_BYTES_MAX {
            self.bytes -= self.kept.pop_front().map_or(self.bytes, |old| old.len());
        }
        frame
    }

    /// A change was not kept as a frame: no client can resume from before it.
    pub(crate) fn forget(&mut self) {
        self.last += 1;
        self.bytes = 0;
        self.kept.clear();
    }

    /// Gives a new client an id to resume from, in case its connection breaks before the first
    /// frame.
    pub(crate) fn greeting(&self) -> Bytes {
        Bytes::from(format!("id: {}\n\n", self.id()))
    }

    pub(crate) fn resync(&self) -> Bytes {
        Bytes::from(format!("event: resync\nid: {}\ndata: {{}}\n\n", self.id()))
    }

    /// The frames after the last one that a client has seen.
    pub(crate) fn since(&self, last_event_id: &str) -> Resumption {
        let Some((instance, seen)) = last_event_id.rsplit_once('-') else {
            return Resumption::Resync;
        };
        let missed = seen.parse().ok().and_then(|seen: u64| self.last.checked_sub(seen));
        match missed {
            Some(missed) if instance == self.instance && missed <= self.kept.len() as u64 => {
                let first = self.kept.len() - missed as usize;
                Resumption::From(self.kept.range(first..).cloned().collect())
            }
            _ => Resumption::Resync,
        }
    }

    fn id(&self) -> String {
        let mut id = String::with_capacity(self.instance.len() + 21);
        write!(id, "{}-{}", self.instance, self.last).expect("writing to a string does not fail");
        id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(version: i64) -> Vec<SectionStep> {
        let tickets = vec![TicketNumber(7)];
        let changes = vec![StateChange { state: TicketState::Held, tickets }];
        vec![SectionStep { number: SectionNumber(1), version, available: 3, changes }]
    }

    #[test]
    fn a_frame_is_an_event_with_an_id() {
        let mut frames = Frames::new("abc");
        let frame = frames.push(step(5));
        let text = std::str::from_utf8(&frame).unwrap();
        assert_eq!(
            text,
            "event: availability\nid: abc-1\ndata: {\"sections\":[{\"number\":1,\"version\":5,\
             \"available\":3,\"changes\":[{\"state\":\"held\",\"tickets\":[7]}]}]}\n\n"
        );
    }

    #[test]
    fn who_was_away_for_a_moment_goes_on() {
        let mut frames = Frames::new("abc");
        assert_eq!(frames.since("abc-0"), Resumption::From(Vec::new()));
        let sent: Vec<_> = (1..=3).map(|version| frames.push(step(version))).collect();
        assert_eq!(frames.since("abc-1"), Resumption::From(sent[1..].to_vec()));
        assert_eq!(frames.since("abc-3"), Resumption::From(Vec::new()));
        for stranger in ["abd-1", "abc-4", "abc-x", "abc", "", "-"] {
            assert_eq!(frames.since(stranger), Resumption::Resync, "{stranger}");
        }
    }

    #[test]
    fn who_was_away_for_long_starts_anew() {
        let mut frames = Frames::new("a-b");
        for version in 0..1_000 {
            frames.push(step(version));
        }
        assert_eq!(frames.kept.len(), KEPT_MAX);
        assert_eq!(frames.since("a-b-699"), Resumption::Resync);
        assert_ne!(frames.since("a-b-701"), Resumption::Resync);
        frames.forget();
        assert_eq!(frames.since("a-b-1000"), Resumption::Resync, "one was not kept");
        assert_eq!(frames.since("a-b-1001"), Resumption::From(Vec::new()));
        frames.push(step(1));
        assert_eq!(frames.bytes, frames.kept.iter().map(Bytes::len).sum::<usize>());
    }
}
