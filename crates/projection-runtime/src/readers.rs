//! What reads a build, whichever engine it is.

use event_store::Position;
use rusqlite::InterruptHandle;

use crate::sql::Database;
use crate::tables::Tables;
use crate::{checkpoint, postgres, sqlite};

/// Transactions that read one build; some at once, more wait. Cheap to clone.
#[derive(Clone)]
pub(crate) enum Readers {
    File(sqlite::readers::Readers),
    Shared(postgres::readers::Readers),
}

impl Readers {
    /// A transaction that sees the rows as they are now, and how far they have come.
    ///
    /// # Errors
    /// [`sqlx::Error::PoolClosed`] after [`Readers::close`]; otherwise of the database.
    pub(crate) async fn begin(&self) -> Result<(Reader, Position), sqlx::Error> {
        match self {
            Self::File(readers) => {
                let mut reader = readers.begin().await?;
                // The first statement fixes what the transaction sees: the position is that of the rows.
                let position = checkpoint::read_position(&mut reader).await?;
                Ok((Reader::File(reader), position))
            }
            Self::Shared(readers) => {
                let (reader, position) = readers.begin().await?;
                Ok((Reader::Shared(reader), position))
            }
        }
    }

    /// Waits until nobody reads any more; from now on nobody begins to.
    pub(crate) async fn close(&self) {
        match self {
            Self::File(readers) => readers.close().await,
            Self::Shared(readers) => readers.close().await,
        }
    }
}

/// A transaction that reads. It ends when this is dropped.
pub(crate) enum Reader {
    File(sqlite::readers::Reader),
    Shared(postgres::readers::Reader),
}

impl Reader {
    /// Ends what it reads, from elsewhere, where dropping what waits for it does not.
    pub(crate) fn interrupt_handle(&self) -> Option<InterruptHandle> {
        match self {
            Self::File(reader) => Some(reader.interrupt_handle()),
            Self::Shared(_) => None,
        }
    }

    /// For work that takes as long as it takes.
    pub(crate) async fn take_time(&mut self) -> Result<(), sqlx::Error> {
        match self {
            Self::File(_) => Ok(()),
            Self::Shared(reader) => reader.take_time().await,
        }
    }
}

impl Database for Reader {
    fn tables(&mut self) -> Tables<'_> {
        match self {
            Self::File(reader) => reader.tables(),
            Self::Shared(reader) => reader.tables(),
        }
    }
}
