//! Where the databases of read models lie: `<data>/views/review-queue.v1.3.db` is the third build of version 1.
//!
//! Each build has a file name of its own, never used again: SQLite keeps a WAL beside a file by its name, so a new file must
//! not take the name of one that somebody may still read.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use event_store::{Epoch, Position};

use super::database;
use crate::decode::chain;
use crate::shelf::{Build, Found, Opened, Place};
use crate::{Projection, checkpoint};

/// The folder of read models.
#[derive(Debug, Clone)]
pub(crate) struct Folder {
    folder: PathBuf,
}

impl Folder {
    /// The folder, made if it is not there.
    pub(crate) fn at(folder: PathBuf) -> io::Result<Self> {
        fs::create_dir_all(&folder)?;
        Ok(Self { folder })
    }

    fn names(&self) -> io::Result<Vec<String>> {
        // A name that is not UTF-8 is none of ours.
        fs::read_dir(&self.folder)?.filter_map(|entry| entry.map(|entry| entry.file_name().into_string().ok()).transpose()).collect()
    }

    /// The complete databases of a read model.
    fn files(&self, name: &str) -> io::Result<Vec<Build>> {
        Ok(self.names()?.iter().filter_map(|file| self.parse(name, file)).collect())
    }

    fn parse(&self, name: &str, file: &str) -> Option<Build> {
        let (version, build) = file.strip_prefix(name)?.strip_prefix(".v")?.strip_suffix(".db")?.split_once('.')?;
        Some(Build { version: version.parse().ok()?, build: build.parse().ok()?, place: Place::File(self.folder.join(file)) })
    }

    /// Where the next build goes once it is complete.
    pub(crate) fn next(&self, name: &str, version: u32) -> io::Result<Build> {
        let build = self.files(name)?.iter().map(|file| file.build).max().unwrap_or(0) + 1;
        Ok(Build { version, build, place: Place::File(self.folder.join(format!("{name}.v{version}.{build}.db"))) })
    }

    /// Throws away what builds that were interrupted left behind.
    pub(crate) fn sweep(&self, name: &str) -> io::Result<()> {
        let prefix = format!("{name}.v");
        for file in self.names()?.iter().filter(|file| file.starts_with(&prefix) && file.contains(".db.building")) {
            fs::remove_file(self.folder.join(file))?;
        }
        Ok(())
    }

    /// Gives a complete build its name, for good: both the file and its name are on disk afterwards.
    pub(crate) fn publish(&self, path: &Path) -> io::Result<()> {
        fs::rename(building(path), path)?;
        fs::File::open(&self.folder)?.sync_all()
    }
}

/// Where a database is while it is being built.
pub(crate) fn building(path: &Path) -> PathBuf {
    with_suffix(path, ".building")
}

/// Deletes a database, with what SQLite keeps beside it.
pub(crate) fn delete(path: &Path) -> io::Result<()> {
    for suffix in ["-wal", "-shm", ""] {
        match fs::remove_file(with_suffix(path, suffix)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut text = path.as_os_str().to_owned();
    text.push(suffix);
    PathBuf::from(text)
}

/// Looks for the rows of a projection. Throws away what is no use: unfinished builds, rows of another history or beyond the end
/// of the log, files that cannot be opened. All of it can be built again.
pub(crate) fn open(projection: &dyn Projection, folder: &Folder, epoch: Epoch, head: Position) -> io::Result<Opened> {
    let name = projection.name();
    folder.sweep(name)?;
    let mut files = folder.files(name)?;
    // This version first, then the others, the newest first of each.
    files.sort_by_key(|file| std::cmp::Reverse((file.version == projection.version(), file.version, file.build)));
    let mut opened = Opened::default();
    for file in files {
        let Place::File(path) = &file.place else { continue };
        if opened.live.is_some() || (opened.older.is_some() && file.version != projection.version()) {
            delete(path)?;
            continue;
        }
        match look_into(path, epoch, head) {
            Ok(position) if file.version == projection.version() => opened.live = Some(Found { build: file, position }),
            Ok(position) => opened.older = Some(Found { build: file, position }),
            Err(why) => {
                tracing::warn!(projection = name, file = %path.display(), why, "a read model is of no use and is built anew");
                delete(path)?;
            }
        }
    }
    Ok(opened)
}

fn look_into(path: &Path, epoch: Epoch, head: Position) -> Result<Position, String> {
    let mut db = database::open(path).map_err(|error| chain(&error))?;
    let found = match checkpoint::read(&mut db) {
        Ok(Some(checkpoint)) if checkpoint.epoch != epoch.0.to_string() => Err("it reflects another history of the log".to_owned()),
        Ok(Some(checkpoint)) if checkpoint.position > head => Err("it reflects events that the log does not have".to_owned()),
        Ok(Some(checkpoint)) => Ok(checkpoint.position),
        Ok(None) => Err("it has no checkpoint".to_owned()),
        Err(error) => Err(chain(&error)),
    };
    // Closed before the file is deleted; that it fails changes nothing.
    drop(db.close());
    found
}
