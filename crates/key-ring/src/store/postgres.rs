//! The ring in PostgreSQL, which several instances use at once.
//!
//! The ring is asked by code that cannot wait asynchronously, under locks, on threads of any runtime or of none. So the connections live
//! on a thread of the ring's own; who asks waits for that thread, and no longer than [`PATIENCE`].
//!
//! No transaction is left open between two questions: an instance that is paused in the middle of anything is in nobody's way.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use postgres_schema::{Contents, Limits, Patience, Schema, Server, Step, Vacuum};
use sqlx::PgPool;
use tokio::runtime::{Builder, Runtime};
use tokio::time::MissedTickBehavior;
use zeroize::Zeroizing;

use super::TABLES;
use crate::block::{Block, Slot};
use crate::cache::Cache;
use crate::error::KeyRingError;
use crate::master_key::MasterKey;
use crate::person::{MAX_BLOCK, Place};

/// The schema's name.
const SCHEMA: &str = "gatehouse_keys";
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often an instance asks what others have destroyed.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How long what is in memory is relied on when nobody can ask.
const TRUST: Duration = Duration::from_secs(10);
/// How often a destruction is tried when others change the same block.
const TRIES: u32 = 50;

/// `generation` counts the destructions; `changed` is the generation in which a block last lost a key. It is taken under the lock of the
/// one row of `ring`, which is held until the change is committed: who has seen a generation has seen all before it. Sealed keys cannot be
/// compressed, and are not tried to be.
const STEPS: &[Step] = &[Step {
    number: 1,
    name: "the ring and its blocks",
    sql: "
CREATE TABLE ring (
    id BIGINT PRIMARY KEY DEFAULT 1 CHECK (id = 1),
    master_key_check BYTEA NOT NULL,
    next_block BIGINT NOT NULL,
    generation BIGINT NOT NULL DEFAULT 0
);
CREATE TABLE blocks (
    number BIGINT PRIMARY KEY,
    slots BIGINT NOT NULL,
    sealed BYTEA NOT NULL,
    changed BIGINT NOT NULL DEFAULT 0
);
ALTER TABLE blocks ALTER COLUMN sealed SET STORAGE EXTERNAL;
CREATE INDEX blocks_changed ON blocks (changed);
",
}];

const INSERT_RING: &str = "
INSERT INTO ring (master_key_check, next_block)
VALUES ($1, 1)
ON CONFLICT (id) DO NOTHING
";

const SELECT_RING: &str = "
SELECT
    master_key_check,
    generation
FROM ring
";

const LEASE_NUMBER: &str = "
UPDATE ring
SET next_block = next_block + 1
RETURNING next_block - 1
";

const INSERT_BLOCK: &str = "
INSERT INTO blocks (number, slots, sealed)
VALUES ($1, $2, $3)
";

const SELECT_BLOCK: &str = "
SELECT
    slots,
    sealed,
    changed
FROM blocks
WHERE number = $1
";

/// Nothing happens if the block has changed since it was read: two destructions in one block cannot undo each other.
const REPLACE_BLOCK: &str = "
WITH destruction AS (
    UPDATE ring
    SET generation = generation + 1
    RETURNING generation
)
UPDATE blocks
SET
    sealed = $3,
    changed = destruction.generation
FROM destruction
WHERE number = $1
    AND changed = $2
";

const SELECT_CHANGED: &str = "
SELECT
    number,
    changed
FROM blocks
WHERE changed > $1
";

/// Opens the schema.
pub(super) async fn schema(server: &Server) -> Result<Schema, KeyRingError> {
    // The limit on a whole question is what comes to bear.
    let limits = Limits { connections: 4, statement: PATIENCE * 2, acquire: PATIENCE * 2 };
    Ok(server.schema(SCHEMA, STEPS, limits).await?)
}

/// Whether there is a ring in this database.
pub(super) async fn is_there(server: &Server) -> Result<bool, KeyRingError> {
    Ok(server.has_rows(SCHEMA, "ring").await?)
}

/// The ring in a database.
pub(crate) struct PostgresStore {
    schema: Schema,
    own: OwnThread,
    vacuum: Arc<Vacuum>,
    patience: Arc<Patience>,
    block_key: Zeroizing<[u8; 32]>,
    /// When it was last known what others have destroyed.
    looked_at: Arc<Mutex<Instant>>,
}

