//! The data folder: what lies where, and whether this version may use it.
//!
//! Where the stores are elsewhere (`log`, `secrets`, `views`), what would lie here is not there.
//!
//! ```text
//! <data>/
//!   gatehouse.format      what wrote the folder: `gatehouse-data 1`
//!   log/events.db         the log; its lock, log/events.db.lock, guards the whole folder
//!   key-ring.db           keys of personal data
//!   credential-vault.db   secrets that are no events
//!   master.key            the master key, unless it is kept elsewhere
//!   views/                read models; can be thrown away and are built again
//!   consumers.db          where what follows the log has got to
//!   mail/                 mails of the maildir transport
//!   mail-attempts.db      mails that could not be sent yet, and when they are tried again
//!   forgotten.list        whom the log says was forgotten: kept apart from backups, needed after a restore
//!   admin.sock            the operator's channel while the service runs
//! ```

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use credential_vault::Vault;
use key_ring::KeyRing;
use uuid::Uuid;

use crate::failure::Failure;

/// Begins the marker; a number follows.
const MARKER: &str = "gatehouse-data ";
/// The newest format of a data folder that this version knows.
const FORMAT: u32 = 1;

/// The data folder.
#[derive(Debug, Clone)]
pub(crate) struct DataFolder {
    root: PathBuf,
}

/// What is at a path that should be a data folder.
enum Found {
    /// Nothing, or an empty folder.
    Nothing,
    /// A data folder of this format.
    Folder(u32),
    /// Something else.
    Other,
}

impl DataFolder {
    /// The data folder at this path, made if there is nothing there.
    pub(crate) fn open_or_make(root: &Path) -> Result<Self, Failure> {
        match look(root)? {
            Found::Nothing => Self::make(root),
            Found::Folder(_) | Found::Other => Self::open(root),
        }
    }

    /// The data folder at this path, which must be there.
    pub(crate) fn open(root: &Path) -> Result<Self, Failure> {
        match look(root)? {
            Found::Folder(format) if format > FORMAT => Err(Failure::failed(format!(
                "the data folder {} has format {format}, but this version of Gatehouse knows formats up to {FORMAT}: run the version that wrote it, or a newer one",
                root.display()
            ))),
            Found::Folder(_) => Self::at(root),
            Found::Nothing => Err(Failure::failed(format!(
                "there is no data folder at {}: `gatehouse serve` makes one, `--data` names another",
                root.display()
            ))),
            Found::Other => Err(Failure::failed(format!(
                "{} is not a data folder of Gatehouse, and not empty: name another with --data",
                root.display()
            ))),
        }
    }

    fn at(root: &Path) -> Result<Self, Failure> {
        // Absolute, so that a path means the same in messages and at the other end of the admin channel.
        let root = fs::canonicalize(root).map_err(|error| unusable(root, &error))?;
        let folder = Self { root };
        if folder.restoring().exists() {
            return Err(Failure::failed(format!(
                "a restore into {} was not finished: run it again, or empty the folder",
                folder.root.display()
            )));
        }
        Ok(folder)
    }

    fn make(root: &Path) -> Result<Self, Failure> {
        make_folder(root)?;
        let folder = Self::at(root)?;
        folder.mark()?;
        Ok(folder)
    }

    /// A folder to restore into: it must not be there, be empty, or have been begun to restore into from the same, which `what` names: then
    /// what was put there is removed. Until [`finish_restoring`](Self::finish_restoring) nothing can be served from it. With it a number
    /// that this restore has, however often it is begun.
    pub(crate) fn for_restore(root: &Path, what: &str) -> Result<(Self, Uuid), Failure> {
        let found = look(root)?;
        make_folder(root)?;
        let folder = Self { root: fs::canonicalize(root).map_err(|error| unusable(root, &error))? };
        let number = match found {
            Found::Nothing => {
                #[expect(clippy::disallowed_methods, reason = "names this restore, once")]
                let number = Uuid::new_v4();
                write_durably(&folder.restoring(), format!("{number} {what}\n").as_bytes())?;
                number
            }
            Found::Folder(_) | Found::Other => {
                let number = folder.begun(what).ok_or_else(|| {
                    Failure::Usage(format!(
                        "{} is not empty: a restore overwrites nothing, so name a new folder with --data",
                        root.display()
                    ))
                })?;
                folder.remove_restored()?;
                number
            }
        };
        folder.mark()?;
        Ok((folder, number))
    }

