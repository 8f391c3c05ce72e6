//! What the publisher tells about itself.

use jiff::Timestamp;
use public_events::Position;
use tokio::sync::watch;

use crate::feed::Feed;
use crate::pause::Pause;

/// What it does at the moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PublisherState {
    /// It connects, and compares its cursor with the stream.
    Connecting,
    /// It publishes.
    Publishing,
    /// Everything is published.
    Idle,
    /// Another instance holds the lease, and publishes. What is said of how far that is, is what was known here last.
    Elsewhere,
    /// Something is in the way; it tries again by itself.
    Waiting {
        /// What is in the way, in a sentence.
        reason: String,
        /// Since when.
        since: Timestamp,
    },
    /// It has stopped, and goes on when somebody has put that right.
    Stopped {
        /// What is wrong and what to do, in a sentence.
        reason: String,
        /// Since when.
        since: Timestamp,
    },
}

/// How publishing goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublisherStatus {
    /// The stream.
    pub stream: String,
    /// What the publisher does at the moment.
    pub state: PublisherState,
    /// The position of the last event that is known to be in the stream.
    pub position: Position,
    /// The sequence of the message that holds it.
    pub sequence: u64,
    /// How many events the log is further, those that are not public included; 0 when everything is published.
    pub lag: u64,
    /// How many messages were acknowledged since the start.
    pub published: u64,
    /// How many attempts have failed since the start.
    pub failures: u64,
}

/// Where the status is written.
pub(crate) struct Board {
    status: watch::Sender<PublisherStatus>,
}

impl Board {
    pub(crate) fn new(stream: &str) -> Self {
        let status = PublisherStatus {
            stream: stream.to_owned(),
            state: PublisherState::Connecting,
            position: Position(0),
            sequence: 0,
            lag: 0,
            published: 0,
            failures: 0,
        };
        Self { status: watch::Sender::new(status) }
    }

    pub(crate) fn watch(&self) -> watch::Receiver<PublisherStatus> {
        self.status.subscribe()
    }

    pub(crate) fn published(&self) -> u64 {
        self.status.borrow().published
    }

    /// It connects; while something is in the way, or it has stopped, that is still so.
    pub(crate) fn connecting(&self) {
        if !matches!(self.status.borrow().state, PublisherState::Waiting { .. } | PublisherState::Stopped { .. }) {
            self.enter(PublisherState::Connecting);
        }
    }

    pub(crate) fn publishing(&self, feed: &dyn Feed) {
        self.enter(PublisherState::Publishing);
        self.lags(feed);
    }

    pub(crate) fn idle(&self) {
        self.enter(PublisherState::Idle);
        self.lags_nothing();
    }

    /// Another instance publishes: what there is to do is told there.
    pub(crate) fn elsewhere(&self) {
        self.enter(PublisherState::Elsewhere);
        self.lags_nothing();
    }

    fn lags_nothing(&self) {
        self.status.send_if_modified(|status| std::mem::take(&mut status.lag) != 0);
        metrics::gauge!("gatehouse_publisher_lag_events").set(0.0);
    }

    /// Something is in the way. How long it has been so is counted from the first time.
    pub(crate) fn waiting(&self, reason: String, feed: &dyn Feed, pause: &dyn Pause) {
        let (since, told) = match &self.status.borrow().state {
            PublisherState::Waiting { since, reason: told } => (*since, *told == reason),
            PublisherState::Connecting
            | PublisherState::Publishing
            | PublisherState::Idle
            | PublisherState::Elsewhere
            | PublisherState::Stopped { .. } => (pause.now(), false),
        };
        if !told {
            tracing::warn!(stream = self.status.borrow().stream, reason, "publishing waits");
        }
        self.enter(PublisherState::Waiting { reason, since });
        self.status.send_modify(|status| status.failures += 1);
        metrics::counter!("gatehouse_publisher_failures_total").increment(1);
        self.lags(feed);
    }

    pub(crate) fn stopped(&self, reason: String, feed: &dyn Feed, pause: &dyn Pause) {
        let since = match &self.status.borrow().state {
            PublisherState::Stopped { since, reason: told } if *told == reason => *since,
            PublisherState::Stopped { .. }
            | PublisherState::Waiting { .. }
            | PublisherState::Connecting
            | PublisherState::Publishing
            | PublisherState::Elsewhere
            | PublisherState::Idle => {
                tracing::error!(stream = self.status.borrow().stream, reason, "publishing has stopped");
                pause.now()
            }
        };
        self.enter(PublisherState::Stopped { reason, since });
        self.lags(feed);
    }

    /// So much is known to be in the stream; `count` of it was acknowledged just now.
    pub(crate) fn at(&self, position: Position, sequence: u64, count: u64) {
        self.status.send_if_modified(|status| {
            let moved = status.sequence != sequence || status.position != position;
            status.position = position;
            status.sequence = sequence;
            status.published += count;
            moved
        });
        metrics::gauge!("gatehouse_publisher_position").set(float(position.0));
        metrics::counter!("gatehouse_publisher_published_total").increment(count);
    }

    fn lags(&self, feed: &dyn Feed) {
        let reached = feed.reached();
        self.status.send_if_modified(|status| {
            let lag = reached.0.saturating_sub(status.position.0);
            std::mem::replace(&mut status.lag, lag) != lag
        });
        metrics::gauge!("gatehouse_publisher_lag_events").set(float(self.status.borrow().lag));
    }

    fn enter(&self, state: PublisherState) {
        let current = name_of(&state);
        let changed = self.status.send_if_modified(|status| {
            let changed = status.state != state;
            status.state = state;
            changed
        });
        if changed {
            for name in STATES {
                metrics::gauge!("gatehouse_publisher_state", "state" => *name).set(if *name == current { 1.0 } else { 0.0 });
            }
        }
    }
}

const STATES: &[&str] = &["connecting", "publishing", "idle", "elsewhere", "waiting", "stopped"];

fn name_of(state: &PublisherState) -> &'static str {
    match state {
        PublisherState::Connecting => "connecting",
        PublisherState::Publishing => "publishing",
        PublisherState::Idle => "idle",
        PublisherState::Elsewhere => "elsewhere",
        PublisherState::Waiting { .. } => "waiting",
        PublisherState::Stopped { .. } => "stopped",
    }
}

/// What the metrics mean, for the exporter.
pub(crate) fn describe() {
    metrics::describe_gauge!("gatehouse_publisher_position", "Position of the last event that is known to be in the NATS stream");
    metrics::describe_gauge!("gatehouse_publisher_lag_events", "How many events the log is further than the NATS stream");
    metrics::describe_counter!("gatehouse_publisher_published_total", "Events that the NATS stream acknowledged");
    metrics::describe_counter!("gatehouse_publisher_failures_total", "Attempts to publish that failed and were made again");
    metrics::describe_gauge!("gatehouse_publisher_state", "1 for what the publisher does at the moment");
}

#[expect(clippy::cast_precision_loss, clippy::as_conversions, reason = "a gauge is a float; positions stay exact up to 2^53")]
fn float(number: u64) -> f64 {
    number as f64
}
