//! Backups: log, vault and key ring together, while the service runs, wherever they are; and what is put back from them.
//!
//! The log is copied first and the key ring last, so that every person whom the copied log mentions has a key in the copied
//! ring. A backup is made under another name and gets its own when it is whole and on disk. It does not hold the master key:
//! who finds a backup can read no personal data.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use credential_vault::{Vault, VaultKey};
use event_store::{Clock, Epoch, EventStore, LogDigest, Position};
use event_store_kurrentdb::KurrentLog;
use event_store_postgres::PostgresLog;
use event_store_sqlite::SqliteLog;
use jiff::Timestamp;
use key_ring::{KeyRing, MasterKey};
use postgres_schema::Server;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::config::{Config, LogAddress, StoreAddress};
use crate::failure::Failure;
use crate::folder::{self, DataFolder, sync_folder, unusable, write_durably};
use crate::forgotten::Forgotten;
use crate::log::{Kind, with_password};
use crate::moving::{self, FileTarget, PostgresTarget};
use crate::secrets::{self, master_key_options};
use crate::service::Service;

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
    let position = copy_log_to(service, &draft.join(LOG)).await?;
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

/// The log as it is now, in a file. The position of its last event.
async fn copy_log_to(service: &Service, file: &Path) -> Result<Position, Failure> {
    match service.log.kind() {
        Kind::Folder(log) => log.backup_to(file).await.map_err(|error| Failure::from_error(&error)),
        Kind::Postgres(_) => {
            let head = *service.log.head().borrow();
            let mut target = FileTarget::open(file, service.log.epoch()).await?;
            let digest = moving::copy_log(&*service.log, head, &mut target, &|_, _| {}).await?;
            target.close().await?;
            let lock = file.with_extension("db.lock");
            fs::remove_file(&lock).map_err(|error| unusable(&lock, &error))?;
            Ok(digest.last())
        }
        Kind::Kurrent(_) => Err(Failure::Usage(
            "the log is in EventStoreDB, whose positions are its own: back it up with its own tools, together with the stores of key ring and vault".to_owned(),
        )),
    }
}

/// Puts a backup into the stores that the configuration names, which must be empty, and makes a data folder. Who was forgotten is
/// forgotten again at the first start: whom the backup knows, and whom the list names that was kept apart from it. One that was cut short is
/// run again: it does what is missing.
///
/// # Errors
/// The backup is not whole, or a store refuses. A folder that was not finished cannot be served.
pub(crate) async fn restore(config: &Config, clock: &Clock, backup: &Path, forgotten: Option<&Path>) -> Result<Manifest, Failure> {
    let manifest = verified(backup)?;
    if let Some(list) = forgotten {
        Forgotten::read_given(list)?;
    }
    let what = format!("events 1 to {} of {}, backed up at {}", manifest.position, manifest.epoch, manifest.made_at);
    let (folder, number) = DataFolder::for_restore(&config.data, &what)?;
    // The log last: from when it is whole, any instance may open it, and must find the keys of whom it mentions.
    restore_secrets(config, backup, &folder).await?;
    restore_log(config, clock, &backup.join(LOG), &folder, (Epoch(manifest.epoch), Epoch(number))).await?;
    forget_again(&folder, forgotten)?;
    folder.finish_restoring()?;
    Ok(manifest)
}