    /// The number of the restore that was begun here from this, and not finished.
    fn begun(&self, what: &str) -> Option<Uuid> {
        let text = fs::read_to_string(self.restoring()).ok()?;
        let (number, begun) = text.trim_end().split_once(' ')?;
        number.parse().ok().filter(|_| begun == what)
    }

    /// Removes what a restore puts into a folder, with what lies beside it while it is open.
    fn remove_restored(&self) -> Result<(), Failure> {
        let absent = |error: std::io::Error| if error.kind() == ErrorKind::NotFound { Ok(()) } else { Err(error) };
        for file in [self.log(), self.vault(), self.key_ring()] {
            for beside in ["", "-wal", "-shm", "-journal", ".lock"] {
                let mut path = file.clone().into_os_string();
                path.push(beside);
                fs::remove_file(&path).or_else(absent).map_err(|error| unusable(Path::new(&path), &error))?;
            }
        }
        Ok(())
    }

    /// What was restored is whole and can be served.
    pub(crate) fn finish_restoring(&self) -> Result<(), Failure> {
        let marker = self.restoring();
        fs::remove_file(&marker).map_err(|error| unusable(&marker, &error))?;
        sync_folder(&self.root)
    }

    fn mark(&self) -> Result<(), Failure> {
        write_durably(&self.marker(), format!("{MARKER}{FORMAT}\n").as_bytes())?;
        for name in ["log", "views", "mail"] {
            make_folder(&self.root.join(name))?;
        }
        sync_folder(&self.root)
    }

    /// The folder itself.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// The event log.
    pub(crate) fn log(&self) -> PathBuf {
        self.root.join("log").join("events.db")
    }

    /// The keys of personal data.
    pub(crate) fn key_ring(&self) -> PathBuf {
        self.root.join(KeyRing::FILE_NAME)
    }

    /// The secrets that are no events.
    pub(crate) fn vault(&self) -> PathBuf {
        self.root.join(Vault::FILE_NAME)
    }

    /// The master key, unless it is kept elsewhere.
    pub(crate) fn master_key(&self) -> PathBuf {
        self.root.join("master.key")
    }

    /// The mails of the maildir transport.
    pub(crate) fn mail(&self) -> PathBuf {
        self.root.join("mail")
    }

    /// Mails that could not be sent yet.
    pub(crate) fn mail_attempts(&self) -> PathBuf {
        self.root.join("mail-attempts.db")
    }

    /// Where consumers are in the log.
    pub(crate) fn consumers(&self) -> PathBuf {
        self.root.join("consumers.db")
    }

    /// The operator's channel.
    pub(crate) fn socket(&self) -> PathBuf {
        self.root.join("admin.sock")
    }

    /// There after a restore, until everybody whom the log knows as forgotten has been forgotten again.
    pub(crate) fn forget_again(&self) -> PathBuf {
        self.root.join("restored.forget-again")
    }

    /// Whom the log says was forgotten.
    pub(crate) fn forgotten(&self) -> PathBuf {
        self.root.join("forgotten.list")
    }

    /// Says that what was here is somewhere else now, and is not to be gone on with.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub(crate) fn mark_as_moved(&self, to: &str) -> Result<(), Failure> {
        write_durably(&self.moved(), format!("{to}\n").as_bytes())
    }

    /// Refuses a log that has moved: what would be written here now would be missing there.
    ///
    /// # Errors
    /// It has.
    pub(crate) fn refuse_if_moved(&self) -> Result<(), Failure> {
        match fs::read_to_string(self.moved()) {
            Ok(to) => Err(Failure::Refused(format!(
                "the log in {} has moved to {}: name that with --log; to go on here all the same, and without what happened there, remove {}",
                self.root.display(),
                to.trim(),
                self.moved().display()
            ))),
            Err(_) => Ok(()),
        }
    }

    fn moved(&self) -> PathBuf {
        self.root.join("log").join("moved")
    }

    fn marker(&self) -> PathBuf {
        self.root.join("gatehouse.format")
    }

    fn restoring(&self) -> PathBuf {
        self.root.join("restore.unfinished")
    }
}

