//! Where the master key is found, and how it is made on the first start.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::MasterKey;
use crate::error::KeyRingError;

/// The name of the systemd credential.
const CREDENTIAL: &str = "gatehouse-master-key";

/// Where to look for the master key, in this order: the file, the value, the systemd credential, the default file.
#[derive(Clone, Default)]
pub struct MasterKeyOptions {
    /// A file that the configuration names. When named, it must be there.
    pub file: Option<PathBuf>,
    /// The key's text itself, from the environment.
    pub value: Option<Zeroizing<String>>,
    /// The folder of systemd credentials (`$CREDENTIALS_DIRECTORY`); the key is in `gatehouse-master-key` in it, if it is there.
    pub credentials_directory: Option<PathBuf>,
    /// Where the key is otherwise, and where it is made on the first start: `master.key` in the data folder.
    pub default_file: PathBuf,
    /// Files sealed under the key. When one of them exists and no key is found, none is made.
    pub protects: Vec<PathBuf>,
}

impl MasterKeyOptions {
    /// The default file `master.key` in this folder, protecting these files in it.
    #[must_use]
    pub fn in_folder(folder: &Path, protects: &[&str]) -> Self {
        Self {
            default_file: folder.join("master.key"),
            protects: protects.iter().map(|name| folder.join(name)).collect(),
            ..Self::default()
        }
    }
}

/// Never shows the value.
impl fmt::Debug for MasterKeyOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MasterKeyOptions")
            .field("file", &self.file)
            .field("value", &self.value.as_ref().map(|_| "…"))
            .field("credentials_directory", &self.credentials_directory)
            .field("default_file", &self.default_file)
            .field("protects", &self.protects)
            .finish()
    }
}

/// Where the master key was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MasterKeySource {
    /// In the file that the configuration names.
    File(PathBuf),
    /// In the environment.
    Value,
    /// Among the systemd credentials.
    SystemdCredential(PathBuf),
    /// In the data folder.
    DataFolder(PathBuf),
}

impl fmt::Display for MasterKeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "the file {}", path.display()),
            Self::Value => f.write_str("the environment"),
            Self::SystemdCredential(path) => write!(f, "the systemd credential {}", path.display()),
            Self::DataFolder(path) => write!(f, "the data folder ({})", path.display()),
        }
    }
}

/// The master key, with what an operator should be told of it.
#[derive(Debug)]
pub struct LoadedMasterKey {
    /// The key.
    pub key: MasterKey,
    /// Where it is.
    pub source: MasterKeySource,
    /// Whether it was made just now. If so, tell the operator where it is and that a copy belongs in a safe place.
    pub created: bool,
    /// Whether others than its owner may read its file.
    pub readable_by_others: bool,
}

impl MasterKey {
    /// Finds the master key, or makes it when this is the first start: when no place has one and nothing that it protects
    /// exists yet. A new key is on disk (file mode 0600, file and folder fsynced) before this returns.
    ///
    /// # Errors
    /// [`KeyRingError::MasterKeyLost`], [`KeyRingError::MasterKeyFileMissing`], [`KeyRingError::MasterKeyMalformed`]; or a
    /// file cannot be read or written.
    pub fn load(options: &MasterKeyOptions) -> Result<LoadedMasterKey, KeyRingError> {
        if let Some(path) = &options.file {
            let found = read(path)?.ok_or_else(|| KeyRingError::MasterKeyFileMissing(path.clone()))?;
            return Ok(found.loaded(MasterKeySource::File(path.clone())));
        }
        if let Some(value) = &options.value {
            let key = Self::parse(value, &MasterKeySource::Value.to_string())?;
            return Ok(LoadedMasterKey { key, source: MasterKeySource::Value, created: false, readable_by_others: false });
        }
        if let Some(folder) = &options.credentials_directory {
            let path = folder.join(CREDENTIAL);
            if let Some(found) = read(&path)? {
                return Ok(found.loaded(MasterKeySource::SystemdCredential(path)));
            }
        }
        let source = MasterKeySource::DataFolder(options.default_file.clone());
        if let Some(found) = read(&options.default_file)? {
            return Ok(found.loaded(source));
        }
        if let Some(sealed) = options.protects.iter().find(|path| path.exists()) {
            return Err(KeyRingError::MasterKeyLost { sealed: sealed.clone(), expected: options.default_file.clone() });
        }
        let key = Self::generate()?;
        write(&options.default_file, &key)?;
        Ok(LoadedMasterKey { key, source, created: true, readable_by_others: false })
    }
}

struct Found {
    key: MasterKey,
    readable_by_others: bool,
}

impl Found {
    fn loaded(self, source: MasterKeySource) -> LoadedMasterKey {
        LoadedMasterKey { key: self.key, source, created: false, readable_by_others: self.readable_by_others }
    }
}

/// The key in this file; none if there is no such file.
fn read(path: &Path) -> Result<Option<Found>, KeyRingError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(KeyRingError::file(path)(error)),
    };
    let mode = file.metadata().map_err(KeyRingError::file(path))?.permissions().mode();
    // The key's line has 87 characters; more is read only to see that it is something else.
    let mut text = Zeroizing::new(String::with_capacity(256));
    match file.take(256).read_to_string(&mut text) {
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::InvalidData => {
            return Err(KeyRingError::MasterKeyMalformed { place: path.display().to_string() });
        }
        Err(error) => return Err(KeyRingError::file(path)(error)),
    }
    let key = MasterKey::parse(&text, &path.display().to_string())?;
    Ok(Some(Found { key, readable_by_others: mode & 0o077 != 0 }))
}

/// Writes the key under another name first, so that a crash leaves no half of a key under the real one.
fn write(path: &Path, key: &MasterKey) -> Result<(), KeyRingError> {
    let draft = path.with_extension("key.new");
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft).map_err(KeyRingError::file(&draft))?;
    let mut text = key.to_text();
    text.push('\n');
    file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(KeyRingError::file(&draft))?;
    std::fs::rename(&draft, path).map_err(KeyRingError::file(path))?;
    sync_folder_of(path)
}

/// Makes the name of a new file durable.
pub(crate) fn sync_folder_of(path: &Path) -> Result<(), KeyRingError> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        Some(_) | None => Path::new("."),
    };
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(KeyRingError::file(folder))
}
