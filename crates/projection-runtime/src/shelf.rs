//! Where the databases of read models lie: `<data>/views/review-queue.v1.3.db` is the third build of version 1.
//!
//! Each build has a file name of its own, never used again: SQLite keeps a WAL beside a file by its name, so a new file must
//! not take the name of one that somebody may still read.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The folder of read models.
#[derive(Debug, Clone)]
pub(crate) struct Shelf {
    folder: PathBuf,
}

/// A complete database of a read model.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ViewFile {
    /// Version of the projection.
    pub(crate) version: u32,
    /// Counts the builds of this read model.
    pub(crate) build: u32,
    /// Where it is.
    pub(crate) path: PathBuf,
}

impl Shelf {
    /// The folder, made if it is not there.
    pub(crate) fn at(folder: PathBuf) -> io::Result<Self> {
        fs::create_dir_all(&folder)?;
        Ok(Self { folder })
    }

    fn names(&self) -> io::Result<Vec<String>> {
        // A name that is not UTF-8 is none of ours.
        fs::read_dir(&self.folder)?.filter_map(|entry| entry.map(|entry| entry.file_name().into_string().ok()).transpose()).collect()
    }

    /// The complete databases of a read model, newest last.
    pub(crate) fn files(&self, name: &str) -> io::Result<Vec<ViewFile>> {
        let mut files: Vec<_> = self.names()?.iter().filter_map(|file| self.parse(name, file)).collect();
        files.sort();
        Ok(files)
    }

    fn parse(&self, name: &str, file: &str) -> Option<ViewFile> {
        let (version, build) = file.strip_prefix(name)?.strip_prefix(".v")?.strip_suffix(".db")?.split_once('.')?;
        Some(ViewFile { version: version.parse().ok()?, build: build.parse().ok()?, path: self.folder.join(file) })
    }

    /// Where the next build goes once it is complete.
    pub(crate) fn next(&self, name: &str, version: u32) -> io::Result<ViewFile> {
        let build = self.files(name)?.iter().map(|file| file.build).max().unwrap_or(0) + 1;
        Ok(ViewFile { version, build, path: self.folder.join(format!("{name}.v{version}.{build}.db")) })
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
    pub(crate) fn publish(&self, file: &ViewFile) -> io::Result<()> {
        fs::rename(file.building(), &file.path)?;
        fs::File::open(&self.folder)?.sync_all()
    }
}

impl ViewFile {
    /// Where it is while it is being built.
    pub(crate) fn building(&self) -> PathBuf {
        with_suffix(&self.path, ".building")
    }

    /// Deletes it, with what SQLite keeps beside it.
    pub(crate) fn delete(&self) -> io::Result<()> {
        for suffix in ["-wal", "-shm", ""] {
            match fs::remove_file(with_suffix(&self.path, suffix)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                Ok(()) | Err(_) => {}
            }
        }
        Ok(())
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut text = path.as_os_str().to_owned();
    text.push(suffix);
    PathBuf::from(text)
}
