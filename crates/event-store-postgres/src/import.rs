//! Taking over the events of another log as they are.

use std::collections::HashMap;

use event_store::generations::Generations;
use event_store::{Epoch, Position, Recorded, StreamId};
use postgres_schema::Server;
use uuid::Uuid;

use crate::claim::{Holder, Sharing};
use crate::error::Trouble;
use crate::names::Names;
use crate::session::{Head, Place, Session, integer, natural, within};
use crate::{OpenError, schema};

/// Of how many streams the newest version is remembered meanwhile.
const REMEMBERED: usize = 65_536;

const LIMIT: std::time::Duration = std::time::Duration::from_secs(60);

/// Never on a log that is in use, or was: what came to it since is nobody's copy.
const BEGIN: &str = "UPDATE head SET importing = TRUE, epoch = $1 WHERE position = 0 OR (epoch = $1 AND importing)";

const FINISH: &str = "UPDATE head SET importing = FALSE WHERE epoch = $1";

/// As the writer's statement, but that positions and times come with the events.
const TAKE: &str = "
WITH moved AS (
    UPDATE head
       SET position = position + $1,
           last_stream = last_stream + $2,
           recorded_at = $3
     WHERE turn = $4 AND epoch = $5 AND position = $6
 RETURNING last_stream - $2 AS last_stream
), new_streams AS (
    INSERT INTO streams (id, category, key)
    SELECT moved.last_stream + u.number, u.category, u.key
      FROM moved, UNNEST($7::int[], $8::uuid[]) WITH ORDINALITY AS u (category, key, number)
), new_events AS (
    INSERT INTO events (position, stream, version, recorded_at, id, key, category, type, metadata, data)
    SELECT $6 + u.number,
           CASE WHEN u.stream > 0 THEN u.stream ELSE moved.last_stream - u.stream END,
           u.version,
           u.recorded_at,
           u.id,
           u.key,
           u.category,
           u.type,
           u.metadata,
           u.data
      FROM moved,
           UNNEST($9::bigint[], $10::bigint[], $11::bigint[], $12::uuid[], $13::uuid[], $14::int[], $15::int[], $16::bytea[], $17::bytea[])
           WITH ORDINALITY AS u (stream, version, recorded_at, id, key, category, type, metadata, data, number)
)
SELECT last_stream FROM moved";

/// A log that takes over the events of another one: their positions, ids, times and bytes, and its epoch. No instance uses it meanwhile, nor
/// before [`Import::finish`].
#[derive(Debug)]
pub struct Import {
    session: Session,
    place: Place,
    names: Names,
    heads: Generations<StreamId, Head>,
    _holder: Holder,
}

/// Why events were not taken over.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The log cannot be opened, or is in use.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// There is a log already, which is no copy that was begun and not finished.
    #[error("there is another event log already, with {events} events")]
    Other {
        /// How many events it has.
        events: u64,
    },
    /// The event is not the next one. Positions count from 1 without gaps here.
    #[error("the event at {0} does not come after the last one that was taken over")]
    NotNext(Position),
    /// PostgreSQL could not write, or did not say whether it did: open the import again and go on from its position.
    #[error("the event log cannot be written")]
    Postgres(#[from] sqlx::Error),
    /// Somebody else has written.
    #[error("the event log was changed by somebody else: {0}")]
    Changed(String),
}

impl From<Trouble> for ImportError {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Refused(error) | Trouble::Occupied(error) | Trouble::Lost(error) => Self::Postgres(error),
            Trouble::OtherLog(reason) => Self::Changed(reason),
        }
    }
}

/// The columns of a page.
#[derive(Debug, Default)]
struct Page<'a> {
    new_categories: Vec<i32>,
    new_keys: Vec<Uuid>,
    streams: Vec<i64>,
    versions: Vec<i64>,
    times: Vec<i64>,
    ids: Vec<Uuid>,
    keys: Vec<Uuid>,
    categories: Vec<i32>,
    types: Vec<i32>,
    metadata: Vec<&'a [u8]>,
    data: Vec<&'a [u8]>,
}

impl Import {
    /// Opens the log in this database to take over one of this epoch; made if it is not there. One that was begun before is gone on with.
    ///
    /// # Errors
    /// [`ImportError`]: it is in use, or is another log.
    pub async fn open(server: &Server, epoch: Epoch) -> Result<Self, ImportError> {
        let schema = schema::open(server).await?;
        let options = schema::writing(&schema).options([("statement_timeout", LIMIT.as_millis().to_string())]);
        let holder = Holder::take(&options, Sharing::Alone).await?.ok_or_else(|| OpenError::InUse(server.to_string()))?;
        let (mut session, mut place) = Session::open(&options).await?;
        let begun = sqlx::query(BEGIN).bind(epoch.0).execute(&mut session.connection).await?;
        if begun.rows_affected() == 0 {
            return Err(ImportError::Other { events: natural(place.position) });
        }
        place.epoch = epoch.0;
        let names = Names::default();
        names.reload(&mut session.connection).await?;
        Ok(Self { session, place, names, heads: Generations::new(REMEMBERED), _holder: holder })
    }

