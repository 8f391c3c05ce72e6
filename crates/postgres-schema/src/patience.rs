//! How long a caller waits for a database that may not answer.

use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// For how long nobody asks after the database did not answer.
const PAUSE: Duration = Duration::from_secs(1);

/// A limit on every question to a database, whatever it waits for: a connection, a lock, the network.
///
/// After a question that got no answer within the limit, questions fail at once for a second: those who wait behind each other are told
/// about the same time, not one after the other.
#[derive(Debug)]
pub struct Patience {
    limit: Duration,
    gave_up: Mutex<Option<Instant>>,
}

impl Patience {
    /// That long for each question. Longer waits for a connection ([`Limits::acquire`](crate::Limits::acquire)) do not come to bear.
    #[must_use]
    pub const fn new(limit: Duration) -> Self {
        Self { limit, gave_up: Mutex::new(None) }
    }

    /// The answer, if it comes in time. A question that got none may have had its effect all the same.
    ///
    /// # Errors
    /// [`sqlx::Error::PoolTimedOut`] if the answer did not come in time; otherwise as the question.
    pub async fn within<T, E: From<sqlx::Error>>(&self, question: impl Future<Output = Result<T, E>>) -> Result<T, E> {
        if self.gave_up.lock().is_some_and(|gave_up| gave_up.elapsed() < PAUSE) {
            return Err(sqlx::Error::PoolTimedOut.into());
        }
        let Ok(answer) = tokio::time::timeout(self.limit, question).await else {
            *self.gave_up.lock() = Some(Instant::now());
            return Err(sqlx::Error::PoolTimedOut.into());
        };
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn after_a_question_without_an_answer_the_next_one_is_not_asked() {
        let patience = Patience::new(Duration::from_millis(20));
        let silence = std::future::pending::<Result<(), sqlx::Error>>();
        assert!(matches!(patience.within(silence).await, Err(sqlx::Error::PoolTimedOut)));
        assert!(matches!(patience.within(async { Ok::<_, sqlx::Error>(7) }).await, Err(sqlx::Error::PoolTimedOut)));
        *patience.gave_up.lock() = Instant::now().checked_sub(PAUSE);
        assert_eq!(patience.within(async { Ok::<_, sqlx::Error>(7) }).await.unwrap(), 7);
    }
}
