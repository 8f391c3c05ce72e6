//! Reads and folds a stream.

use domain::Aggregate;
use event_codec::Codec;
use event_store::{Direction, EventStore, StreamId};
use uuid::Uuid;

use crate::CommandError;
use crate::cache::Entry;

const PAGE: usize = 512;

/// What is on disk of a stream, folded.
pub(crate) async fn load<A: Aggregate>(store: &dyn EventStore, codec: &Codec, key: Uuid) -> Result<Entry<A>, CommandError<A::Rejection>> {
    let stream = StreamId::new(A::CATEGORY, key);
    let mut entry = Entry::<A>::default();
    loop {
        let from = entry.version.map_or(0, |version| version + 1);
        let page = store.read_stream(&stream, from, Direction::Forwards, PAGE).await.map_err(CommandError::unreadable)?;
        for recorded in &page {
            let event: A::Event = codec.decode_event(recorded).map_err(CommandError::internal)?;
            let metadata = codec.decode_metadata(recorded).map_err(CommandError::internal)?;
            entry.apply(std::slice::from_ref(&event), metadata.command, metadata.fingerprint);
        }
        if page.len() < PAGE {
            return Ok(entry);
        }
    }
}
