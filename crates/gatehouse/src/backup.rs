//! Backups: log, vault and key ring together, while the service runs; and data folders made from them.
//!
//! The log is copied first and the key ring last, so that every person whom the copied log mentions has a key in the copied
//! ring. A backup is made under another name and gets its own when it is whole and on disk. It does not hold the master key:
//! who finds a backup can read no personal data.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use credential_vault::Vault;
use event_store::EventStore;
use event_store_sqlite::SqliteLog;
use jiff::Timestamp;
use key_ring::{KeyRing, MasterKey};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::config::Config;
use crate::failure::Failure;
use crate::folder::{self, DataFolder, sync_folder, unusable, write_durably};
use crate::service::{Service, master_key_options};

/// The newest format of a backup that this version knows.
const FORMAT: u32 = 1;
/// The name of the manifest in a backup.
const MANIFEST: &str = "manifest.json";
/// The name of the log in a backup.
const LOG: &str = "events.db";

/// What a backup holds.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Manifest {
    /// The format of the backup.
    pub(crate) format: u32,
    /// The version of Gatehouse that made it.
    pub(crate) gatehouse: String,
    /// When it was begun.
    pub(crate) made_at: Timestamp,
    /// The history that the log belongs to.
    pub(crate) epoch: Uuid,
    /// The last event in it.
    pub(crate) position: u64,
    /// Its files.
    pub(crate) files: Vec<BackedUp>,
}

/// A file of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct BackedUp {
    /// Its name in the folder.
    pub(crate) name: String,
    /// Its size.
    pub(crate) bytes: u64,
    /// SHA-256 of its content, as 64 hexadecimal digits.
    pub(crate) sha256: String,
}

/// Makes a backup in this folder, which must not be there yet.
///
/// # Errors
/// There is something already, or a file cannot be copied; nothing of the folder's name is left then.
pub(crate) async fn make(service: &Service, target: &Path) -> Result<Manifest, Failure> {
    if !target.is_absolute() {
        return Err(Failure::Usage(format!("the folder of a backup must be an absolute path (found {})", target.display())));
    }
    if target.exists() {
        return Err(Failure::Refused(format!("{} is there already: a backup overwrites nothing, so name a new folder", target.display())));
    }
    let mut draft = target.as_os_str().to_owned();
    draft.push(".unfinished");
    let draft = PathBuf::from(draft);
    if draft.exists() {
        fs::remove_dir_all(&draft).map_err(|error| unusable(&draft, &error))?;
    }
    folder::make_folder(&draft)?;
    let made = copy_all(service, &draft).await.and_then(|manifest| {
        fs::rename(&draft, target).map_err(|error| unusable(target, &error))?;
        sync_folder(target.parent().unwrap_or(Path::new("/")))?;
        Ok(manifest)
    });
    if made.is_err() {
        // Best effort: the next backup to the same place begins by removing it.
        drop(fs::remove_dir_all(&draft));
    }
    made
}

async fn copy_all(service: &Service, draft: &Path) -> Result<Manifest, Failure> {
    let made_at = (service.clock)();
    let position = service.log.backup_to(draft.join(LOG)).await.map_err(|error| Failure::from_error(&error))?;
    service.vault.backup_to(draft.join(Vault::FILE_NAME)).await.map_err(|error| Failure::from_error(&error))?;
    let (ring, to) = (Arc::clone(&service.ring), draft.join(KeyRing::FILE_NAME));
    blocking(move || ring.backup_to(&to).map_err(|error| Failure::from_error(&error))).await?;
    let folder = draft.to_owned();
    let files = blocking(move || [LOG, Vault::FILE_NAME, KeyRing::FILE_NAME].iter().map(|name| measure(&folder, name)).collect()).await?;
    let manifest = Manifest {
        format: FORMAT,
        gatehouse: env!("CARGO_PKG_VERSION").to_owned(),
        made_at,
        epoch: service.log.epoch().0,
        position: position.0,
        files,
    };
    let text = serde_json::to_vec_pretty(&manifest).map_err(|error| Failure::from_error(&error))?;
    write_durably(&draft.join(MANIFEST), &text)?;
    tracing::info!(position = position.0, folder = %draft.display(), "a backup was made");
    Ok(manifest)
}

