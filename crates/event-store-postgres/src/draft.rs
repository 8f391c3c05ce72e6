//! What a batch would write: each append is judged in the order they were queued, on what is known of its stream.

use std::collections::{HashMap, HashSet};

use event_store::generations::Generations;
use event_store::judge::{self, Judgement};
use event_store::{Append, AppendError, Appended, Position, StreamId};
use uuid::Uuid;

use crate::error::Trouble;
use crate::names::Known;
use crate::queue::Queued;
use crate::session::{Base, Columns, Head, Place, Session, integer, natural};

/// What the writer keeps in memory of the log.
#[derive(Debug)]
pub(crate) struct Memory {
    pub(crate) place: Place,
    /// Of streams that have events.
    heads: Generations<StreamId, Remembered>,
    /// Raised when somebody else has written: what was remembered before may be overtaken since.
    generation: u64,
}

/// A head that once was the newest of its stream, and still is if it has the present generation and nobody else has written since.
#[derive(Debug, Clone, Copy)]
struct Remembered {
    head: Head,
    generation: u64,
}

impl Memory {
    pub(crate) fn new(place: Place, remembered_streams: usize) -> Self {
        Self { place, heads: Generations::new(remembered_streams), generation: 0 }
    }

    pub(crate) fn knows(&mut self, stream: &StreamId) -> bool {
        self.heads.get(stream).is_some()
    }

    pub(crate) fn remember(&mut self, stream: &StreamId, head: Head) {
        self.heads.put(stream, Remembered { head, generation: self.generation });
    }

    /// Where the log is now. If it is not where this writer left it, somebody else has written.
    pub(crate) fn is_at(&mut self, place: Place) {
        if place.position != self.place.position {
            self.generation += 1;
        }
        self.place = place;
    }

    /// A draft is in the log, after this base: its streams are as it leaves them.
    pub(crate) fn wrote(&mut self, events: usize, touched: &HashMap<&StreamId, Touched>, base: Base) {
        self.is_at(Place { position: base.position, ..self.place });
        self.place.position += count(events);
        for (stream, touched) in touched {
            if let Some(version) = touched.newest {
                let number = if touched.stream > 0 { touched.stream } else { base.last_stream - touched.stream };
                self.remember(stream, Head { stream: number, version });
            }
        }
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
    Stored { made: Appended, stream: i64 },
    /// Refused, on what is known of its stream.
    Refused { error: AppendError, current: bool },
}

/// A batch, judged.
#[derive(Debug)]
pub(crate) struct Draft<'a> {
    pub(crate) columns: Columns<'a>,
    /// Of each append, by its place in the batch.
    pub(crate) verdicts: Vec<(usize, Verdict)>,
    pub(crate) touched: HashMap<&'a StreamId, Touched>,
}

/// A stream as the draft leaves it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Touched {
    /// Its number; of a new stream, -1, -2, ….
    stream: i64,
    stored: Option<u64>,
    newest: Option<u64>,
    current: bool,
}

impl<'a> Draft<'a> {
    /// Judges those appends of the batch that `wanted` names. `absent` are streams that have certainly no event.
    pub(crate) async fn of(
        batch: &'a [Queued],
        wanted: &[usize],
        known: &Known,
        memory: &mut Memory,
        absent: &HashSet<&StreamId>,
        session: &mut Session,
    ) -> Result<Self, Trouble> {
        let mut draft = Self { columns: Columns::default(), verdicts: Vec::with_capacity(wanted.len()), touched: HashMap::new() };
        for place in wanted {
            let Some(queued) = batch.get(*place) else { continue };
            let append = &queued.append;
            let stream = draft.stream(&append.stream, memory, absent);
            let verdict = match judge::prerequisite(append).and_then(|()| judge::judge(append, stream.newest)) {
                Ok(Judgement::Write { first }) => draft.write(append, stream, first, known),
                Ok(Judgement::Compare { first, last }) => draft.compare(append, stream, first, last, session).await?,
                Err(error) => Verdict::Refused { error, current: stream.current },
            };
            queued.settle.stage(!matches!(verdict, Verdict::Refused { .. }));
            draft.verdicts.push((*place, verdict));
        }
        Ok(draft)
    }

    /// What is known of a stream. One that is not remembered is taken for new: if it is not, the index of streams says so.
    fn stream(&self, stream: &StreamId, memory: &mut Memory, absent: &HashSet<&StreamId>) -> Touched {
        if let Some(touched) = self.touched.get(stream) {
            return *touched;
        }
        match memory.heads.get(stream) {
            Some(Remembered { head, generation }) => Touched {
                stream: head.stream,
                stored: Some(head.version),
                newest: Some(head.version),
                current: *generation == memory.generation,
            },
            None => Touched { stream: 0, stored: None, newest: None, current: absent.contains(stream) },
        }
    }

    fn write(&mut self, append: &'a Append, mut stream: Touched, first: u64, known: &Known) -> Verdict {
        let columns = &mut self.columns;
        let types: Option<Vec<i32>> = append.events.iter().map(|event| known.types.number(&event.event_type)).collect();
        let (Some(types), Some(category)) = (types, known.categories.number(&append.stream.category)) else {
            return Verdict::Refused { error: AppendError::Unavailable("the names of its events are not known yet".into()), current: true };
        };
        if stream.stream == 0 {
            columns.new_categories.push(category);
            columns.new_keys.push(append.stream.key);
            stream.stream = -count(columns.new_keys.len());
        }
        let mut version = first;
        for ((event, event_type), at) in append.events.iter().zip(types).zip(first..) {
            version = at;
            columns.streams.push(stream.stream);
            columns.versions.push(integer(at));
            columns.ids.push(event.id);
            columns.keys.push(append.stream.key);
            columns.categories.push(category);
            columns.types.push(event_type);
            columns.metadata.push(&event.metadata);
            columns.data.push(&event.data);
        }
        stream.newest = Some(version);
        self.touched.insert(&append.stream, stream);
        Verdict::Write { number: count(columns.ids.len()), version }
    }

    async fn compare(&self, append: &Append, stream: Touched, first: u64, last: u64, session: &mut Session) -> Result<Verdict, Trouble> {
        let stored = match stream.stored {
            Some(stored) if first <= stored => session.stored(stream.stream, first, last.min(stored)).await?,
            Some(_) | None => Vec::new(),
        };
        let drafted = self.drafted(stream.stream, first, last);
        let ids: Vec<Uuid> = stored.iter().map(|event| event.id).chain(drafted.iter().map(|(_, id)| *id)).collect();
        Ok(match (judge::repeat(append, stream.newest, &ids), drafted.last()) {
            (Err(error), _) => Verdict::Refused { error, current: stream.current },
            (Ok(()), Some((number, _))) => Verdict::RepeatOf { number: *number, version: last },
            (Ok(()), None) => {
                let position = stored.last().map_or(Position::START, |event| event.position);
                Verdict::Stored { made: Appended { position, version: last, repeated: true }, stream: stream.stream }
            }
        })
    }

    /// Numbers and ids of what is in the draft of this stream at these versions.
    fn drafted(&self, stream: i64, first: u64, last: u64) -> Vec<(i64, Uuid)> {
        let rows = self.columns.streams.iter().zip(&self.columns.versions).zip(&self.columns.ids).zip(1..);
        rows.filter(|(((of, version), _), _)| **of == stream && (first..=last).contains(&natural(**version)))
            .map(|((_, id), number)| (number, *id))
            .collect()
    }
}

fn count(length: usize) -> i64 {
    i64::try_from(length).unwrap_or(i64::MAX)
}
