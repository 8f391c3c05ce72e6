//! The master key, the key ring and the vault, wherever they are.

use std::path::PathBuf;

use credential_vault::strength::Blocklist;
use credential_vault::{Vault, VaultKey};
use event_store::Position;
use key_ring::{KeyRing, LoadedMasterKey, MasterKey, MasterKeyOptions};
use postgres_schema::Server;
use zeroize::Zeroizing;

use crate::config::{Config, StoreAddress};
use crate::failure::Failure;
use crate::folder::DataFolder;

/// Where the configuration says that the key ring and the vault are.
///
/// # Errors
/// The address cannot be meant.
pub(crate) fn address(config: &Config) -> Result<StoreAddress, Failure> {
    config.secrets_address().map_err(|error| Failure::Usage(format!("{error:#}")))
}

/// Opens the key ring.
///
/// # Errors
/// The master key is another one, a newer version wrote it, or it cannot be reached.
pub(crate) async fn open_ring(config: &Config, folder: &DataFolder, master: &MasterKey) -> Result<KeyRing, Failure> {
    let opened = match address(config)? {
        StoreAddress::Folder => KeyRing::open(&folder.key_ring(), master),
        StoreAddress::Postgres(server) => KeyRing::open_postgres(&server, master).await,
    };
    opened.map_err(|error| Failure::from_error(&error))
}

/// Opens the vault.
///
/// # Errors
/// As [`open_ring`].
pub(crate) async fn open_vault(config: &Config, folder: &DataFolder, master: &MasterKey) -> Result<Vault, Failure> {
    let key = VaultKey::new(&master.vault_key());
    let opened = match address(config)? {
        StoreAddress::Folder => Vault::open(&folder.vault(), key),
        StoreAddress::Postgres(server) => Vault::open_postgres(&server, key).await,
    };
    opened.map_err(|error| Failure::from_error(&error))
}

/// Where the master key may be.
pub(crate) fn master_key_options(config: &Config, folder: &DataFolder) -> MasterKeyOptions {
    MasterKeyOptions {
        file: config.master_key_file.clone(),
        value: std::env::var("GATEHOUSE_MASTER_KEY").ok().map(Zeroizing::new),
        credentials_directory: std::env::var_os("CREDENTIALS_DIRECTORY").map(Into::into),
        default_file: folder.master_key(),
        protects: vec![folder.key_ring(), folder.vault()],
    }
}

/// The master key that is there: named by the configuration, or in its data folder.
///
/// # Errors
/// There is none. None is made.
pub(crate) fn given_master_key(config: &Config) -> Result<MasterKey, Failure> {
    let options = MasterKeyOptions {
        file: config.master_key_file.clone(),
        value: std::env::var("GATEHOUSE_MASTER_KEY").ok().map(Zeroizing::new),
        credentials_directory: std::env::var_os("CREDENTIALS_DIRECTORY").map(Into::into),
        default_file: config.data.join("master.key"),
        protects: Vec::new(),
    };
    if !is_given(&options) {
        return Err(Failure::Usage(
            "the master key is needed: name its file with master_key_file, or the data folder that has it with --data".to_owned(),
        ));
    }
    Ok(MasterKey::load(&options).map_err(|error| Failure::from_error(&error))?.key)
}

fn is_given(options: &MasterKeyOptions) -> bool {
    options.file.is_some() || options.value.is_some() || options.credentials_directory.is_some() || options.default_file.exists()
}

/// Finds the master key, or makes it at the very first start.
///
/// # Errors
/// There is something that is sealed under a key, and the key or a part of what it seals is missing.
pub(crate) async fn load_master_key(config: &Config, folder: &DataFolder, head: Position) -> Result<MasterKey, Failure> {
    let options = master_key_options(config, folder);
    match address(config)? {
        StoreAddress::Folder if head > Position::START => refuse_if_a_file_is_missing(folder, head)?,
        StoreAddress::Folder => {}
        StoreAddress::Postgres(server) => refuse_if_missing(&server, head, &options).await?,
    }
    let LoadedMasterKey { key, source, created, readable_by_others } =
        MasterKey::load(&options).map_err(|error| Failure::from_error(&error))?;
    if created {
        tracing::warn!(
            "a master key was made in {source}; without it the data cannot be read: keep a copy of it, apart from backups of the data"
        );
    }
    if readable_by_others {
        tracing::warn!("the master key in {source} can be read by others than its owner: `chmod 600` it");
    }
    Ok(key)
}

fn refuse_if_a_file_is_missing(folder: &DataFolder, head: Position) -> Result<(), Failure> {
    let files: [(PathBuf, &str); 2] = [(folder.key_ring(), "key ring"), (folder.vault(), "credential vault")];
    match files.iter().find(|(file, _)| !file.exists()) {
        None => Ok(()),
        Some((file, what)) => Err(Failure::failed(format!(
            "the {what} {} is missing, but the log has {head} events that belong to it: put it back, or restore a backup",
            file.display()
        ))),
    }
}

/// Where another instance has made the key, one that is made here would be another one.
async fn refuse_if_missing(server: &Server, head: Position, options: &MasterKeyOptions) -> Result<(), Failure> {
    let ring = KeyRing::is_in_postgres(server).await.map_err(|error| Failure::from_error(&error))?;
    let vault = Vault::is_in_postgres(server).await.map_err(|error| Failure::from_error(&error))?;
    for (is_there, what) in [(ring, "key ring"), (vault, "credential vault")] {
        if head > Position::START && !is_there {
            return Err(Failure::failed(format!(
                "the {what} is missing in {server}, but the log has {head} events that belong to it: restore a backup"
            )));
        }
    }
    if (ring || vault) && !is_given(options) {
        return Err(Failure::failed(format!(
            "the master key is missing: what is in {server} is sealed under the one that was made at the first start; copy it to {}, or name it with master_key_file",
            options.default_file.display()
        )));
    }
    Ok(())
}

/// The passwords that nobody may choose, if the configuration names a file of them.
///
/// # Errors
/// The file cannot be read.
pub(crate) fn refused_passwords(config: &Config) -> Result<Blocklist, Failure> {
    let Some(file) = &config.password_blocklist_file else { return Ok(Blocklist::default()) };
    let lines =
        std::fs::read_to_string(file).map_err(|error| Failure::Usage(format!("password_blocklist_file {}: {error}", file.display())))?;
    Ok(Blocklist::of_lines(&lines))
}
