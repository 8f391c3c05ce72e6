//! Which builds of read models there are in the schema that several instances share, and how far each has come.

use std::sync::Arc;
use std::time::Duration;

use event_store::{Epoch, Position};
use postgres_schema::{Schema, Step};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions, PgRow};
use sqlx::{AssertSqlSafe, Connection, PgConnection, PgPool, Row};

use super::in_use::InUse;
use super::position;
use super::readers::Readers;
use super::writer::Writer;
use crate::Projection;
use crate::apply::{Failed, Stop};
use crate::lease::Fence;
use crate::shelf::{Build, Found, Opened, Place};
use crate::sql::Database;
use crate::sqlite::database::in_byte_order;

/// Makes the table of builds in the shared schema.
pub const BUILDS: Step = Step {
    number: 13,
    name: "builds of read models",
    sql: "CREATE TABLE read_model (
        id INTEGER GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        name TEXT NOT NULL,
        version BIGINT NOT NULL,
        build BIGINT NOT NULL,
        rows_in TEXT NOT NULL UNIQUE,
        state TEXT NOT NULL CHECK (state IN ('building', 'live', 'retired')),
        epoch TEXT NOT NULL,
        position BIGINT NOT NULL,
        fence BIGINT NOT NULL,
        applied_at BIGINT NOT NULL,
        failed_position BIGINT,
        failed_reason TEXT,
        UNIQUE (name, version, build)
    ) WITH (fillfactor = 25);
    CREATE UNIQUE INDEX read_model_live ON read_model (name, version) WHERE state = 'live'",
};

/// The most connections that read, of all read models together.
const READERS: u32 = 16;

/// How long a reader waits for a connection, while the server is away, say.
const ACQUIRE: Duration = Duration::from_secs(3);

/// How long a view may say nothing in its transaction before the server ends it.
const IDLE_READER: &str = "60s";

/// Which builds there are. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Catalogue {
    schema: Arc<Schema>,
    /// Connections that read the rows of builds.
    readers: PgPool,
    in_use: InUse,
    pub(super) epoch: Arc<str>,
}

/// A complete build, as the catalogue has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(super) id: i64,
    pub(super) name: String,
    pub(crate) build: Build,
    pub(crate) position: Position,
    epoch: String,
    pub(crate) failed: Option<Stop>,
}

const COMPLETE: &str = "SELECT id, name, version, build, rows_in, position, epoch, failed_position, failed_reason
    FROM gatehouse_views.read_model
    WHERE state = 'live'";

impl Entry {
    fn of(row: &PgRow) -> Result<Self, sqlx::Error> {
        let id = i64::from(row.try_get::<i32, _>(0)?);
        let failed = row.try_get::<Option<i64>, _>(7)?.zip(row.try_get::<Option<String>, _>(8)?);
        Ok(Self {
            id,
            name: row.try_get(1)?,
            build: Build {
                version: number(row.try_get(2)?),
                build: number(row.try_get(3)?),
                place: Place::Shared { id, schema: row.try_get::<String, _>(4)?.into() },
            },
            position: position(row.try_get(5)?),
            epoch: row.try_get(6)?,
            failed: failed.map(|(at, reason)| Stop { position: position(at), reason }),
        })
    }
}

fn number(stored: i64) -> u32 {
    u32::try_from(stored).unwrap_or(u32::MAX)
}

/// What answers reads of this version: its own rows, or those of the newest other version until there are any.
pub(crate) fn pick<'a>(entries: &'a [Entry], name: &str, version: u32, epoch: &str) -> Option<&'a Entry> {
    let of_model = entries.iter().filter(|entry| entry.name == name && entry.epoch == epoch);
    of_model.max_by_key(|entry| (entry.build.version == version, entry.build.version, entry.build.build))
}

