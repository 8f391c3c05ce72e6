//! What a batch would write: each append is judged in the order they were queued, on what is known of its stream.

use std::collections::HashMap;

use event_store::generations::Generations;
use event_store::judge::{self, Judgement};
use event_store::{Append, AppendError, Appended, Position, StreamId};
use uuid::Uuid;

use crate::error::Trouble;
use crate::names::Known;
use crate::queue::Queued;
use crate::session::{Columns, Place, Session, integer, natural};

/// What the writer keeps in memory of the log.
#[derive(Debug)]
pub(crate) struct Memory {
    pub(crate) place: Place,
    /// Of streams that have events.
    heads: Generations<StreamId, Remembered>,
    /// Raised when somebody else has written: what was remembered before may be overtaken since.
    generation: u64,
}

/// A version that once was the newest of its stream, and still is if it has the present generation and nobody else has written since.
#[derive(Debug, Clone, Copy)]
struct Remembered {
    version: u64,
    generation: u64,
}

impl Memory {
    pub(crate) fn new(place: Place, remembered_streams: usize) -> Self {
        Self { place, heads: Generations::new(remembered_streams), generation: 0 }
    }

    /// What is remembered of a stream.
    pub(crate) fn stream(&mut self, stream: &StreamId) -> Option<Stream> {
        let Remembered { version, generation } = *self.heads.get(stream)?;
        Some(Stream { current: generation == self.generation, ..Stream::stored(version) })
    }

    pub(crate) fn remember(&mut self, stream: &StreamId, version: u64) {
        self.heads.put(stream, Remembered { version, generation: self.generation });
    }

    /// Where the log is now. If it is not where this writer left it, somebody else has written.
    pub(crate) fn is_at(&mut self, place: Place) {
        if place.position != self.place.position {
            self.generation += 1;
        }
        self.place = place;
    }

    /// A draft is in the log, after this position: its streams are as it leaves them.
    pub(crate) fn wrote(&mut self, events: usize, streams: &Streams<'_>, base: i64) {
        self.is_at(Place { position: base, ..self.place });
        self.place.position += count(events);
        for (id, stream) in streams.iter().filter(|(_, stream)| stream.newest != stream.stored) {
            if let Some(version) = stream.newest {
                self.remember(id, version);
            }
        }
    }
}

/// The streams of a batch, as far as they are known.
pub(crate) type Streams<'a> = HashMap<&'a StreamId, Stream>;

/// A stream as the draft leaves it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Stream {
    stored: Option<u64>,
    newest: Option<u64>,
    /// Whether what is stored was the newest when the writer's place was.
    current: bool,
}

impl Stream {
    /// One whose newest version was just read.
    pub(crate) fn stored(version: u64) -> Self {
        Self { stored: Some(version), newest: Some(version), current: true }
    }

    /// One of which was just read that it has no event.
    pub(crate) fn absent() -> Self {
        Self { current: true, ..Self::default() }
    }

    /// One that is not remembered, and taken for new: if it is not, the index says so.
    pub(crate) fn assumed_new() -> Self {
        Self::default()
    }
}

/// What becomes of an append.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// Written; its last event is the one of this number in the draft, from 1.
    Write { number: i64, version: u64 },
    /// The same as an append earlier in the batch.
    RepeatOf { number: i64, version: u64 },
    /// Stored already, which stays true.
    Stored(Appended),
    /// Refused, on what is known of its stream.
    Refused { error: AppendError, current: bool },
}

/// What the refusals of a draft rest on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Refusals {
    /// There are none. What is written is right, whoever else has written: the index sees to that.
    None,
    /// They stand if nobody else has written since the writer's place was.
    Current,
    /// At least one rests on what was remembered from before somebody else wrote.
    Outdated,
}

/// A batch, judged.
#[derive(Debug)]
pub(crate) struct Draft<'a> {
    pub(crate) columns: Columns<'a>,
    /// Of each append, by its place in the batch.
    pub(crate) verdicts: Vec<(usize, Verdict)>,
    pub(crate) streams: Streams<'a>,
}