/// Makes a data folder from a backup: it must not be there, or be empty. What was forgotten is forgotten again at the first start.
///
/// # Errors
/// The backup is not whole, or the folder cannot be written. A folder that was not finished cannot be served.
pub(crate) fn restore(config: &Config, backup: &Path) -> Result<Manifest, Failure> {
    let manifest = verified(backup)?;
    let folder = DataFolder::make_for_restore(&config.data)?;
    for (name, to) in [(LOG, folder.log()), (Vault::FILE_NAME, folder.vault()), (KeyRing::FILE_NAME, folder.key_ring())] {
        copy_durably(&backup.join(name), &to)?;
    }
    SqliteLog::start_new_epoch(&folder.log()).map_err(|error| Failure::from_error(&error))?;
    write_durably(&folder.forget_again(), b"")?;
    folder.finish_restoring()?;
    Ok(manifest)
}

/// Where the master key is looked for, if it is not found.
pub(crate) fn missing_master_key(config: &Config) -> Option<String> {
    let folder = DataFolder::open(&config.data).ok()?;
    MasterKey::load(&master_key_options(config, &folder)).err().map(|error| error.to_string())
}

/// The manifest of a backup whose files are what it says.
fn verified(backup: &Path) -> Result<Manifest, Failure> {
    let path = backup.join(MANIFEST);
    let text = fs::read(&path).map_err(|error| {
        Failure::Usage(format!("{} is no backup of Gatehouse: {} cannot be read ({error})", backup.display(), path.display()))
    })?;
    let manifest: Manifest =
        serde_json::from_slice(&text).map_err(|error| Failure::failed(format!("{} cannot be read: {error}", path.display())))?;
    if manifest.format > FORMAT {
        return Err(Failure::failed(format!(
            "the backup has format {}, but this version of Gatehouse knows formats up to {FORMAT}: restore it with the version that made it, or a newer one",
            manifest.format
        )));
    }
    for name in [LOG, Vault::FILE_NAME, KeyRing::FILE_NAME] {
        let said = manifest.files.iter().find(|file| file.name == name);
        let said = said.ok_or_else(|| Failure::failed(format!("the backup is not whole: its manifest does not name {name}")))?;
        if measure(backup, name)? != *said {
            return Err(Failure::failed(format!("the backup is damaged: {name} is not what its manifest says; use another backup")));
        }
    }
    Ok(manifest)
}

fn measure(folder: &Path, name: &str) -> Result<BackedUp, Failure> {
    let path = folder.join(name);
    let read = || {
        let mut file = File::open(&path)?;
        let mut hash = Sha256::new();
        let mut buffer = vec![0; 1 << 20];
        let mut bytes = 0;
        loop {
            let count = file.read(&mut buffer)?;
            if count == 0 {
                // A copy that was not on disk would be worth nothing.
                file.sync_all()?;
                return Ok((bytes, hash.finalize()));
            }
            bytes += u64::try_from(count).unwrap_or_default();
            hash.update(buffer.get(..count).unwrap_or_default());
        }
    };
    let (bytes, digest) = read().map_err(|error| unusable(&path, &error))?;
    let sha256 = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(BackedUp { name: name.to_owned(), bytes, sha256 })
}

fn copy_durably(from: &Path, to: &Path) -> Result<(), Failure> {
    fs::copy(from, to).map_err(|error| Failure::failed(format!("{} cannot be copied to {}: {error}", from.display(), to.display())))?;
    File::open(to).and_then(|file| file.sync_all()).map_err(|error| unusable(to, &error))?;
    sync_folder(to.parent().unwrap_or(Path::new(".")))
}

async fn blocking<R: Send + 'static>(work: impl FnOnce() -> Result<R, Failure> + Send + 'static) -> Result<R, Failure> {
    tokio::task::spawn_blocking(work).await.map_err(|_| Failure::Unavailable("the service is stopping".to_owned()))?
}
