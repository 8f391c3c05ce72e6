//! What is remembered of mails that could not be sent yet, so that a restart does not begin their back-off anew.
//!
//! No projection owns this table: it survives rebuilds. Losing it only means that some mails are tried again earlier.

use std::collections::HashMap;

use domain::MailId;
use jiff::Timestamp;
use sqlx::{AnyPool, Row};

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
    pool: AnyPool,
}

impl Attempts {
    /// The table in this database; made if it is not there.
    ///
    /// # Errors
    /// [`AttemptsError`] when the database fails.
    pub async fn open(pool: AnyPool) -> Result<Self, AttemptsError> {
        sqlx::query(
            "CREATE TABLE IF NOT EXISTS mail_attempts (
                mail_id TEXT NOT NULL PRIMARY KEY,
                attempts BIGINT NOT NULL,
                next_at BIGINT NOT NULL,
                problem TEXT NOT NULL
            )",
        )
        .execute(&pool)
        .await?;
        Ok(Self { pool })
    }

    /// All that is remembered: only mails that failed and have no fate yet.
    ///
    /// # Errors
    /// [`AttemptsError`] when the database fails.
    pub async fn all(&self) -> Result<HashMap<MailId, Attempt>, AttemptsError> {
        let rows = sqlx::query("SELECT mail_id, attempts, next_at, problem FROM mail_attempts").fetch_all(&self.pool).await?;
        let mut all = HashMap::with_capacity(rows.len());
        for row in rows {
            let id: String = row.try_get("mail_id")?;
            let next_at: i64 = row.try_get("next_at")?;
            // A row that cannot be read counts as lost.
            if let (Ok(id), Ok(next_at)) = (id.parse(), Timestamp::from_microsecond(next_at)) {
                let count = u32::try_from(row.try_get::<i64, _>("attempts")?).unwrap_or_default();
                all.insert(id, Attempt { count, next_at, problem: row.try_get("problem")? });
            }
        }
        Ok(all)
    }

    /// Remembers the attempts at this mail.
    ///
    /// # Errors
    /// [`AttemptsError`] when the database fails.
    pub async fn put(&self, mail: MailId, attempt: &Attempt) -> Result<(), AttemptsError> {
        sqlx::query(
            "INSERT INTO mail_attempts (mail_id, attempts, next_at, problem) VALUES ($1, $2, $3, $4)
             ON CONFLICT (mail_id) DO UPDATE SET attempts = excluded.attempts, next_at = excluded.next_at, problem = excluded.problem",
        )
        .bind(mail.to_string())
        .bind(i64::from(attempt.count))
        .bind(attempt.next_at.as_microsecond())
        .bind(&attempt.problem)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Forgets this mail, which has a fate now.
    ///
    /// # Errors
    /// [`AttemptsError`] when the database fails.
    pub async fn remove(&self, mail: MailId) -> Result<(), AttemptsError> {
        sqlx::query("DELETE FROM mail_attempts WHERE mail_id = $1").bind(mail.to_string()).execute(&self.pool).await?;
        Ok(())
    }
}
