//! The socket in the data folder.

use std::fs;
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tokio::net::{UnixListener, UnixStream};

use crate::failure::Failure;
use crate::folder::unusable;

/// The longest path that the address of a socket can hold, with some to spare (`sun_path` has 108 bytes on Linux, 104 elsewhere).
const LONGEST_PATH: usize = 100;

/// Listens at this path, for the owner only. What a killed process left there goes.
///
/// # Errors
/// When the socket cannot be made.
pub(crate) fn listen(path: &Path) -> Result<UnixListener, Failure> {
    // Made under another name and moved over, so that the name never stands for a socket that others may open.
    let draft = path.with_extension("new");
    match fs::remove_file(&draft) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(unusable(&draft, &error)),
        Ok(()) | Err(_) => {}
    }
    let listen = || {
        let short = ShortPath::of(&draft)?;
        let listener = UnixListener::bind(short.path())?;
        fs::set_permissions(&draft, fs::Permissions::from_mode(0o600))?;
        fs::rename(&draft, path)?;
        Ok(listener)
    };
    listen().map_err(|error| unusable(path, &error))
}

/// A connection to the service that listens at this path; none if no service does.
pub(crate) async fn connect(path: &Path) -> Option<UnixStream> {
    let short = ShortPath::of(path).ok()?;
    UnixStream::connect(short.path()).await.ok()
}

/// A path that fits into the address of a socket: if the real one is too long, one through the open folder.
struct ShortPath {
    path: PathBuf,
    _folder: Option<fs::File>,
}

impl ShortPath {
    fn of(path: &Path) -> std::io::Result<Self> {
        let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
            return Ok(Self { path: path.to_owned(), _folder: None });
        };
        if path.as_os_str().len() <= LONGEST_PATH {
            return Ok(Self { path: path.to_owned(), _folder: None });
        }
        let folder = fs::File::open(folder)?;
        let path = PathBuf::from(format!("/proc/self/fd/{}", folder.as_raw_fd())).join(name);
        Ok(Self { path, _folder: Some(folder) })
    }

    fn path(&self) -> &Path {
        &self.path
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_socket_in_a_folder_with_a_long_name_can_be_reached_by_its_owner_only() {
        let place = tempfile::tempdir().unwrap();
        let folder = place.path().join("a".repeat(120));
        fs::create_dir(&folder).unwrap();
        let path = folder.join("admin.sock");
        assert!(connect(&path).await.is_none());
        let listener = listen(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(connect(&path).await.is_some());
        drop(listener);
        // What is left of a killed service is no service.
        assert!(connect(&path).await.is_none());
        let _again = listen(&path).unwrap();
        assert!(connect(&path).await.is_some());
    }
}
