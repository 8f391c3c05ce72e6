//! The tables, and how connections to them are set.

use postgres_schema::{Limits, Schema, Server, Step};
use sqlx::postgres::PgConnectOptions;

use crate::OpenError;

const NAME: &str = "gatehouse_log";

/// The row of `head` is what every writer passes: whoever has changed it holds it until the commit, so positions are given in the order of
/// commits. `turn` is what a writer must know to write at all: raised by whoever comes back from a lost connection, it shuts out what may
/// still be on its way there.
///
/// There are events and nothing else, under two indexes: each further table or index costs every event about a fifth of what it costs by
/// itself. A stream is what has its key and category. In the index by stream the category comes first: keys of most kinds are in the order
/// of time, and those that are random are kept out of their way. Event ids have no index: a repeat is found at the place it was meant for.
/// Columns stand in an order that needs no padding. Events are not compressed (they are short, or sealed), and those too long for a page
/// lie beside the table.
const STEPS: &[Step] = &[Step {
    number: 1,
    name: "log",
    sql: "
CREATE TABLE head (
    one BOOLEAN PRIMARY KEY DEFAULT TRUE CHECK (one),
    position BIGINT NOT NULL DEFAULT 0,
    recorded_at BIGINT NOT NULL DEFAULT -9223372036854775808,
    turn BIGINT NOT NULL DEFAULT 0,
    epoch UUID NOT NULL DEFAULT gen_random_uuid(),
    importing BOOLEAN NOT NULL DEFAULT FALSE
) WITH (fillfactor = 10, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0);
INSERT INTO head DEFAULT VALUES;

CREATE TABLE categories (
    id INTEGER GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
);
CREATE TABLE types (
    id INTEGER GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
);

CREATE TABLE events (
    position BIGINT PRIMARY KEY,
    version BIGINT NOT NULL,
    recorded_at BIGINT NOT NULL,
    category INTEGER NOT NULL,
    type INTEGER NOT NULL,
    key UUID NOT NULL,
    id UUID NOT NULL,
    metadata BYTEA NOT NULL,
    data BYTEA NOT NULL
);
ALTER TABLE events ALTER COLUMN metadata SET STORAGE EXTERNAL;
ALTER TABLE events ALTER COLUMN data SET STORAGE EXTERNAL;
CREATE UNIQUE INDEX events_by_stream ON events (category, key, version);
",
}];

/// Statements are planned once, for the indexes they are meant for, whatever the statistics say: a log that has just been filled, or was
/// never analyzed, is read like any other.
const PLANS: [(&str, &str); 8] = [
    ("plan_cache_mode", "force_generic_plan"),
    ("enable_seqscan", "off"),
    ("enable_bitmapscan", "off"),
    ("enable_hashjoin", "off"),
    ("enable_mergejoin", "off"),
    ("enable_sort", "off"),
    ("max_parallel_workers_per_gather", "0"),
    ("jit", "off"),
];

/// A writer that was paused within a transaction holds up all others for no longer than this, in milliseconds.
const IDLE_IN_TRANSACTION: &str = "2000";

/// A statement of a writer that takes longer than this, in milliseconds, is given up by the server.
const STATEMENT: &str = "5000";

/// Opens the schema, made if it is not there.
pub(crate) async fn open(server: &Server) -> Result<Schema, OpenError> {
    Ok(server.schema(NAME, STEPS, Limits { connections: 2, ..Limits::default() }).await?)
}

/// How those who read connect.
pub(crate) fn reading(schema: &Schema) -> PgConnectOptions {
    schema.options().clone().options(PLANS)
}

/// How the writer connects.
pub(crate) fn writing(schema: &Schema) -> PgConnectOptions {
    reading(schema).options([("idle_in_transaction_session_timeout", IDLE_IN_TRANSACTION), ("statement_timeout", STATEMENT)])
}
