//! How far the publisher has come, and the file on its own disk that says so.
//!
//! The stream says so too. Both are compared, so that a stream that was deleted, emptied or put back to an older state is noticed
//! instead of being filled as if nothing had happened.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use public_events::Position;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::settings::StreamName;

/// How far a stream has been filled, at least.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// The stream's name.
    pub stream: String,
    /// When the stream was created, as the server says: another one of the same name is another stream.
    pub created: Timestamp,
    /// The sequence of the last message that is known to be in it; 0: none yet.
    pub sequence: u64,
    /// The id of the event in that message; none if there is no message yet, or it was not known when the cursor was set.
    pub message: Option<Uuid>,
    /// The position up to which all public events have been published.
    pub position: Position,
    /// Which history of the log the position belongs to.
    pub epoch: Uuid,
    /// How many messages up to `sequence` are known to be missing from the stream, and were accepted as such by `reconcile`.
    pub missing: u64,
}

/// Why a cursor cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum CursorError {
    /// The file system refuses.
    #[error("the publisher's cursor {path} cannot be read or written")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The database refuses or fails.
    #[error("the publisher's cursor of {stream} cannot be read or written")]
    Row {
        /// The stream.
        stream: String,
        /// Why.
        #[source]
        source: sqlx::Error,
    },
    /// Another instance publishes: nothing was changed.
    #[error("another instance publishes to {stream} now")]
    Superseded {
        /// The stream.
        stream: String,
    },
    /// It is no cursor.
    #[error("{place} is no cursor of the publisher: put it back from a backup, or remove it and reconcile")]
    Damaged {
        /// The file, or the row.
        place: String,
        /// Why not.
        #[source]
        source: serde_json::Error,
    },
}

/// Where the cursor of one stream is kept: `{stream}.json` in a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CursorFile {
    path: PathBuf,
}

impl CursorFile {
    /// In this folder, which is made when the cursor is first written.
    #[must_use]
    pub fn new(folder: &Path, stream: &StreamName) -> Self {
        Self { path: folder.join(format!("{stream}.json")) }
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The cursor; none if the stream has never been published to from here.
    ///
    /// # Errors
    /// [`CursorError`].
    pub fn read(&self) -> Result<Option<Cursor>, CursorError> {
        match std::fs::read(&self.path) {
            Ok(bytes) => {
                let damaged = |source| CursorError::Damaged { place: self.path.display().to_string(), source };
                serde_json::from_slice(&bytes).map(Some).map_err(damaged)
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(CursorError::File { path: self.path.clone(), source }),
        }
    }

    /// Replaces the cursor, durably: after a crash it is the old one or the new one.
    ///
    /// # Errors
    /// [`CursorError::File`].
    pub fn write(&self, cursor: &Cursor) -> Result<(), CursorError> {
        self.replace(cursor).map_err(|source| CursorError::File { path: self.path.clone(), source })
    }

    fn replace(&self, cursor: &Cursor) -> std::io::Result<()> {
        let text = serde_json::to_vec_pretty(cursor).map_err(std::io::Error::other)?;
        let folder = self.path.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder)?;
        let draft = self.path.with_extension("draft");
        let mut file = File::create(&draft)?;
        file.write_all(&text)?;
        file.sync_all()?;
        std::fs::rename(&draft, &self.path)?;
        File::open(folder)?.sync_all()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_was_written_and_a_damaged_one_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let file = CursorFile::new(&folder.path().join("publisher"), &StreamName::default());
        assert_eq!(file.read().unwrap(), None);
        let mut cursor = Cursor {
            stream: "GATEHOUSE_EVENTS".to_owned(),
            created: Timestamp::from_nanosecond(1_234_567_890_123_456_789).unwrap(),
            sequence: 0,
            message: None,
            position: Position(0),
            epoch: Uuid::from_u128(1),
            missing: 0,
        };
        file.write(&cursor).unwrap();
        assert_eq!(file.read().unwrap().as_ref(), Some(&cursor));
        cursor.sequence = 7;
        cursor.message = Some(Uuid::from_u128(9));
        file.write(&cursor).unwrap();
        assert_eq!(file.read().unwrap().as_ref(), Some(&cursor));
        std::fs::write(file.path(), "{").unwrap();
        assert!(matches!(file.read(), Err(CursorError::Damaged { .. })));
    }
}
