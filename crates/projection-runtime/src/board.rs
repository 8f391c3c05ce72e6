//! What is known of a read model while it runs: its worker writes it, readers and the status page look at it.

use event_store::Position;
use jiff::Timestamp;
use parking_lot::Mutex;
use tokio::sync::watch;

use crate::apply::Stop;
use crate::meter::Progress;
use crate::readers::Readers;
use crate::wanted::Wanted;

/// How far the rows that are read have come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reached {
    /// The last event that they reflect.
    pub(crate) position: Position,
    /// Whether they go no further.
    pub(crate) stopped: bool,
    /// Whether there are any.
    pub(crate) readable: bool,
}

/// The rows that are read.
#[derive(Clone)]
pub(crate) struct Shown {
    /// Connections to them.
    pub(crate) readers: Readers,
    /// Which version of the projection made them.
    pub(crate) version: u32,
}

/// What is known of one read model.
pub(crate) struct Board {
    pub(crate) name: &'static str,
    pub(crate) version: u32,
    wanted: Wanted,
    reader: Wanted,
    inner: Mutex<Inner>,
    reached: watch::Sender<Reached>,
}

#[derive(Default)]
struct Inner {
    shown: Option<Shown>,
    stopped: Option<(Position, String)>,
    waiting: Option<(Position, String)>,
    building: Option<Progress>,
    /// When the oldest event that is not applied yet was recorded.
    behind_since: Option<Timestamp>,
}

/// A copy of what is on the board.
pub(crate) struct Glance {
    pub(crate) shown_version: Option<u32>,
    pub(crate) position: Position,
    pub(crate) stopped: Option<(Position, String)>,
    pub(crate) waiting: Option<(Position, String)>,
    pub(crate) building: Option<Progress>,
    pub(crate) behind_since: Option<Timestamp>,
}

impl Board {
    /// Of a read model of this name and version. `reader` is what is wanted of the one who reads the log for it.
    pub(crate) fn new(name: &'static str, version: u32, reader: Wanted) -> Self {
        let reached = watch::Sender::new(Reached { position: Position::START, stopped: false, readable: false });
        Self { name, version, wanted: reader.another(), reader, inner: Mutex::default(), reached }
    }

    /// Somebody waits for the rows to come so far: nobody on the way to them rests meanwhile.
    pub(crate) fn want(&self, position: Position) {
        self.wanted.want(position);
        self.reader.want(position);
    }

    /// Tells up to where somebody waits.
    pub(crate) fn wanted(&self) -> watch::Receiver<Position> {
        self.wanted.subscribe()
    }

    pub(crate) fn reached(&self) -> watch::Receiver<Reached> {
        self.reached.subscribe()
    }

    pub(crate) fn shown(&self) -> Option<Shown> {
        self.inner.lock().shown.clone()
    }

    pub(crate) fn glance(&self) -> Glance {
        let inner = self.inner.lock();
        Glance {
            shown_version: inner.shown.as_ref().map(|shown| shown.version),
            position: self.reached.borrow().position,
            stopped: inner.stopped.clone(),
            waiting: inner.waiting.clone(),
            building: inner.building.clone(),
            behind_since: inner.behind_since,
        }
    }

    /// These rows are read from now on; they have come to `position`. The connections to those before.
    pub(crate) fn show(&self, shown: Shown, position: Position) -> Option<Readers> {
        let before = self.inner.lock().shown.replace(shown);
        self.reached.send_modify(|reached| {
            reached.position = position;
            reached.readable = true;
        });
        before.map(|before| before.readers)
    }

    /// Nothing is read any more. The connections to what was.
    pub(crate) fn hide(&self) -> Option<Readers> {
        self.reached.send_modify(|reached| reached.readable = false);
        self.inner.lock().shown.take().map(|shown| shown.readers)
    }

    /// Begins to apply events of which the oldest was recorded then.
    pub(crate) fn behind_since(&self, oldest: Timestamp) {
        self.inner.lock().behind_since = Some(oldest);
    }

    /// Events up to `position` are applied. `newest` says when the last of them was recorded, if more are waiting: they are no
    /// older.
    pub(crate) fn applied(&self, position: Position, newest: Option<Timestamp>) {
        self.inner.lock().behind_since = newest;
        self.reached.send_modify(|reached| reached.position = position);
    }

    /// How far the rows that are read have come.
    pub(crate) fn position(&self) -> Position {
        self.reached.borrow().position
    }

    /// Somebody else applies events: so far, or up to one that cannot be applied.
    pub(crate) fn follow(&self, position: Position, failed: Option<Stop>) {
        let stopped = failed.is_some();
        let mut inner = self.inner.lock();
        inner.stopped = failed.map(|stop| (stop.position, stop.reason));
        inner.waiting = None;
        inner.behind_since = None;
        drop(inner);
        self.reached.send_if_modified(|reached| {
            let before = *reached;
            (reached.position, reached.stopped) = (position, stopped);
            *reached != before
        });
    }

    pub(crate) fn building(&self, progress: Option<Progress>) {
        self.inner.lock().building = progress;
    }

    /// The event at `position` cannot be applied.
    pub(crate) fn stop(&self, position: Position, reason: String) {
        self.inner.lock().stopped = Some((position, reason));
        self.reached.send_modify(|reached| reached.stopped = true);
    }

    /// What comes after `position` is tried again until the database takes it.
    pub(crate) fn wait(&self, position: Position, reason: String) {
        self.inner.lock().waiting = Some((position, reason));
    }

    /// It goes on.
    pub(crate) fn go_on(&self) {
        let mut inner = self.inner.lock();
        inner.stopped = None;
        inner.waiting = None;
        drop(inner);
        self.reached.send_modify(|reached| reached.stopped = false);
    }
}
