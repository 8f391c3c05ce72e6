//! The table of leases.

use std::time::Duration;

use jiff::Timestamp;
use postgres_schema::Step;
use sqlx::{PgExecutor, Row};
use uuid::Uuid;

use crate::lease::Fence;

/// Makes the table.
pub const STEP: Step = Step {
    number: 11,
    name: "leases",
    // A lease that is nobody's has the holder of zeros.
    sql: "CREATE TABLE lease (
        name TEXT NOT NULL PRIMARY KEY,
        holder UUID NOT NULL,
        instance TEXT NOT NULL,
        fence BIGINT NOT NULL,
        since TIMESTAMPTZ NOT NULL,
        expires_at TIMESTAMPTZ NOT NULL
    ) WITH (fillfactor = 50)",
};

/// Where it is told that leases were given back.
pub(super) const FREED: &str = "gatehouse_lease_freed";

/// Takes what is free or over, and renews what is held. Gives what is held then.
///
/// A new fence is the time, in microseconds, if that is greater than the one before and one: so it is greater, too, than those that
/// the database has forgotten, when a standby took over that lacked its last moments, or it was put back from a backup.
///
/// `now()` is read before the rows are locked: what waits for a row sees it as it is afterwards, with an older clock, and takes nothing
/// too early. All instances lock the rows in the order of their names.
const BEAT: &str = "
    INSERT INTO lease (name, holder, instance, fence, since, expires_at)
    SELECT wanted.name, $2, $3, (EXTRACT(EPOCH FROM now()) * 1000000)::BIGINT, now(), now() + make_interval(secs => $4)
    FROM UNNEST($1) AS wanted (name)
    ORDER BY wanted.name
    ON CONFLICT (name) DO UPDATE SET
        holder = excluded.holder,
        instance = excluded.instance,
        fence = CASE
            WHEN lease.holder = excluded.holder AND lease.expires_at > now() THEN lease.fence
            ELSE GREATEST(excluded.fence, lease.fence + 1)
        END,
        since = CASE WHEN lease.holder = excluded.holder AND lease.expires_at > now() THEN lease.since ELSE excluded.since END,
        expires_at = excluded.expires_at
    WHERE lease.holder = excluded.holder OR lease.expires_at <= now()
    RETURNING name, fence";

pub(super) async fn beat(
    db: impl PgExecutor<'_>,
    names: &[&str],
    holder: Uuid,
    instance: &str,
    ttl: Duration,
) -> Result<Vec<(String, Fence)>, sqlx::Error> {
    let rows = sqlx::query(BEAT).bind(names).bind(holder).bind(instance).bind(ttl.as_secs_f64()).fetch_all(db).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, Fence(row.try_get(1)?)))).collect()
}

/// Gives back those of these names that are held, and tells so.
const RELEASE: &str = "
    WITH freed AS (
        UPDATE lease SET holder = $2, instance = '', expires_at = '-infinity' WHERE holder = $1 AND name = ANY($4) RETURNING name
    )
    SELECT pg_notify($3, name) FROM freed";

pub(super) async fn release(db: impl PgExecutor<'_>, holder: Uuid, names: &[&str]) -> Result<(), sqlx::Error> {
    if !names.is_empty() {
        sqlx::query(RELEASE).bind(holder).bind(Uuid::nil()).bind(FREED).bind(names).execute(db).await?;
    }
    Ok(())
}

/// Who holds a lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// The lease's name.
    pub lease: String,
    /// The instance's name.
    pub instance: String,
    /// Whether that is this one.
    pub is_own: bool,
    /// By which fence.
    pub fence: Fence,
    /// Since when, by the database's clock.
    pub since: Timestamp,
}

const HOLDERS: &str = "
    SELECT name, instance, holder, fence, (EXTRACT(EPOCH FROM since) * 1000000)::BIGINT
    FROM lease
    WHERE expires_at > now()
    ORDER BY name";

pub(super) async fn holders(db: impl PgExecutor<'_>, own: Uuid) -> Result<Vec<Holder>, sqlx::Error> {
    let rows = sqlx::query(HOLDERS).fetch_all(db).await?;
    let holder = |row: &sqlx::postgres::PgRow| {
        Ok(Holder {
            lease: row.try_get(0)?,
            instance: row.try_get(1)?,
            is_own: row.try_get::<Uuid, _>(2)? == own,
            fence: Fence(row.try_get(3)?),
            since: Timestamp::from_microsecond(row.try_get(4)?).map_err(|error| sqlx::Error::Decode(error.into()))?,
        })
    };
    rows.iter().map(holder).collect()
}