impl Catalogue {
    pub(crate) fn of(schema: Schema, epoch: Epoch) -> Self {
        let options = schema.options().clone().options([
            ("idle_in_transaction_session_timeout", IDLE_READER),
            ("plan_cache_mode", "force_custom_plan"),
            ("jit", "off"),
        ]);
        let readers = PgPoolOptions::new()
            .max_connections(READERS)
            .acquire_timeout(ACQUIRE)
            .test_before_acquire(false)
            // What a view was reading, whoever dropped it when.
            .after_release(|db, _| Box::pin(async move { sqlx::raw_sql("ROLLBACK").execute(db).await.map(|_| true) }))
            .connect_lazy_with(options);
        Self { schema: Arc::new(schema), readers, in_use: InUse::default(), epoch: epoch.0.to_string().into() }
    }

    pub(super) fn options(&self) -> &PgConnectOptions {
        self.schema.options()
    }

    pub(super) fn in_use(&self) -> &InUse {
        &self.in_use
    }

    /// Complete builds of all read models.
    pub(super) async fn entries(db: &mut PgConnection) -> Result<Vec<Entry>, sqlx::Error> {
        sqlx::query(COMPLETE).fetch_all(db).await?.iter().map(Entry::of).collect()
    }

    /// What there is of a read model.
    pub(crate) async fn open(&self, projection: &dyn Projection) -> Result<Opened, sqlx::Error> {
        let entries = Self::entries(&mut *self.schema.pool().acquire().await?).await?;
        let picked = pick(&entries, projection.name(), projection.version(), &self.epoch);
        let found = picked.map(|entry| Found { build: entry.build.clone(), position: entry.position });
        let (live, older) = match found {
            Some(found) if found.build.version == projection.version() => (Some(found), None),
            other => (None, other),
        };
        Ok(Opened { live, older })
    }

    pub(crate) fn readers(&self, id: i64, schema: &str) -> Readers {
        Readers::of(self.readers.clone(), id, schema, self.in_use.begin(id))
    }

    /// Takes over a build that is there.
    pub(crate) async fn write(&self, id: i64, schema: &str, fence: Fence) -> Result<Writer, Failed> {
        Writer::claim(Writer::connect(self, schema).await?, id, fence).await
    }

    /// A new build, with empty tables.
    pub(crate) async fn create(&self, projection: &dyn Projection, fence: Fence) -> Result<(Build, Writer), Failed> {
        let (name, version) = (projection.name(), i64::from(projection.version()));
        let mut db = PgConnection::connect_with(self.schema.options()).await?;
        let mut transaction = db.begin().await?;
        // Nobody else makes a build of it meanwhile.
        let last = "SELECT id, build, fence FROM gatehouse_views.read_model WHERE name = $1 ORDER BY build FOR UPDATE";
        let (mut build, mut is_superseded) = (1_i64, false);
        for row in sqlx::query(last).bind(name).fetch_all(&mut *transaction).await? {
            build = row.try_get::<i64, _>(1)? + 1;
            is_superseded |= row.try_get::<i64, _>(2)? > fence.0;
        }
        if is_superseded {
            return Err(Failed::Lost);
        }
        let schema = format!("view_{}_v{version}_{build}", name.replace('-', "_"));
        let insert = "INSERT INTO gatehouse_views.read_model (name, version, build, rows_in, state, epoch, position, fence, applied_at)
            VALUES ($1, $2, $3, $4, 'building', $5, 0, $6, 0)
            RETURNING id";
        let row = sqlx::query(insert).bind(name).bind(version).bind(build).bind(&schema).bind(&*self.epoch).bind(fence.0);
        let id = i64::from(row.fetch_one(&mut *transaction).await?.try_get::<i32, _>(0)?);
        transaction.tables().define(&format!("CREATE SCHEMA {schema}; SET LOCAL search_path = {schema}")).await?;
        for statement in projection.schema() {
            transaction.tables().define(&in_byte_order(statement)).await?;
        }
        transaction.commit().await?;
        drop(db.close().await);
        let writer = Writer::of(Writer::connect(self, &schema).await?, id, fence, Position::START);
        let build = Build { version: projection.version(), build: number(build), place: Place::Shared { id, schema: schema.into() } };
        Ok((build, writer))
    }