impl PostgresStore {
    /// Opens the ring, or makes it; refuses another master key.
    pub(crate) async fn open(server: &Server, master: &MasterKey, cache: Arc<Cache>) -> Result<Self, KeyRingError> {
        let own = OwnThread::start()?;
        let (opening, check) = (server.clone(), master.ring_check());
        let opened = own.runtime()?.spawn(async move {
            let schema = schema(&opening).await?;
            sqlx::query(INSERT_RING).bind(check.as_slice()).execute(schema.pool()).await?;
            let (found, generation): (Vec<u8>, i64) = sqlx::query_as(SELECT_RING).fetch_one(schema.pool()).await?;
            if found != check {
                return Err(KeyRingError::MasterKeyWrong { ring: opening.to_string() });
            }
            Ok((schema, generation))
        });
        let (schema, generation) = opened.await.map_err(|_| KeyRingError::Postgres(sqlx::Error::WorkerCrashed))??;
        let looked_at = Arc::new(Mutex::new(Instant::now()));
        let watch = Watch { pool: schema.pool().clone(), cache, seen: generation, looked_at: Arc::clone(&looked_at) };
        own.runtime()?.spawn(watch.go_on());
        Ok(Self {
            vacuum: Vacuum::of(&schema, "blocks"),
            schema,
            own,
            patience: Arc::new(Patience::new(PATIENCE)),
            block_key: master.derive("key ring blocks"),
            looked_at,
        })
    }

    /// As [`super::Store::lease`].
    pub(crate) fn lease(&self, slots: u16) -> Result<Block, KeyRingError> {
        let pool = self.schema.pool().clone();
        let number: i64 = self.ask(async move { Ok(sqlx::query_scalar(LEASE_NUMBER).fetch_one(&pool).await?) })?;
        // A number whose block does not come to be is a gap. It was committed, so nobody gets it again.
        let block = u64::try_from(number).ok().filter(|number| *number <= MAX_BLOCK).ok_or(KeyRingError::Exhausted)?;
        let block = Block::generate(block, slots)?;
        let (pool, sealed) = (self.schema.pool().clone(), block.seal(&self.block_key)?);
        self.ask(async move {
            sqlx::query(INSERT_BLOCK).bind(number).bind(i64::from(slots)).bind(sealed).execute(&pool).await?;
            Ok(())
        })?;
        Ok(block)
    }

    /// As [`super::Store::load`].
    pub(crate) fn load(&self, number: u64) -> Result<Option<Block>, KeyRingError> {
        Ok(self.read(number)?.map(|(block, _)| block))
    }

    /// The block, and in which generation it changed.
    fn read(&self, number: u64) -> Result<Option<(Block, i64)>, KeyRingError> {
        let Ok(key) = i64::try_from(number) else { return Ok(None) };
        let pool = self.schema.pool().clone();
        let row = self.ask(async move { Ok(sqlx::query_as(SELECT_BLOCK).bind(key).fetch_optional(&pool).await?) })?;
        let Some((slots, sealed, changed)): Option<(i64, Vec<u8>, i64)> = row else { return Ok(None) };
        let slots = u16::try_from(slots).map_err(|_| KeyRingError::BlockDamaged(number))?;
        Ok(Some((Block::open(number, slots, &sealed, &self.block_key)?, changed)))
    }

    /// As [`super::Store::destroy`].
    pub(crate) fn destroy(&self, place: Place) -> Result<bool, KeyRingError> {
        for _ in 0..TRIES {
            let Some((mut block, changed)) = self.read(place.block)? else { return Ok(false) };
            match block.slot(place.slot) {
                Slot::None => return Ok(false),
                Slot::Destroyed => return Ok(true),
                Slot::Key(_) => block.destroy(place.slot),
            }
            if self.replace(&block, changed)? {
                return Ok(true);
            }
        }
        Err(KeyRingError::Contended(place.block))
    }

