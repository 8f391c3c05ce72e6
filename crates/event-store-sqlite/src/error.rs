//! Why a log could not be opened, and what SQLite's errors mean here.

use std::path::PathBuf;

use rusqlite::ErrorCode;

/// Why a log could not be opened. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it open.
    #[error("the event log {} is in use by another process{}: only one may write to it", path.display(), by(*.holder))]
    InUse {
        /// The log.
        path: PathBuf,
        /// The id of that process, as far as it could be read.
        holder: Option<u32>,
    },
    /// It was written by a newer version of Gatehouse.
    #[error(
        "the event log has format {found}, but this version of Gatehouse knows formats up to {known}: run the version that wrote it, or a newer one"
    )]
    Newer {
        /// The format of the file.
        found: i64,
        /// The newest format known here.
        known: i64,
    },
    /// There is something else in the file.
    #[error("{} is not an event log of Gatehouse", .0.display())]
    NotALog(PathBuf),
    /// The file, its folder or its lock could not be opened or made.
    #[error("cannot open {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// SQLite could not open or read it.
    #[error("cannot open the event log")]
    Sqlite(#[from] rusqlite::Error),
    /// A thread could not be started.
    #[error("cannot start a thread of the event log")]
    Thread(#[source] std::io::Error),
}

fn by(holder: Option<u32>) -> String {
    holder.map_or_else(String::new, |pid| format!(" (process {pid})"))
}

/// Whether the disk or the file is broken, so that only a restart from what is on disk tells the truth.
pub(crate) fn is_broken(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::SystemIoFailure | ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase))
}

/// Whether a COMMIT that failed this way has certainly left nothing behind.
///
/// `FULL` comes from writing a frame, and the frame that makes a commit valid is written last. Anything else may come
/// from the `fsync` after it.
pub(crate) fn commit_left_nothing(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DiskFull | ErrorCode::DatabaseBusy))
}