    /// Puts a build in the place of the one of its version, if nobody with a greater fence was here since.
    pub(crate) async fn publish(&self, id: i64, fence: Fence) -> Result<(), Failed> {
        let mut transaction = self.schema.pool().begin().await?;
        let rows = "SELECT id, fence FROM gatehouse_views.read_model
            WHERE name = (SELECT name FROM gatehouse_views.read_model WHERE id = $1)
            ORDER BY build
            FOR UPDATE";
        let (mut is_there, mut is_superseded) = (false, false);
        for row in sqlx::query(rows).bind(id).fetch_all(&mut *transaction).await? {
            is_there |= i64::from(row.try_get::<i32, _>(0)?) == id;
            is_superseded |= row.try_get::<i64, _>(1)? > fence.0;
        }
        if is_superseded || !is_there {
            return Err(Failed::Lost);
        }
        let retire = "UPDATE gatehouse_views.read_model SET state = 'retired'
            WHERE state = 'live'
                AND (name, version) = (SELECT name, version FROM gatehouse_views.read_model WHERE id = $1)";
        sqlx::query(retire).bind(id).execute(&mut *transaction).await?;
        let live = "UPDATE gatehouse_views.read_model SET state = 'live' WHERE id = $1";
        sqlx::query(live).bind(id).execute(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Drops what is of no use to anybody: builds that were replaced, and those of other versions once there is one of this, as far as no
    /// process reads them; and builds that a holder before this one has left unfinished, with `unfinished` those under this very fence, too.
    /// A server that has just started has forgotten who reads what: they have some seconds to say so again.
    pub(crate) async fn sweep(&self, projection: &dyn Projection, fence: Fence, unfinished: bool) -> Result<(), Failed> {
        let sql = "SELECT id, rows_in, state FROM gatehouse_views.read_model AS this
            WHERE name = $1
                AND (
                    state = 'retired'
                    OR state = 'building' AND (fence < $3 OR fence = $3 AND $4)
                    OR state = 'live' AND version <> $2 AND pg_postmaster_start_time() < now() - interval '10 seconds' AND EXISTS (
                        SELECT 1 FROM gatehouse_views.read_model AS own
                        WHERE own.name = this.name AND own.version = $2 AND own.state = 'live' AND own.epoch = $5
                    )
                )";
        let mut db = self.schema.pool().acquire().await?;
        let query = sqlx::query(sql).bind(projection.name()).bind(i64::from(projection.version())).bind(fence.0);
        for row in query.bind(unfinished).bind(&*self.epoch).fetch_all(&mut *db).await? {
            let (id, schema): (i32, String) = (row.try_get(0)?, row.try_get(1)?);
            drop_unused(&mut db, id.into(), &schema).await?;
        }
        Ok(())
    }

    /// Closes the connections that read.
    pub(crate) async fn close(&self) {
        self.readers.close().await;
    }
}

/// Drops a build, unless a process reads it.
async fn drop_unused(db: &mut PgConnection, id: i64, schema: &str) -> Result<(), sqlx::Error> {
    let mut transaction = db.begin().await?;
    let lock = sqlx::query_scalar("SELECT pg_try_advisory_xact_lock($1)").bind(key(id));
    let is_unused: bool = lock.fetch_one(&mut *transaction).await?;
    if is_unused {
        sqlx::query("DELETE FROM gatehouse_views.read_model WHERE id = $1").bind(id).execute(&mut *transaction).await?;
        sqlx::raw_sql(AssertSqlSafe(format!("DROP SCHEMA IF EXISTS {schema} CASCADE"))).execute(&mut *transaction).await?;
        tracing::info!(rows_in = schema, "a build of a read model that nobody uses any more has been dropped");
    }
    transaction.commit().await
}

/// The number of the lock that whoever reads a build shares.
pub(super) fn key(id: i64) -> i64 {
    // What stands above the 32 bits of an id tells these locks from those of others in the database.
    (0x6761_7465 << 32) | id
}
