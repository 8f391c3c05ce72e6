//! The vault in PostgreSQL, which several instances use at once.
//!
//! Every change is one statement that commits by itself: an instance that is paused in the middle of anything is in nobody's way, and what
//! was counted is never rolled back with something else. What is remembered of tokens and sessions is in [`recent`].

mod ceremonies;
mod credentials;
mod factors;
mod recent;
mod sessions;
mod tokens;

use std::sync::Arc;
use std::time::Duration;

use domain::PersonId;
use postgres_schema::{Limits, Patience, Schema, Server, Step, Vacuum};
use sqlx::PgPool;
use tokio::runtime::Handle;
use uuid::Uuid;

use super::Ending;
use super::statements::COUNT_ABOUT;
use crate::error::VaultError;
use crate::sessions::Live;
use crate::tokens::Token;
use recent::{Freshness, Recent};

/// The schema's name.
const SCHEMA: &str = "gatehouse_vault";
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// As in a file; `version` counts what ends sooner than its own row says: revoked tokens, ended sessions.
const STEPS: &[Step] = &[FIRST, SESSIONS_OF_STAFF, SECOND_FACTORS, PASSKEYS, WHAT_OPENED_A_SESSION];

const FIRST: Step = Step {
    number: 1,
    name: "credentials, tokens, sessions",
    sql: "
CREATE TABLE vault (
    id BIGINT PRIMARY KEY DEFAULT 1 CHECK (id = 1),
    master_key_check BYTEA NOT NULL,
    version BIGINT NOT NULL DEFAULT 0
);
CREATE TABLE credentials (
    id BYTEA PRIMARY KEY,
    person BYTEA NOT NULL,
    named_by BYTEA,
    kind BIGINT NOT NULL,
    state BIGINT NOT NULL,
    verifier BYTEA,
    failures BIGINT NOT NULL,
    failed_at BIGINT,
    expires_at BIGINT,
    created_at BIGINT NOT NULL
);
CREATE INDEX credentials_by_person ON credentials (person);
CREATE INDEX credentials_pending ON credentials (created_at) WHERE state = 0;
CREATE TABLE tokens (
    id BYTEA PRIMARY KEY,
    hash BYTEA NOT NULL UNIQUE,
    name TEXT NOT NULL,
    holder TEXT NOT NULL,
    scopes TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    revoked_at BIGINT
);
CREATE TABLE sessions (
    id BYTEA PRIMARY KEY,
    hash BYTEA NOT NULL UNIQUE,
    person BYTEA NOT NULL,
    organization BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    ends_at BIGINT NOT NULL,
    idle_us BIGINT NOT NULL,
    seen_at BIGINT NOT NULL
);
CREATE INDEX sessions_by_person ON sessions (person);
",
};

/// What an earlier version writes meanwhile is a user's session of one factor, proved when it was made.
const SESSIONS_OF_STAFF: Step = Step {
    number: 2,
    name: "sessions of staff, and what was proved in them",
    sql: "
ALTER TABLE sessions
    ALTER COLUMN organization DROP NOT NULL,
    ADD COLUMN staff BYTEA,
    ADD COLUMN assurance BIGINT NOT NULL DEFAULT 1,
    ADD COLUMN proved_at BIGINT,
    ADD COLUMN label TEXT NOT NULL DEFAULT '';
",
};

const SECOND_FACTORS: Step = Step {
    number: 3,
    name: "second factors",
    sql: "
ALTER TABLE credentials
    ADD COLUMN counter BIGINT NOT NULL DEFAULT -1,
    ADD COLUMN last_used_at BIGINT;
CREATE TABLE attempts (
    person BYTEA PRIMARY KEY,
    failures BIGINT NOT NULL,
    failed_at BIGINT NOT NULL
);
CREATE TABLE inventory (
    serial BYTEA PRIMARY KEY,
    generator BYTEA NOT NULL,
    counter BIGINT NOT NULL,
    state BIGINT NOT NULL,
    credential BYTEA,
    imported_at BIGINT NOT NULL
);
CREATE INDEX inventory_by_credential ON inventory (credential) WHERE credential IS NOT NULL;
",
};

const PASSKEYS: Step = Step {
    number: 4,
    name: "passkeys",
    sql: "
ALTER TABLE credentials
    ADD COLUMN mark BYTEA;
CREATE UNIQUE INDEX credentials_by_mark ON credentials (mark) WHERE mark IS NOT NULL;
CREATE TABLE ceremonies (
    id BYTEA PRIMARY KEY,
    person BYTEA NOT NULL,
    state BYTEA NOT NULL,
    ends_at BIGINT NOT NULL
);
CREATE INDEX ceremonies_by_person ON ceremonies (person);
",
};

