//! Decodes a page of records, on two cores if it is long.

use std::sync::Arc;

use event_codec::{Codec, Envelope};
use event_store::{Position, Recorded};

/// A page this short is decoded where it is.
const INLINE: usize = 16;

/// A page longer than this is decoded in two halves at once.
const HALVED: usize = 256;

/// An event that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    /// Which event.
    pub(crate) position: Position,
    /// Why not.
    pub(crate) reason: String,
}

/// Events in the order of the log, and why there are no more of them.
pub(crate) struct Page {
    /// Up to the first that cannot be read.
    pub(crate) events: Vec<Arc<Envelope>>,
    /// The first that cannot be read.
    pub(crate) failure: Option<Failure>,
}

/// Decodes records in order, up to the first that cannot be read.
pub(crate) async fn decode(codec: &Codec, mut records: Vec<Recorded>) -> Page {
    if records.len() <= INLINE {
        return decode_now(codec, &records);
    }
    let second = if records.len() > HALVED { records.split_off(records.len() / 2) } else { Vec::new() };
    let second = (!second.is_empty()).then(|| on_other_thread(codec, second));
    let mut page = on_other_thread(codec, records).await;
    if let Some(second) = second {
        let second = second.await;
        if page.failure.is_none() {
            page.events.extend(second.events);
            page.failure = second.failure;
        }
    }
    page
}

/// Begins to decode at once, not when first polled.
fn on_other_thread(codec: &Codec, records: Vec<Recorded>) -> impl Future<Output = Page> + use<> {
    let codec = codec.clone();
    let first = records.first().map_or(Position::START, |record| record.position);
    let task = tokio::task::spawn_blocking(move || decode_now(&codec, &records));
    async move {
        task.await.unwrap_or_else(|error| Page {
            events: Vec::new(),
            failure: Some(Failure { position: first, reason: format!("decoding ended early: {error}") }),
        })
    }
}

fn decode_now(codec: &Codec, records: &[Recorded]) -> Page {
    let mut events = Vec::with_capacity(records.len());
    for record in records {
        match codec.decode(record) {
            Ok(envelope) => events.push(Arc::new(envelope)),
            Err(error) => {
                let failure = Failure { position: record.position, reason: chain(&error) };
                return Page { events, failure: Some(failure) };
            }
        }
    }
    Page { events, failure: None }
}

/// An error and what it came from, in one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
