//! Filling a new stream from a position of the log.
//!
//! Servers refuse a second stream on the same subjects. While another stream takes `gatehouse.v1.>`, the new one therefore takes its
//! messages on `gatehouse.refill.{its name}.>` and puts `gatehouse.v1` in the place of that itself, before it stores them: its consumers
//! filter by the same subjects as those of the old one. It can be filled while the old one is in use, and when the publisher's
//! configuration names it, publishing goes on into it, on the subjects that it takes. The old stream can then be deleted.

use std::sync::Arc;

use public_events::Position;
use tokio_util::sync::CancellationToken;

use crate::connection::Connection;
use crate::cursor_place::CursorPlace;
use crate::feed::Feed;
use crate::pause::Pause;
use crate::repair::{Progress, RepairError, publish_all};
use crate::settings::Settings;
use crate::stream;
use crate::worker::Worker;

/// What became of filling a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refilled {
    /// The subjects on which the stream takes messages, such as `gatehouse.v1.>`. It stores them under `gatehouse.v1.>` in any case.
    pub subjects: String,
    /// Whether it went on with what was begun before.
    pub resumed: bool,
    /// How many events were published this time.
    pub published: u64,
    /// The position of the last event in the stream.
    pub position: Position,
    /// The sequence of its message.
    pub sequence: u64,
}

/// Fills the stream of the settings with the events at `from` and after, up to the end of the log. The stream must be empty, or not be
/// there yet, or have been begun by this before: then it goes on, wherever that was cut short, and `from` is not looked at.
///
/// `cursor` is that of this stream: with it, a publisher whose configuration names the stream goes on where this ended.
///
/// # Errors
/// [`RepairError`]. Done again, it goes on.
pub async fn refill(
    feed: Arc<dyn Feed>,
    from: Position,
    settings: Settings,
    cursor: impl Into<CursorPlace> + Send,
    pause: Arc<dyn Pause>,
    stop: &CancellationToken,
    progress: &(dyn Fn(&Progress) + Send + Sync),
) -> Result<Refilled, RepairError> {
    let mut worker = Worker::new(feed, settings, cursor.into(), pause);
    let connection = Connection::open(&worker.settings).await?;
    let known = worker.place.read(None).await?;
    let name = worker.settings.stream.name.clone();
    let found = stream::look(&connection.context, &name).await?;
    let inbound = match (&known, found) {
        // What was begun is compared by the worker, as a publisher does.
        (Some(_), Some(look)) => look.inbound,
        (None, Some(look)) if look.last > 0 => return Err(RepairError::NotEmpty(name.to_string())),
        (_, found) => {
            let look = match found {
                Some(look) => look,
                None => {
                    let owner = stream::owner_of_subjects(&connection.context, &name).await?;
                    stream::make(&connection.context, &worker.settings.stream, owner.is_some()).await?
                }
            };
            worker.begin(&look, Position(from.0.saturating_sub(1))).await?;
            look.inbound
        }
    };
    drop(connection);
    let published = publish_all(&mut worker, stop, &Progress::default(), progress).await?;
    let status = worker.board.watch().borrow().clone();
    tracing::info!(stream = %name, published, "stream filled");
    let resumed = known.is_some_and(|cursor| cursor.sequence > 0);
    Ok(Refilled { subjects: format!("{inbound}.>"), resumed, published, position: status.position, sequence: status.sequence })
}