fn look(root: &Path) -> Result<Found, Failure> {
    let mut entries = match fs::read_dir(root) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Found::Nothing),
        Err(error) => return Err(unusable(root, &error)),
    };
    let marker = root.join("gatehouse.format");
    match fs::read_to_string(&marker) {
        Ok(text) => {
            Ok(text.trim().strip_prefix(MARKER.trim_end()).and_then(|rest| rest.trim().parse().ok()).map_or(Found::Other, Found::Folder))
        }
        // A new folder of a file system has `lost+found` in it, and a first start may have been cut short before its marker.
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let empty = entries
                .all(|entry| entry.is_ok_and(|entry| entry.file_name() == "lost+found" || entry.file_name() == "gatehouse.format.new"));
            Ok(if empty { Found::Nothing } else { Found::Other })
        }
        Err(error) => Err(unusable(&marker, &error)),
    }
}

/// A folder for its owner only; one that is there already stays as it is.
pub(crate) fn make_folder(path: &Path) -> Result<(), Failure> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(|error| unusable(path, &error))
}

/// Writes a file for its owner only, under another name first: whole and on disk when this returns, or not there.
pub(crate) fn write_durably(path: &Path, content: &[u8]) -> Result<(), Failure> {
    let mut draft = path.as_os_str().to_owned();
    draft.push(".new");
    let draft = PathBuf::from(draft);
    let write = || {
        let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
        file.write_all(content)?;
        file.sync_all()?;
        fs::rename(&draft, path)
    };
    write().map_err(|error| unusable(path, &error))?;
    sync_folder(path.parent().unwrap_or(Path::new(".")))
}

/// Makes the names in a folder durable.
pub(crate) fn sync_folder(path: &Path) -> Result<(), Failure> {
    let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
    File::open(path).and_then(|folder| folder.sync_all()).map_err(|error| unusable(path, &error))
}

/// This file or folder cannot be used, and why.
pub(crate) fn unusable(path: &Path, error: &std::io::Error) -> Failure {
    Failure::failed(format!("{} cannot be used: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_made_once_and_found_again() {
        let place = tempfile::tempdir().unwrap();
        let root = place.path().join("data");
        assert!(DataFolder::open(&root).unwrap_err().to_string().contains("there is no data folder"));
        let made = DataFolder::open_or_make(&root).unwrap();
        assert_eq!(DataFolder::open(&root).unwrap().root(), made.root());
    }

    #[test]
    fn a_folder_of_a_newer_version_is_refused() {
        let place = tempfile::tempdir().unwrap();
        DataFolder::open_or_make(place.path()).unwrap();
        fs::write(place.path().join("gatehouse.format"), "gatehouse-data 2\n").unwrap();
        let refusal = DataFolder::open_or_make(place.path()).unwrap_err().to_string();
        assert!(refusal.contains("has format 2") && refusal.contains("up to 1"), "{refusal}");
    }

    #[test]
    fn a_folder_with_other_things_in_it_is_left_alone() {
        let place = tempfile::tempdir().unwrap();
        fs::write(place.path().join("letter.txt"), "dear all").unwrap();
        assert!(DataFolder::open_or_make(place.path()).unwrap_err().to_string().contains("is not a data folder"));
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_log_that_has_moved_is_not_gone_on_with() {
        let place = tempfile::tempdir().unwrap();
        let folder = DataFolder::open_or_make(place.path()).unwrap();
        folder.refuse_if_moved().unwrap();
        folder.mark_as_moved("db.example:5432/gatehouse").unwrap();
        let refusal = folder.refuse_if_moved().unwrap_err().to_string();
        assert!(refusal.contains("db.example:5432/gatehouse") && refusal.contains("--log"), "{refusal}");
    }

    #[test]
    fn a_restore_that_was_cut_short_cannot_be_served() {
        let place = tempfile::tempdir().unwrap();
        let (folder, _) = DataFolder::for_restore(place.path(), "this").unwrap();
        assert!(DataFolder::open(place.path()).unwrap_err().to_string().contains("was not finished"));
        folder.finish_restoring().unwrap();
        DataFolder::open(place.path()).unwrap();
    }

    #[test]
    fn a_restore_that_was_cut_short_is_begun_again_from_the_same_and_from_nothing_else() {
        let place = tempfile::tempdir().unwrap();
        let (folder, first) = DataFolder::for_restore(place.path(), "this").unwrap();
        fs::write(folder.key_ring(), "half").unwrap();
        assert!(DataFolder::for_restore(place.path(), "that").unwrap_err().to_string().contains("is not empty"));
        let (folder, again) = DataFolder::for_restore(place.path(), "this").unwrap();
        assert_eq!((again, folder.key_ring().exists()), (first, false));
        folder.finish_restoring().unwrap();
        assert!(DataFolder::for_restore(place.path(), "this").unwrap_err().to_string().contains("is not empty"));
    }
}