/// What an earlier version wrote, or writes meanwhile, does not say what opened it: whoever is in such a session signs in once more.
const WHAT_OPENED_A_SESSION: Step = Step {
    number: 5,
    name: "what opened a session",
    sql: "
ALTER TABLE sessions
    ADD COLUMN opened_by BYTEA;
",
};

const INSERT_VAULT: &str = "
INSERT INTO vault (master_key_check)
VALUES ($1)
ON CONFLICT (id) DO NOTHING
";

const PURGE_PERSON: &str = "
WITH gone AS (
    DELETE FROM credentials
    WHERE person = $1
    RETURNING id
), withdrawn AS (
    UPDATE inventory
    SET
        state = 2,
        credential = NULL
    WHERE credential IN (SELECT id FROM gone)
), given_up AS (
    DELETE FROM ceremonies
    WHERE person = $1
), forgiven AS (
    DELETE FROM attempts
    WHERE person = $1
), ended AS (
    DELETE FROM sessions
    WHERE person = $1
)
UPDATE vault
SET version = version + 1
";

/// Opens the schema.
pub(super) async fn schema(server: &Server) -> Result<Schema, VaultError> {
    // The limit on a whole question is what comes to bear.
    let limits = Limits { statement: PATIENCE * 2, acquire: PATIENCE * 2, ..Limits::default() };
    Ok(server.schema(SCHEMA, STEPS, limits).await?)
}

/// Whether there is a vault in this database.
pub(super) async fn is_there(server: &Server) -> Result<bool, VaultError> {
    Ok(server.has_rows(SCHEMA, "vault").await?)
}

/// The vault in a database.
pub(crate) struct PostgresStore {
    schema: Schema,
    /// Where the vault was opened: its connections are driven there, whoever asks.
    runtime: Handle,
    vacuum: Arc<Vacuum>,
    patience: Patience,
    freshness: Freshness,
    tokens: Recent<Token>,
    sessions: Recent<Live>,
}

impl PostgresStore {
    /// Opens the vault, or makes it; refuses another key.
    pub(crate) async fn open(server: &Server, key_check: [u8; 32]) -> Result<Self, VaultError> {
        let schema = schema(server).await?;
        sqlx::query(INSERT_VAULT).bind(key_check.as_slice()).execute(schema.pool()).await?;
        let found: Vec<u8> = sqlx::query_scalar("SELECT master_key_check FROM vault").fetch_one(schema.pool()).await?;
        if found != key_check {
            return Err(VaultError::MasterKeyWrong { vault: server.to_string() });
        }
        Ok(Self {
            vacuum: Vacuum::of(&schema, "credentials, sessions, attempts, inventory, ceremonies"),
            schema,
            runtime: Handle::current(),
            patience: Patience::new(PATIENCE),
            freshness: Freshness::default(),
            tokens: Recent::default(),
            sessions: Recent::default(),
        })
    }

    /// Where it is.
    pub(super) fn schema(&self) -> &Schema {
        &self.schema
    }

    fn pool(&self) -> &PgPool {
        self.schema.pool()
    }

    /// The answer, if it comes within some seconds. The question is asked to its end, even if the caller goes away.
    pub(super) async fn ask<R: Send + 'static>(
        self: &Arc<Self>,
        question: impl Future<Output = Result<R, VaultError>> + Send + 'static,
    ) -> Result<R, VaultError> {
        let store = Arc::clone(self);
        let asking = self.runtime.spawn(async move { store.patience.within(question).await });
        asking.await.map_err(|_| VaultError::Interrupted)?
    }

    /// As [`super::Store::purge_person`].
    pub(crate) async fn purge_person(&self, person: PersonId) -> Result<(), VaultError> {
        sqlx::query(PURGE_PERSON).bind(bytes(person.0)).execute(self.pool()).await?;
        self.sessions.forget(|live| Ending::AllOf(person).ends(&live.session));
        // What was removed gives up its place, soon.
        self.vacuum.begin(&self.runtime);
        Ok(())
    }

    /// As [`super::Store::rows_about`].
    pub(crate) async fn rows_about(&self, person: PersonId) -> Result<u64, VaultError> {
        let rows: i64 = sqlx::query_scalar(COUNT_ABOUT).bind(bytes(person.0)).fetch_one(self.pool()).await?;
        Ok(rows.unsigned_abs())
    }
}

/// The bytes of an id, as they are in a column.
fn bytes(id: Uuid) -> Vec<u8> {
    id.as_bytes().to_vec()
}

/// The id in a column of this table that may be null.
fn perhaps_uuid(table: &'static str, column: Option<&[u8]>) -> Result<Option<Uuid>, VaultError> {
    column.map(|column| uuid(table, column)).transpose()
}

/// The id in a column of this table.
fn uuid(table: &'static str, column: &[u8]) -> Result<Uuid, VaultError> {
    Uuid::from_slice(column).map_err(|_| VaultError::DamagedRow { table })
}
