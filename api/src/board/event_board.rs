//! The board of one event.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::Bytes;
use booking::domain::Reason;
use booking::ids::{EventId, SectionNumber, TicketNumber};
use booking::messages::SectionChange;
use booking::requests::Best;
use chrono::{DateTime, TimeDelta, Utc};
use store::availability::SectionState;
use tokio::sync::{Notify, broadcast, watch};
use tokio::time::Instant;

use super::frames::{Frames, Resumption, SectionStep};
use super::ranges::{Run, runs};
use super::reads::Wanted;
use super::section::Section;
use crate::reads::Entry;

/// How many frames a slow stream may be behind. Beyond that it gets a resync.
const BEHIND_MAX: usize = 64;
/// The largest expected difference between our clock and the database's, which decides when a hold
/// ends.
const CLOCK_MARGIN: TimeDelta = TimeDelta::seconds(2);
/// How long frames are kept after the last stream has closed.
const STREAMS_LINGER: Duration = Duration::from_mins(1);

/// The state of a section at a version.
#[derive(Debug)]
pub(crate) struct Snapshot {
    pub number: SectionNumber,
    pub version: i64,
    pub available: i32,
    /// The tickets that are not available.
    pub taken: Vec<Run>,
}

/// The first bytes of a stream and the frames that follow. The frames end when the process stops.
#[derive(Debug)]
pub(crate) struct Stream {
    pub first: Vec<Bytes>,
    pub frames: broadcast::Receiver<Bytes>,
}

#[derive(Debug)]
pub(crate) struct EventBoard {
    pub event: EventId,
    pub(super) stale: Notify,
    pub(super) moved: Notify,
    state: Mutex<State>,
    known: watch::Sender<bool>,
}

#[derive(Debug)]
struct State {
    sections: Vec<Section>,
    /// Rises with every doubt, so that a read that began before the last doubt does not settle it.
    doubts: u64,
    unsent: Vec<SectionStep>,
    frames: Frames,
    streams: Option<broadcast::Sender<Bytes>>,
    streamed_at: Option<Instant>,
    used_at: Instant,
}

impl EventBoard {
    /// A board without data; it asks for its first read.
    pub(crate) fn new(entry: &Entry, instance: &str) -> Self {
        let sections = entry.event.sections.iter();
        let sections = sections.map(|s| Section::unknown(s.number, s.first_ticket, s.capacity));
        let board = Self {
            event: entry.event.id,
            stale: Notify::new(),
            moved: Notify::new(),
            state: Mutex::new(State {
                sections: sections.collect(),
                doubts: 0,
                unsent: Vec::new(),
                frames: Frames::new(instance),
                streams: Some(broadcast::channel(BEHIND_MAX).0),
                streamed_at: None,
                used_at: Instant::now(),
            }),
            known: watch::Sender::new(false),
        };
        board.stale.notify_one();
        board
    }

    pub(crate) fn tickets(&self) -> usize {
        self.lock().sections.iter().map(|section| section.capacity() as usize).sum()
    }

    /// Waits until every section was read once.
    pub(crate) async fn until_known(&self) {
        // This cannot fail: the sender lives as long as the board.
        let mut known = self.known.subscribe();
        let _known = known.wait_for(|known| *known).await;
    }

    /// The taken tickets by section; none if one of the sections may be out of date.
    pub(crate) fn snapshot(&self) -> Option<Vec<Snapshot>> {
        let mut state = self.lock();
        state.used_at = Instant::now();
        let snapshot = |section: &Section| {
            let (version, available) = section.counts();
            section.is_trusted().then(|| Snapshot {
                number: section.number,
                version,
                available,
                taken: runs(section.taken()),
            })
        };
        state.sections.iter().map(snapshot).collect()
    }

    /// The version and the number of available tickets of every section; none if one was never
    /// read.
    pub(crate) fn counts(&self) -> Option<Vec<(SectionNumber, i64, i32)>> {
        let count = |section: &Section| {
            let (version, available) = section.counts();
            section.is_known().then_some((section.number, version, available))
        };
        self.lock().sections.iter().map(count).collect()
    }

    /// Why a request will certainly be refused, and which of its tickets are taken. None if it may
    /// be granted, or if that is not certain.
    pub(crate) fn find_refusal(
        &self,
        section_of: impl Fn(TicketNumber) -> Option<SectionNumber>,
        tickets: &[TicketNumber],
        best: Option<&Best>,
        now: DateTime<Utc>,
    ) -> Option<(Reason, Vec<TicketNumber>)> {
        let by_ms = (now + CLOCK_MARGIN).timestamp_millis();
        let mut state = self.lock();
        state.used_at = Instant::now();
        let sections = &state.sections;
        let mut taken = Vec::new();
        for ticket in tickets {
            let number = section_of(*ticket)?;
            let section = sections.iter().find(|section| section.number == number)?;
            if !section.is_current() {
                return None;
            }
            if !section.may_be_had(*ticket, by_ms) {
                taken.push(*ticket);
            }
        }
        if taken.is_empty() && !tickets.is_empty() {
            return None;
        }
        let Some(best) = best else { return Some((Reason::TicketsUnavailable, taken)) };
        let wanted = |section: &&Section| best.section.is_none_or(|n| n == section.number);
        let hopeless =
            |section: &Section| section.is_current() && !section.may_have(best.quantity, by_ms);
        let is_hopeless = sections.iter().filter(wanted).all(hopeless);
        is_hopeless.then_some((Reason::NotEnoughAvailable, taken))
    }

