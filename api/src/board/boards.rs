//! The boards of all events that a client has requested.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use booking::domain::Section;
use booking::ids::EventId;
use booking::messages::SectionChange;
use store::Pool;
use store::availability::SectionState;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use super::event_board::EventBoard;
use super::reads::{self, Reads, Wanted};
use super::refresh;
use crate::http::random;
use crate::reads::{Away, Entry};

/// The most boards that are open at once.
const BOARDS_MAX: usize = 10_000;
/// The most tickets on all boards together: about 160 MB.
const TICKETS_MAX: usize = 20_000_000;
/// A board that was not used for this time is closed when there are too many boards.
const IDLE: Duration = Duration::from_mins(1);
/// The shortest time between two searches for idle boards.
const SWEEP_INTERVAL: Duration = Duration::from_secs(1);
/// How long to wait for a board's first read.
const FIRST_READ: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(crate) struct Boards {
    reads: Arc<Reads>,
    instance: String,
    stop: CancellationToken,
    open: RwLock<Open>,
    is_live: AtomicBool,
    is_draining: AtomicBool,
}

#[derive(Debug, Default)]
struct Open {
    boards: HashMap<EventId, (Arc<EventBoard>, CancellationToken)>,
    tickets: usize,
    swept_at: Option<Instant>,
}

impl Boards {
    /// Opens no board yet. The tasks of all boards end with `stop`.
    pub(crate) fn new(pool: Pool, stop: &CancellationToken) -> Self {
        let instance = uuid::Uuid::from_u128(random()).simple().to_string();
        Self {
            reads: Arc::new(reads::start(pool)),
            instance: instance[..12].to_owned(),
            stop: stop.child_token(),
            open: RwLock::default(),
            is_live: AtomicBool::new(false),
            is_draining: AtomicBool::new(false),
        }
    }

    /// The board of an event; it is opened if necessary, and then has no data yet. While the feed
    /// of outcomes is lost, the board is not updated. None if there are too many boards.
    pub(crate) fn obtain_board(&self, entry: &Entry) -> Option<Arc<EventBoard>> {
        if self.is_draining.load(Ordering::Relaxed) {
            return None;
        }
        let id = entry.event.id;
        if let Some(board) = self.find_board(id) {
            return Some(board);
        }
        let mut open = self.open.write().unwrap_or_else(PoisonError::into_inner);
        // Another request may have opened it between the two locks.
        if let Some((board, _)) = open.boards.get(&id) {
            return Some(Arc::clone(board));
        }
        let tickets = entry.tickets();
        if !open.has_room_for(tickets) {
            open.put_idle_away();
        }
        if !open.has_room_for(tickets) {
            return None;
        }
        let board = Arc::new(EventBoard::new(entry, &self.instance));
        let stop = self.stop.child_token();
        let refreshing = refresh::refresh(Arc::clone(&board), Arc::clone(&self.reads));
        tokio::spawn(stop.clone().run_until_cancelled_owned(refreshing));
        tokio::spawn(stop.clone().run_until_cancelled_owned(refresh::send(Arc::clone(&board))));
        open.boards.insert(id, (Arc::clone(&board), stop));
        open.tickets += tickets;
        Some(board)
    }

    fn find_board(&self, event: EventId) -> Option<Arc<EventBoard>> {
        let open = self.open.read().unwrap_or_else(PoisonError::into_inner);
        open.boards.get(&event).map(|(board, _)| Arc::clone(board))
    }

    /// The taken tickets in each section of an event, read from the database.
    pub(crate) async fn read_sections(
        &self,
        entry: &Entry,
    ) -> Result<Vec<Arc<SectionState>>, Away> {
        let wanted = |section: &Section| Wanted {
            section: (entry.event.id, section.number),
            capacity: section.capacity,
        };
        refresh::read_sections(&self.reads, entry.event.sections.iter().map(wanted).collect()).await
    }

    /// The board of an event, only if it is open already and outcomes arrive.
    pub(crate) fn opened(&self, event: EventId) -> Option<Arc<EventBoard>> {
        self.find_board(event).filter(|_| self.is_live())
    }

    /// The board of an event, only while outcomes arrive.
    pub(crate) fn live(&self, entry: &Entry) -> Option<Arc<EventBoard>> {
        self.obtain_board(entry).filter(|_| self.is_live())
    }

    /// The same, after every section was read; none if that takes too long.
    pub(crate) async fn known(&self, entry: &Entry) -> Option<Arc<EventBoard>> {
        let board = self.live(entry)?;
        timeout(FIRST_READ, board.until_known()).await.ok()?;
        Some(board)
    }

    /// Applies the changes that a worker has committed.
    pub(crate) fn apply(&self, changes: Vec<SectionChange>) {
        for change in changes {
            if let Some(board) = self.find_board(change.event) {
                board.apply(change);
            }
        }
    }

    pub(crate) fn count(&self) -> usize {
        self.open.read().unwrap_or_else(PoisonError::into_inner).boards.len()
    }

    /// Whether outcomes arrive now.
    pub(crate) fn is_live(&self) -> bool {
        self.is_live.load(Ordering::Acquire)
    }

    /// Outcomes arrive from now on.
    pub(crate) fn begin(&self) {
        self.is_live.store(true, Ordering::Release);
    }

    /// Outcomes no longer arrive. Returns whether they did before.
    pub(crate) fn end(&self) -> bool {
        self.is_live.swap(false, Ordering::AcqRel)
    }

    /// Some outcomes may have been missed: all boards must be read again.
    pub(crate) fn doubt(&self) {
        let open = self.open.read().unwrap_or_else(PoisonError::into_inner);
        for (board, _) in open.boards.values() {
            board.doubt();
        }
    }

    /// Ends all streams, and opens no more boards.
    pub(crate) fn drain(&self) {
        self.is_draining.store(true, Ordering::Relaxed);
        let open = self.open.read().unwrap_or_else(PoisonError::into_inner);
        for (board, _) in open.boards.values() {
            board.drain();
        }
    }
}

impl Open {
    fn has_room_for(&self, tickets: usize) -> bool {
        self.boards.len() < BOARDS_MAX && self.tickets + tickets <= TICKETS_MAX
    }

    fn put_idle_away(&mut self) {
        if self.swept_at.is_some_and(|at| at.elapsed() < SWEEP_INTERVAL) {
            return;
        }
        self.swept_at = Some(Instant::now());
        self.boards.retain(|_, (board, stop)| {
            let is_idle = board.is_idle(IDLE);
            if is_idle {
                stop.cancel();
            }
            !is_idle
        });
        self.tickets = self.boards.values().map(|(board, _)| board.tickets()).sum();
    }
}
