//! Taking over the events of another log as they are.

use std::collections::HashMap;

use event_store::generations::Generations;
use event_store::{Epoch, Position, Recorded, StreamId};
use postgres_schema::Server;

use crate::claim::{Holder, Sharing};
use crate::error::Trouble;
use crate::names::Names;
use crate::session::{Columns, Place, Session, integer, natural, within};
use crate::{OpenError, schema};

/// Of how many streams the newest version is remembered meanwhile.
const REMEMBERED: usize = 65_536;

const LIMIT: std::time::Duration = std::time::Duration::from_secs(60);

/// Never on a log that is in use, or was: what came to it since is nobody's copy.
const BEGIN: &str = "UPDATE head SET importing = TRUE, epoch = $1 WHERE position = 0 OR (epoch = $1 AND importing)";

const FINISH: &str = "UPDATE head SET importing = FALSE, epoch = $2, turn = turn + 1 WHERE epoch = $1";

/// As the writer's statement, but that positions and times come with the events.
const TAKE: &str = "
WITH moved AS (
    UPDATE head
       SET position = position + $1,
           recorded_at = $2
     WHERE turn = $3 AND epoch = $4 AND position = $5
 RETURNING position - $1 AS position
), new_events AS (
    INSERT INTO events (position, version, recorded_at, category, type, key, id, metadata, data)
    SELECT moved.position + u.number,
           u.version,
           u.recorded_at,
           u.category,
           u.type,
           u.key,
           u.id,
           u.metadata,
           u.data
      FROM moved,
           UNNEST($6::bigint[], $7::bigint[], $8::int[], $9::int[], $10::uuid[], $11::uuid[], $12::bytea[], $13::bytea[])
           WITH ORDINALITY AS u (version, recorded_at, category, type, key, id, metadata, data, number)
)
SELECT position FROM moved";

/// A log that takes over the events of another one: their positions, ids, times and bytes, and its epoch. No instance uses it meanwhile, nor
/// before [`Import::finish`].
#[derive(Debug)]
pub struct Import {
    session: Session,
    place: Place,
    names: Names,
    heads: Generations<StreamId, u64>,
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

/// What is written at once.
#[derive(Debug, Default)]
struct Page<'a> {
    columns: Columns<'a>,
    times: Vec<i64>,
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
            let newest = heads.get(&event.stream).copied();
            position += 1;
            if integer(event.position.0) != position || event.version != newest.map_or(0, |version| version + 1) {
                return Err(ImportError::NotNext(event.position));
            }
            let (Some(category), Some(event_type)) =
                (known.categories.number(&event.stream.category), known.types.number(&event.event_type))
            else {
                return Err(ImportError::Changed("a name that was just added is not there".to_owned()));
            };
            page.add(event, category, event_type);
            heads.insert(&event.stream, event.version);
        }
        self.write(page, last).await?;
        for (stream, version) in heads {
            self.heads.put(stream, version);
        }
        Ok(())
    }

    /// All is taken over: instances may use the log, under this epoch. Its own, where it goes on; a new one, where it is put back.
    ///
    /// # Errors
    /// [`ImportError`] as for [`Import::take`].
    pub async fn finish(mut self, epoch: Epoch) -> Result<(), ImportError> {
        let finished = sqlx::query(FINISH).bind(self.place.epoch).bind(epoch.0).execute(&mut self.session.connection).await?;
        if finished.rows_affected() == 1 { Ok(()) } else { Err(ImportError::Changed("it has another epoch now".to_owned())) }
    }

    async fn heads_of<'a>(
        &mut self,
        events: &'a [Recorded],
        known: &crate::names::Known,
    ) -> Result<HashMap<&'a StreamId, u64>, ImportError> {
        let (mut heads, mut unknown) = (HashMap::new(), HashMap::new());
        for event in events {
            match self.heads.get(&event.stream) {
                Some(version) => {
                    heads.insert(&event.stream, *version);
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
            for (number, version) in self.session.heads(keys, categories).await? {
                if let Some(stream) = streams.get(number) {
                    heads.insert(*stream, version);
                }
            }
        }
        Ok(heads)
    }

    async fn write(&mut self, Page { columns, times }: Page<'_>, last: &Recorded) -> Result<(), ImportError> {
        let count = integer(u64::try_from(columns.ids.len()).unwrap_or(u64::MAX));
        let query = sqlx::query_scalar::<_, i64>(TAKE)
            .bind(count)
            .bind(last.recorded_at.as_microsecond())
            .bind(self.place.turn)
            .bind(self.place.epoch)
            .bind(self.place.position)
            .bind(columns.versions)
            .bind(times)
            .bind(columns.categories)
            .bind(columns.types)
            .bind(columns.keys)
            .bind(columns.ids)
            .bind(columns.metadata)
            .bind(columns.data);
        let written = within(LIMIT, query.fetch_all(&mut self.session.connection)).await?;
        if written.is_empty() {
            return Err(ImportError::Changed("it does not end where it did".to_owned()));
        }
        self.place.position += count;
        Ok(())
    }
}

impl<'a> Page<'a> {
    fn add(&mut self, event: &'a Recorded, category: i32, event_type: i32) {
        let Self { columns, times } = self;
        columns.versions.push(integer(event.version));
        times.push(event.recorded_at.as_microsecond());
        columns.categories.push(category);
        columns.types.push(event_type);
        columns.keys.push(event.stream.key);
        columns.ids.push(event.id);
        columns.metadata.push(&event.metadata);
        columns.data.push(&event.data);
    }
}
