//! One process per log: a lock of the operating system on a file beside it, which ends with the process, however it ends.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};

use crate::OpenError;

/// Held for as long as this lives.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

/// `log.db` has its lock in `log.db.lock`. The file stays: removing it would let two processes lock two files.
fn lock_path(log: &Path) -> PathBuf {
    let mut name = log.as_os_str().to_owned();
    name.push(".lock");
    name.into()
}

impl Lock {
    /// Takes the lock of this log, or says who has it.
    pub(crate) fn take(log: &Path) -> Result<Self, OpenError> {
        let path = lock_path(log);
        let io = |source| OpenError::Io { path: path.clone(), source };
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path).map_err(io)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(OpenError::InUse { path: log.to_owned(), holder: holder(&mut file) }),
            Err(TryLockError::Error(source)) => return Err(io(source)),
        }
        // Only for the message above; a lock whose file cannot be written (disk full) is as good.
        if file.set_len(0).is_ok() {
            drop(write!(file, "{}", std::process::id()));
        }
        Ok(Self { _file: file })
    }
}

fn holder(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.rewind().and_then(|()| file.read_to_string(&mut text)).ok()?;
    text.trim().parse().ok()
}
