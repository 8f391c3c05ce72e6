//! The log's public events onto a NATS JetStream stream: in the log's order, each once (ADR 0026).
//!
//! The log is the outbox: [`Publisher`] reads the public events after its [`Cursor`] and publishes them, many at once on their way.
//! Every message says which sequence the stream's last message must have, so that the stream itself refuses whatever would leave a gap
//! or be a double: after a crash, a lost acknowledgement, a late resend, or with two publishers at work. After any failure the publisher
//! looks where the stream stands and goes on from there.
//!
//! The cursor and the stream are compared at the start, with each new connection and while there is nothing to do. Where they disagree
//! by more than a batch, the publisher stops and says so; [`reconcile`] compares the stream with the log message by message and
//! repairs, [`refill`] fills a new stream.
//!
//! Of several instances one publishes: the one that holds the lease. They share the cursor ([`CursorRow`]), which takes nothing from
//! one that another has taken over from.

mod agreement;
mod connection;
mod cursor;
mod cursor_place;
mod cursor_row;
mod feed;
mod grant;
mod message;
mod pause;
mod publisher;
mod pump;
mod read_ahead;
mod read_model;
mod reconcile;
mod refill;
mod repair;
mod settings;
mod status;
mod stream;
mod worker;

pub use agreement::Disagreement;
pub use connection::ConnectionError;
pub use cursor::{Cursor, CursorError, CursorFile};
pub use cursor_place::CursorPlace;
pub use cursor_row::{CURSORS, CursorRow};
pub use feed::{Feed, FeedError};
pub use grant::{Grant, GrantError};
pub use message::MessageError;
pub use pause::{Backoff, Pause};
pub use publisher::Publisher;
pub use read_model::ReadModelFeed;
pub use reconcile::{Hole, Reconciled, Stranger, reconcile};
pub use refill::{Refilled, refill};
pub use repair::{Progress, RepairError};
pub use settings::{Credentials, NotAStreamName, Settings, StreamName, StreamSettings};
pub use status::{PublisherState, PublisherStatus};
pub use stream::StreamError;
pub use worker::Halt;