    /// The last event that it has: go on with the one after.
    #[must_use]
    pub fn position(&self) -> Position {
        Position(natural(self.place.position))
    }

    /// Takes over the next events, all or none: on disk when this returns.
    ///
    /// # Errors
    /// [`ImportError::NotNext`] if one of them does not follow the one before, in the log or in its stream. After other errors, open the
    /// import again.
    pub async fn take(&mut self, events: &[Recorded]) -> Result<(), ImportError> {
        let Some(last) = events.last() else { return Ok(()) };
        let categories = events.iter().map(|event| &event.stream.category);
        let types = events.iter().map(|event| &event.event_type);
        let known = self.names.ensure(&mut self.session.connection, categories, types).await?;
        let mut heads = self.heads_of(events, &known).await?;
        let mut page = Page::default();
        let mut position = self.place.position;
        for event in events {
            let head = heads.get(&event.stream).copied();
            position += 1;
            if integer(event.position.0) != position || event.version != head.map_or(0, |head| head.version + 1) {
                return Err(ImportError::NotNext(event.position));
            }
            let (Some(category), Some(event_type)) =
                (known.categories.number(&event.stream.category), known.types.number(&event.event_type))
            else {
                return Err(ImportError::Changed("a name that was just added is not there".to_owned()));
            };
            let stream = head.map_or_else(|| page.new_stream(category, event.stream.key), |head| head.stream);
            page.add(event, stream, category, event_type);
            heads.insert(&event.stream, Head { stream, version: event.version });
        }
        let base = self.write(page, last).await?;
        for (stream, head) in heads {
            let number = if head.stream > 0 { head.stream } else { base - head.stream };
            self.heads.put(stream, Head { stream: number, ..head });
        }
        Ok(())
    }

    /// All is taken over: instances may use the log.
    ///
    /// # Errors
    /// [`ImportError`] as for [`Import::take`].
    pub async fn finish(mut self) -> Result<(), ImportError> {
        let finished = sqlx::query(FINISH).bind(self.place.epoch).execute(&mut self.session.connection).await?;
        if finished.rows_affected() == 1 { Ok(()) } else { Err(ImportError::Changed("it has another epoch now".to_owned())) }
    }

    async fn heads_of<'a>(
        &mut self,
        events: &'a [Recorded],
        known: &crate::names::Known,
    ) -> Result<HashMap<&'a StreamId, Head>, ImportError> {
        let (mut heads, mut unknown) = (HashMap::new(), HashMap::new());
        for event in events {
            match self.heads.get(&event.stream) {
                Some(head) => {
                    heads.insert(&event.stream, *head);
                }
                // A new stream begins at version 0, and is refused by the index if it is there.
                None if event.version == 0 => {}
                None => {
                    unknown.insert(&event.stream, known.categories.number(&event.stream.category).unwrap_or(0));
                }
            }
        }
        let (streams, categories): (Vec<&StreamId>, Vec<i32>) = unknown.into_iter().unzip();
        if !streams.is_empty() {
            let keys = streams.iter().map(|stream| stream.key).collect();
            for (number, head) in self.session.heads(keys, categories).await? {
                if let Some(stream) = streams.get(number) {
                    heads.insert(*stream, head);
                }
            }
        }
        Ok(heads)
    }

    /// Gives back the number of the last stream before.
    async fn write(&mut self, page: Page<'_>, last: &Recorded) -> Result<i64, ImportError> {
        let count = integer(u64::try_from(page.ids.len()).unwrap_or(u64::MAX));
        let query = sqlx::query_scalar::<_, i64>(TAKE)
            .bind(count)
            .bind(integer(u64::try_from(page.new_keys.len()).unwrap_or(u64::MAX)))
            .bind(last.recorded_at.as_microsecond())
            .bind(self.place.turn)
            .bind(self.place.epoch)
            .bind(self.place.position)
            .bind(page.new_categories)
            .bind(page.new_keys)
            .bind(page.streams)
            .bind(page.versions)
            .bind(page.times)
            .bind(page.ids)
            .bind(page.keys)
            .bind(page.categories)
            .bind(page.types)
            .bind(page.metadata)
            .bind(page.data);
        let base = within(LIMIT, query.fetch_all(&mut self.session.connection)).await?;
        let base = base.first().ok_or_else(|| ImportError::Changed("it does not end where it did".to_owned()))?;
        self.place.position += count;
        Ok(*base)
    }
}

impl<'a> Page<'a> {
    /// The number that a new stream has here: -1, -2, ….
    fn new_stream(&mut self, category: i32, key: Uuid) -> i64 {
        self.new_categories.push(category);
        self.new_keys.push(key);
        -integer(u64::try_from(self.new_keys.len()).unwrap_or(u64::MAX))
    }

    fn add(&mut self, event: &'a Recorded, stream: i64, category: i32, event_type: i32) {
        self.streams.push(stream);
        self.versions.push(integer(event.version));
        self.times.push(event.recorded_at.as_microsecond());
        self.ids.push(event.id);
        self.keys.push(event.stream.key);
        self.categories.push(category);
        self.types.push(event_type);
        self.metadata.push(&event.metadata);
        self.data.push(&event.data);
    }
}
