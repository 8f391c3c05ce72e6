//! What is remembered of mails that could not be sent yet, so that a restart does not begin their back-off anew.
//!
//! No projection owns this table: it survives rebuilds. Losing it only means that some mails are tried again earlier, and so does what an
//! instance writes late that another one has taken over from: it is not fenced.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use domain::MailId;
use jiff::Timestamp;
use postgres_schema::Step;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, PgPool, Row, SqlitePool};

/// Makes the table in the schema that several instances share.
pub const ATTEMPTS: Step = Step { number: 14, name: "attempts at sending mails", sql: TABLE };

const TABLE: &str = "CREATE TABLE mail_attempts (
    mail_id TEXT NOT NULL PRIMARY KEY,
    attempts BIGINT NOT NULL,
    next_at BIGINT NOT NULL,
    problem TEXT NOT NULL
)";

/// The attempts at one mail so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// How many there were.
    pub count: u32,
    /// When the next one is due.
    pub next_at: Timestamp,
    /// What went wrong last, without addresses.
    pub problem: String,
}

/// Why attempts cannot be remembered.
#[derive(Debug, thiserror::Error)]
pub enum AttemptsError {
    /// The database refused or failed.
    #[error("the attempts at sending mails cannot be read or written")]
    Database(#[from] sqlx::Error),
}

/// The table of attempts.
#[derive(Debug, Clone)]
pub struct Attempts {
    keep: Keep,
}

#[derive(Debug, Clone)]
enum Keep {
    File(SqlitePool),
    Shared(PgPool),
}

/// How long the database may take: mails do not wait for one that does not answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// The same statements on either database.
macro_rules! on {
    ($keep:expr, $pool:ident => $work:expr) => {
        match $keep {
            Keep::File($pool) => in_time(async { $work }).await?,
            Keep::Shared($pool) => in_time(async { $work }).await?,
        }
    };
}

async fn in_time<T>(answer: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, sqlx::Error> {
    tokio::time::timeout(PATIENCE, answer).await.unwrap_or(Err(sqlx::Error::PoolTimedOut))
}

impl Attempts {
    /// The table in this SQLite file; both are made if they are not there.
    ///
    /// # Errors
    /// [`AttemptsError`] when the database fails.
    pub async fn file(path: &Path) -> Result<Self, AttemptsError> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .disable_statement_logging();
        let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await?;
        let is_there = sqlx::query("SELECT 1 FROM sqlite_master WHERE name = 'mail_attempts'").fetch_optional(&pool).await?.is_some();
        if !is_there {
            sqlx::query(TABLE).execute(&pool).await?;
        }
        Ok(Self { keep: Keep::File(pool) })
    }

    /// The table that several instances share, which the step [`ATTEMPTS`] has made.
    #[must_use]
    pub fn shared(pool: PgPool) -> Self {
        Self { keep: Keep::Shared(pool) }
    }

    /// All that is remembered: only mails that failed and have no fate yet.
    ///
    /// # Errors
    /// [`AttemptsError`] when the database fails.
    pub async fn all(&self) -> Result<HashMap<MailId, Attempt>, AttemptsError> {
        let rows: Vec<(String, i64, i64, String)> = on!(&self.keep, pool => {
            let rows = sqlx::query("SELECT mail_id, attempts, next_at, problem FROM mail_attempts").fetch_all(pool).await?;
            let row = |row| Ok((Row::try_get(row, 0)?, Row::try_get(row, 1)?, Row::try_get(row, 2)?, Row::try_get(row, 3)?));
            rows.iter().map(row).collect::<Result<_, sqlx::Error>>()
        });
        // A row that cannot be read counts as lost.
        let attempt = |(id, count, next_at, problem): (String, i64, i64, String)| {
            let next_at = Timestamp::from_microsecond(next_at).ok()?;
            Some((id.parse().ok()?, Attempt { count: u32::try_from(count).unwrap_or_default(), next_at, problem }))
        };
        Ok(rows.into_iter().filter_map(attempt).collect())
    }

    /// Remembers the attempts at this mail.
    ///
    /// # Errors
    /// [`AttemptsError`] when the database fails.
    pub async fn put(&self, mail: MailId, attempt: &Attempt) -> Result<(), AttemptsError> {
        on!(&self.keep, pool => {
            sqlx::query(
                "INSERT INTO mail_attempts (mail_id, attempts, next_at, problem) VALUES ($1, $2, $3, $4)
                 ON CONFLICT (mail_id) DO UPDATE SET attempts = excluded.attempts, next_at = excluded.next_at, problem = excluded.problem",
            )
            .bind(mail.to_string())
            .bind(i64::from(attempt.count))
            .bind(attempt.next_at.as_microsecond())
            .bind(attempt.problem.clone())
            .execute(pool)
            .await
            .map(|_| ())
        });
        Ok(())
    }

    /// Forgets this mail, which has a fate now.
    ///
    /// # Errors
    /// [`AttemptsError`] when the database fails.
    pub async fn remove(&self, mail: MailId) -> Result<(), AttemptsError> {
        on!(&self.keep, pool => {
            sqlx::query("DELETE FROM mail_attempts WHERE mail_id = $1").bind(mail.to_string()).execute(pool).await.map(|_| ())
        });
        Ok(())
    }
}
