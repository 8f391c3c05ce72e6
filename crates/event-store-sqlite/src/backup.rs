//! A copy of the log, made while it goes on.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Duration;

use event_store::Position;
use rusqlite::backup::Backup;
use rusqlite::{Connection, OpenFlags};

use crate::OpenError;
use crate::schema::{Role, connect, sync_folder};

/// Why a copy was not made.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// There is something at the target already.
    #[error("{} is there already", .0.display())]
    Exists(PathBuf),
    /// The log could not be read, or the copy not written.
    #[error("cannot copy the event log")]
    Sqlite(#[from] rusqlite::Error),
    /// The copy could not be made durable or given its name.
    #[error("cannot finish the copy of the event log")]
    Io(#[from] std::io::Error),
    /// The name of the copy could not be made durable.
    #[error("cannot finish the copy of the event log")]
    Folder(#[from] OpenError),
    /// The runtime stopped before the copy was made.
    #[error("the copy of the event log was given up")]
    Task(#[source] tokio::task::JoinError),
}

/// Copies under another name first, so that what has the target's name is whole.
pub(crate) fn copy(source: &Path, target: &Path) -> Result<Position, BackupError> {
    if target.exists() {
        return Err(BackupError::Exists(target.to_owned()));
    }
    let mut partial = target.as_os_str().to_owned();
    partial.push(".partial");
    let partial = PathBuf::from(partial);
    let copied = copy_pages(source, &partial).and_then(|position| {
        File::open(&partial)?.sync_all()?;
        fs::rename(&partial, target)?;
        sync_folder(target)?;
        Ok(position)
    });
    if copied.is_err() {
        // Best effort: the next copy starts by removing it.
        drop(fs::remove_file(&partial));
    }
    copied
}

fn copy_pages(source: &Path, partial: &Path) -> Result<Position, BackupError> {
    match fs::remove_file(partial) {
        Ok(()) => {}
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(error.into()),
    }
    let from = connect(source, Role::Reader, OpenFlags::empty())?;
    // An open read transaction holds one state of the log, so the copy need not start over when others append.
    let snapshot = from.unchecked_transaction()?;
    let last: i64 = snapshot.query_row("SELECT coalesce(max(position), 0) FROM events", [], |row| row.get(0))?;
    let mut to = Connection::open(partial)?;
    Backup::new(&snapshot, &mut to)?.run_to_completion(4096, Duration::ZERO, None)?;
    Ok(Position(u64::try_from(last).unwrap_or(0)))
}
