//! What is found on the shelf at start: the rows to go on with, or older ones to answer from meanwhile.

use std::io;

use event_store::{Epoch, Position};

use crate::decode::chain;
use crate::shelf::{Shelf, ViewFile};
use crate::{Projection, checkpoint, database};

/// The database of a read model, open to be written.
pub(crate) struct Found {
    pub(crate) db: rusqlite::Connection,
    pub(crate) file: ViewFile,
    pub(crate) position: Position,
}

/// What is there of a read model.
#[derive(Default)]
pub(crate) struct Opened {
    /// Rows of this version: they are gone on with.
    pub(crate) live: Option<Found>,
    /// Rows of another version: they are read until those of this version are there.
    pub(crate) older: Option<Found>,
}

/// Looks for the rows of a projection. Throws away what is no use: unfinished builds, rows of another history or beyond the end
/// of the log, files that cannot be opened. All of it can be built again.
pub(crate) fn open(projection: &dyn Projection, shelf: &Shelf, epoch: Epoch, head: Position) -> io::Result<Opened> {
    let name = projection.name();
    shelf.sweep(name)?;
    let mut files = shelf.files(name)?;
    // This version first, then the others, the newest first of each.
    files.sort_by_key(|file| std::cmp::Reverse((file.version == projection.version(), file.version, file.build)));
    let mut opened = Opened::default();
    for file in files {
        if opened.live.is_some() || (opened.older.is_some() && file.version != projection.version()) {
            file.delete()?;
            continue;
        }
        match open_file(&file, epoch, head) {
            Ok((db, position)) if file.version == projection.version() => opened.live = Some(Found { db, file, position }),
            Ok((db, position)) => opened.older = Some(Found { db, file, position }),
            Err(why) => {
                tracing::warn!(projection = name, file = %file.path.display(), why, "a read model is of no use and is built anew");
                file.delete()?;
            }
        }
    }
    Ok(opened)
}

fn open_file(file: &ViewFile, epoch: Epoch, head: Position) -> Result<(rusqlite::Connection, Position), String> {
    let mut db = database::open(&file.path).map_err(|error| chain(&error))?;
    let refusal = match checkpoint::read(&mut db) {
        Ok(Some(checkpoint)) if checkpoint.epoch != epoch.0.to_string() => "it reflects another history of the log".to_owned(),
        Ok(Some(checkpoint)) if checkpoint.position > head => "it reflects events that the log does not have".to_owned(),
        Ok(Some(checkpoint)) => return Ok((db, checkpoint.position)),
        Ok(None) => "it has no checkpoint".to_owned(),
        Err(error) => chain(&error),
    };
    // Closed before the file is deleted; that it fails changes nothing.
    drop(db.close());
    Err(refusal)
}
