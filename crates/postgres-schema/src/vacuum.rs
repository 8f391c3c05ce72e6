//! Vacuuming after something was removed that should not lie about.

use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tokio::runtime::Handle;

use crate::Schema;

/// How long a vacuum may take, as PostgreSQL reads it.
const LIMIT: &str = "10min";

/// Vacuums tables when it is told to, one vacuum at a time: told again meanwhile, it does so once more.
///
/// The row versions that are dead give up their place, so that no statement can reach them and something else is written there in time. The
/// server does the same by itself later on; a vacuum that fails is only logged.
pub struct Vacuum {
    schema: Schema,
    statement: String,
    state: Mutex<State>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Idle,
    Running,
    RunningAndWantedAgain,
}

impl Vacuum {
    /// Of these tables, named with commas between them.
    #[must_use]
    pub fn of(schema: &Schema, tables: &'static str) -> Arc<Self> {
        Arc::new(Self { schema: schema.clone(), statement: format!("VACUUM {tables}"), state: Mutex::new(State::Idle) })
    }

    /// Begins a vacuum on this runtime, or sees to it that another follows the one that is under way. Does not wait.
    pub fn begin(self: &Arc<Self>, runtime: &Handle) {
        let before = {
            let mut state = self.state.lock();
            let next = if *state == State::Idle { State::Running } else { State::RunningAndWantedAgain };
            std::mem::replace(&mut *state, next)
        };
        if before == State::Idle {
            let vacuum = Arc::clone(self);
            runtime.spawn(async move { vacuum.go_on().await });
        }
    }

    async fn go_on(&self) {
        loop {
            if let Err(error) = self.once().await {
                let error: &dyn std::error::Error = &error;
                tracing::warn!(error, schema = self.schema.name(), "removed rows were not vacuumed; the server will do it by itself");
            }
            let mut state = self.state.lock();
            if *state == State::Running {
                *state = State::Idle;
                return;
            }
            *state = State::Running;
        }
    }

    async fn once(&self) -> Result<(), sqlx::Error> {
        let options = self.schema.options().clone().options([("statement_timeout", LIMIT)]);
        let mut connection = PgConnection::connect_with(&options).await?;
        sqlx::raw_sql(AssertSqlSafe(self.statement.clone())).execute(&mut connection).await?;
        connection.close().await
    }
}

impl fmt::Debug for Vacuum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Vacuum({} in {:?})", self.statement, self.schema)
    }
}