    /// Opens a stream: from the client's last event on, or from now on. None when the process
    /// stops.
    pub(crate) fn stream(&self, last_event_id: Option<&str>) -> Option<Stream> {
        let mut state = self.lock();
        let frames = state.streams.as_ref()?.subscribe();
        let now = Instant::now();
        state.used_at = now;
        state.streamed_at = Some(now);
        let first = match last_event_id.map(|id| state.frames.since(id)) {
            None => vec![state.frames.greeting()],
            // The frames are sent in order, so a client that loses its connection between them gets
            // the rest when it reconnects.
            Some(Resumption::From(missed)) => missed,
            Some(Resumption::Resync) => vec![state.frames.resync()],
        };
        Some(Stream { first, frames })
    }

    /// The frame that makes a client which was too slow read everything again.
    pub(crate) fn resync(&self) -> Bytes {
        self.lock().frames.resync()
    }

    /// Applies a change that a worker has committed.
    pub(crate) fn apply(&self, change: SectionChange) {
        let mut state = self.lock();
        let number = change.number;
        let found = state.sections.iter_mut().find(|section| section.number == number);
        let Some(section) = found else { return };
        let steps = section.apply(change);
        let is_current = section.is_current();
        state.unsent.extend(steps);
        let has_news = !state.unsent.is_empty();
        drop(state);
        if has_news {
            self.moved.notify_one();
        }
        if !is_current {
            self.stale.notify_one();
        }
    }

    /// Something may have been missed: every section must be read again.
    pub(crate) fn doubt(&self) {
        let mut state = self.lock();
        state.doubts += 1;
        state.sections.iter_mut().for_each(Section::doubt);
        drop(state);
        self.stale.notify_one();
    }

    /// Ends all streams, and opens no more.
    pub(crate) fn drain(&self) {
        self.lock().streams = None;
    }

    /// Whether the board was not used for this time and has no open stream.
    pub(crate) fn is_idle(&self, age: Duration) -> bool {
        let state = self.lock();
        let streams = state.streams.as_ref().map_or(0, broadcast::Sender::receiver_count);
        streams == 0 && state.used_at.elapsed() > age
    }

    /// The sections that must be read, and the number of doubts at this moment.
    pub(super) fn to_read(&self) -> (Vec<Wanted>, u64) {
        let state = self.lock();
        let stale = state.sections.iter().filter(|section| !section.is_current());
        let wanted = |section: &Section| Wanted {
            section: (self.event, section.number),
            capacity: section.capacity(),
        };
        (stale.map(wanted).collect(), state.doubts)
    }

    /// Installs sections that were read. `doubts` is the number of doubts when the read began.
    pub(super) fn install(&self, read: &[Arc<SectionState>], doubts: u64) {
        let mut state = self.lock();
        let settles = state.doubts == doubts;
        for one in read {
            let found = state.sections.iter_mut().find(|section| section.number == one.number);
            let steps = found.map(|section| section.install(one, settles)).unwrap_or_default();
            state.unsent.extend(steps);
        }
        let has_news = !state.unsent.is_empty();
        let is_known = state.sections.iter().all(Section::is_known);
        drop(state);
        self.known.send_if_modified(|known| !std::mem::replace(known, is_known) && is_known);
        if has_news {
            self.moved.notify_one();
        }
    }

    /// Sends what has changed to all streams, as one frame.
    pub(super) fn flush(&self) {
        let mut state = self.lock();
        let unsent = std::mem::take(&mut state.unsent);
        let Some(streams) = state.streams.clone() else { return };
        if streams.receiver_count() > 0 {
            state.streamed_at = Some(Instant::now());
        }
        let lingers = state.streamed_at.is_some_and(|at| at.elapsed() < STREAMS_LINGER);
        if lingers && !unsent.is_empty() {
            let frame = state.frames.push(unsent);
            // An error only means that no stream is open; the frame is kept for clients that
            // reconnect.
            let _nobody = streams.send(frame);
        } else if !unsent.is_empty() {
            state.frames.forget();
        }
    }

    /// Sends a comment to all streams, so that proxies do not close them.
    pub(super) fn beat(&self) {
        if let Some(streams) = &self.lock().streams {
            let _nobody = streams.send(Bytes::from_static(b":\n\n"));
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
#[path = "event_board_tests.rs"]
mod tests;