/// Puts the log back, which has the epoch `of` in the backup. In PostgreSQL it is there for instances from one moment on, with all events and
/// the epoch `with`; so that is how a restore that was cut short later is known.
async fn restore_log(config: &Config, clock: &Clock, file: &Path, folder: &DataFolder, (of, with): (Epoch, Epoch)) -> Result<(), Failure> {
    copy_durably(file, &folder.log())?;
    match config.log_address().map_err(|error| Failure::Usage(format!("{error:#}")))? {
        LogAddress::Folder => SqliteLog::start_new_epoch(&folder.log()).map(drop).map_err(|error| Failure::from_error(&error)),
        LogAddress::Postgres(server) => {
            // From the copy, since a log is locked where it lies.
            let log = moving::open_file(&folder.log(), clock).await?;
            let head = *log.head().borrow();
            let digest = if is_restored(&server, clock, with).await {
                LogDigest::of(&log, head).await.map_err(|error| Failure::from_error(&error))?
            } else {
                let mut target = PostgresTarget::open(&server, of).await?;
                let digest = moving::copy_log(&log, head, &mut target, &|_, _| {}).await?;
                target.finish(with).await?;
                digest
            };
            let restored = moving::open_postgres(&server, clock).await?;
            moving::verify(&restored, &digest).await?;
            restored.close().await;
            blocking(move || {
                log.close();
                Ok(())
            })
            .await?;
            fs::remove_file(folder.log()).map_err(|error| unusable(&folder.log(), &error))
        }
        LogAddress::Kurrent(_) => Err(Failure::Usage(
            "a log in EventStoreDB cannot be restored from this: its positions are its own; restore it with its own tools, then run `gatehouse restored`".to_owned(),
        )),
    }
}

/// Whether the log in this database has this epoch. One that was begun and not finished cannot be opened.
async fn is_restored(server: &Server, clock: &Clock, epoch: Epoch) -> bool {
    let Ok(log) = moving::open_postgres(server, clock).await else { return false };
    let found = log.epoch();
    log.close().await;
    found == epoch
}

async fn restore_secrets(config: &Config, backup: &Path, folder: &DataFolder) -> Result<(), Failure> {
    let files = [(Vault::FILE_NAME, folder.vault()), (KeyRing::FILE_NAME, folder.key_ring())];
    for (name, to) in &files {
        copy_durably(&backup.join(name), to)?;
    }
    let StoreAddress::Postgres(server) = secrets::address(config)? else { return Ok(()) };
    let master = secrets::given_master_key(config)?;
    KeyRing::copy_to_postgres(&folder.key_ring(), &master, &server).await.map_err(|error| Failure::from_error(&error))?;
    let key = VaultKey::new(&master.vault_key());
    Vault::copy_to_postgres(&folder.vault(), &key, &server).await.map_err(|error| Failure::from_error(&error))?;
    for (_, file) in &files {
        fs::remove_file(file).map_err(|error| unusable(file, &error))?;
    }
    Ok(())
}

/// From the next start on, whom the log or this list says was forgotten is forgotten again, before anything is read.
fn forget_again(folder: &DataFolder, forgotten: Option<&Path>) -> Result<(), Failure> {
    if let Some(list) = forgotten {
        copy_durably(list, &folder.forgotten())?;
    }
    write_durably(&folder.forget_again(), b"")
}

/// After a store was put back from a backup of its own: starts a new epoch of the log, and has forgotten again who was.
///
/// # Errors
/// An instance runs, or a store refuses.
pub(crate) async fn restored(config: &Config, clock: &Clock, forgotten: Option<&Path>) -> Result<Epoch, Failure> {
    if let Some(list) = forgotten {
        Forgotten::read_given(list)?;
    }
    let folder = DataFolder::open_or_make(&config.data)?;
    let epoch = match config.log_address().map_err(|error| Failure::Usage(format!("{error:#}")))? {
        LogAddress::Folder => SqliteLog::start_new_epoch(&folder.log()).map_err(|error| Failure::from_error(&error))?,
        LogAddress::Postgres(server) => PostgresLog::start_new_epoch(&server).await.map_err(|error| Failure::from_error(&error))?,
        LogAddress::Kurrent(address) => {
            let options = event_store_kurrentdb::Options::new(Clock::clone(clock));
            let address = with_password(config, &address)?;
            KurrentLog::start_new_epoch(&address, options).await.map_err(|error| Failure::from_error(&error))?
        }
    };
    forget_again(&folder, forgotten)?;
    Ok(epoch)
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