impl<'a> Draft<'a> {
    /// Judges those appends of the batch that `wanted` names, on what is known of their streams.
    pub(crate) async fn of(
        batch: &'a [Queued],
        wanted: &[usize],
        known: &Known,
        streams: Streams<'a>,
        session: &mut Session,
    ) -> Result<Self, Trouble> {
        let mut draft = Self { columns: Columns::default(), verdicts: Vec::with_capacity(wanted.len()), streams };
        for place in wanted {
            let Some(queued) = batch.get(*place) else { continue };
            let append = &queued.append;
            let stream = draft.streams.get(&append.stream).copied().unwrap_or_default();
            let verdict = match (judge::prerequisite(append), judge::judge(append, stream.newest)) {
                // What it depends on was refused before it: if that stands, this does.
                (Err(error), _) => Verdict::Refused { error, current: true },
                (Ok(()), Ok(Judgement::Write { first })) => draft.write(append, stream, first, known),
                (Ok(()), Ok(Judgement::Compare { first, last })) => draft.compare(append, stream, (first, last), known, session).await?,
                (Ok(()), Err(error)) => Verdict::Refused { error, current: stream.current },
            };
            queued.settle.stage(!matches!(verdict, Verdict::Refused { .. }));
            draft.verdicts.push((*place, verdict));
        }
        Ok(draft)
    }

    /// What its refusals rest on.
    pub(crate) fn refusals(&self) -> Refusals {
        let refused = |verdict: &Verdict| match verdict {
            Verdict::Refused { current: false, .. } => Refusals::Outdated,
            Verdict::Refused { current: true, .. } => Refusals::Current,
            Verdict::Write { .. } | Verdict::RepeatOf { .. } | Verdict::Stored(_) => Refusals::None,
        };
        self.verdicts.iter().map(|(_, verdict)| refused(verdict)).max().unwrap_or(Refusals::None)
    }

    fn write(&mut self, append: &'a Append, mut stream: Stream, first: u64, known: &Known) -> Verdict {
        let columns = &mut self.columns;
        let types: Option<Vec<i32>> = append.events.iter().map(|event| known.types.number(&event.event_type)).collect();
        let (Some(types), Some(category)) = (types, known.categories.number(&append.stream.category)) else {
            return Verdict::Refused { error: AppendError::Unavailable("the names of its events are not known yet".into()), current: true };
        };
        let mut version = first;
        for ((event, event_type), at) in append.events.iter().zip(types).zip(first..) {
            version = at;
            columns.versions.push(integer(at));
            columns.categories.push(category);
            columns.types.push(event_type);
            columns.keys.push(append.stream.key);
            columns.ids.push(event.id);
            columns.metadata.push(&event.metadata);
            columns.data.push(&event.data);
        }
        stream.newest = Some(version);
        // If this is committed, the stream was what it was taken for.
        stream.current = true;
        self.streams.insert(&append.stream, stream);
        Verdict::Write { number: count(columns.ids.len()), version }
    }

    async fn compare(
        &self,
        append: &Append,
        stream: Stream,
        (first, last): (u64, u64),
        known: &Known,
        session: &mut Session,
    ) -> Result<Verdict, Trouble> {
        let stored = match stream.stored {
            Some(stored) if first <= stored => session.stored(&append.stream, first, last.min(stored), known).await?,
            Some(_) | None => Vec::new(),
        };
        let drafted = self.drafted(&append.stream, first, last, known);
        let ids: Vec<Uuid> = stored.iter().map(|event| event.id).chain(drafted.iter().map(|(_, id)| *id)).collect();
        Ok(match (judge::repeat(append, stream.newest, &ids), drafted.last()) {
            (Err(error), _) => Verdict::Refused { error, current: stream.current },
            (Ok(()), Some((number, _))) => Verdict::RepeatOf { number: *number, version: last },
            (Ok(()), None) => {
                let position = stored.last().map_or(Position::START, |event| event.position);
                Verdict::Stored(Appended { position, version: last, repeated: true })
            }
        })
    }

    /// Numbers and ids of what is in the draft of this stream at these versions.
    fn drafted(&self, stream: &StreamId, first: u64, last: u64, known: &Known) -> Vec<(i64, Uuid)> {
        let columns = &self.columns;
        let category = known.categories.number(&stream.category);
        let rows = columns.keys.iter().zip(&columns.categories).zip(&columns.versions).zip(&columns.ids).zip(1..);
        rows.filter(|((((key, of), version), _), _)| {
            **key == stream.key && Some(**of) == category && (first..=last).contains(&natural(**version))
        })
        .map(|((_, id), number)| (number, *id))
        .collect()
    }
}

fn count(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}