    /// Puts this state of the block in the place of the one that was read; false if it has changed since.
    fn replace(&self, block: &Block, read: i64) -> Result<bool, KeyRingError> {
        let number = i64::try_from(block.number()).map_err(|_| KeyRingError::BlockDamaged(block.number()))?;
        let (pool, sealed) = (self.schema.pool().clone(), block.seal(&self.block_key)?);
        self.ask(async move {
            let replaced = sqlx::query(REPLACE_BLOCK).bind(number).bind(read).bind(sealed).execute(&pool).await?;
            Ok(replaced.rows_affected() == 1)
        })
    }

    /// As [`super::Store::drop_old_copies`]: the row versions that were replaced give up their place, soon after this returns.
    pub(crate) fn drop_old_copies(&self) {
        if let Ok(runtime) = self.own.runtime() {
            self.vacuum.begin(runtime.handle());
        }
    }

    /// As [`super::Store::trusts_cache`].
    pub(crate) fn trusts_cache(&self) -> bool {
        self.looked_at.lock().elapsed() < TRUST
    }

    /// Copies the rows to the empty tables of this file.
    pub(crate) fn export(&self, file: &Path) -> Result<Contents, KeyRingError> {
        let (schema, file) = (self.schema.clone(), file.to_owned());
        let (answer, answered) = sync_channel(1);
        self.own.runtime()?.spawn(async move {
            // Nobody waits any more if this fails.
            let _ = answer.send(postgres_schema::export(&schema, TABLES, &file).await);
        });
        // As long as it takes: every statement in it has a limit of its own.
        Ok(answered.recv().map_err(|_| sqlx::Error::WorkerCrashed)??)
    }

    /// The answer, got on the ring's own thread.
    fn ask<R: Send + 'static>(&self, question: impl Future<Output = Result<R, KeyRingError>> + Send + 'static) -> Result<R, KeyRingError> {
        let (answer, answered) = sync_channel(1);
        let patience = Arc::clone(&self.patience);
        self.own.runtime()?.spawn(async move {
            // Nobody waits any more if this fails.
            let _ = answer.send(patience.within(question).await);
        });
        answered.recv_timeout(PATIENCE * 2).map_err(|_| sqlx::Error::PoolTimedOut)?
    }
}

impl fmt::Display for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.schema.server().fmt(f)
    }
}

/// A thread with a runtime of its own. Dropping it ends what runs there without waiting, wherever that is done.
struct OwnThread(Option<Runtime>);

impl OwnThread {
    fn start() -> Result<Self, KeyRingError> {
        let runtime = Builder::new_multi_thread().worker_threads(1).thread_name("key-ring-postgres").enable_all().build();
        Ok(Self(Some(runtime.map_err(KeyRingError::Thread)?)))
    }

    fn runtime(&self) -> Result<&Runtime, KeyRingError> {
        self.0.as_ref().ok_or(KeyRingError::Postgres(sqlx::Error::WorkerCrashed))
    }
}

impl Drop for OwnThread {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// Looks, again and again, for what other instances have destroyed.
struct Watch {
    pool: PgPool,
    cache: Arc<Cache>,
    seen: i64,
    looked_at: Arc<Mutex<Instant>>,
}

impl Watch {
    async fn go_on(mut self) {
        let mut ticks = tokio::time::interval(LOOK_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut answers = true;
        loop {
            ticks.tick().await;
            let asked_at = Instant::now();
            let looking = sqlx::query_as::<_, (i64, i64)>(SELECT_CHANGED).bind(self.seen).fetch_all(&self.pool);
            let looked = tokio::time::timeout(PATIENCE, looking).await.unwrap_or(Err(sqlx::Error::PoolTimedOut));
            match looked {
                Ok(changed) => {
                    self.take_in(&changed);
                    *self.looked_at.lock() = asked_at;
                    answers = true;
                }
                Err(error) => {
                    if answers {
                        let error: &dyn std::error::Error = &error;
                        tracing::warn!(
                            error,
                            "which keys other instances have destroyed cannot be asked; keys in memory are not trusted for long"
                        );
                    }
                    answers = false;
                }
            }
        }
    }

    fn take_in(&mut self, changed: &[(i64, i64)]) {
        for (number, generation) in changed {
            if let Ok(number) = u64::try_from(*number) {
                self.cache.forget(number);
            }
            self.seen = self.seen.max(*generation);
        }
    }
}
