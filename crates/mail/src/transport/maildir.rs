//! A folder of mails: the transport of a trial, and of who fetches mails with a program of their own.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use async_trait::async_trait;

use super::{Delivery, Transport};
use crate::{Composed, Encoding, InvalidMessage};

/// A maildir (<https://cr.yp.to/proto/maildir.html>): a mail is written under `tmp`, brought to disk, and moved to `new`, so that
/// who reads `new` finds whole mails only. A file is named after its mail, so that one delivered again replaces itself.
#[derive(Debug, Clone)]
pub struct Maildir {
    folder: PathBuf,
}

impl Maildir {
    /// The maildir in this folder; made if it is not there, for its owner's eyes only.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn open(folder: &Path) -> io::Result<Self> {
        for part in ["tmp", "new", "cur"] {
            make_folder(&folder.join(part))?;
        }
        Ok(Self { folder: folder.to_owned() })
    }

    /// The file that this mail is delivered to.
    #[must_use]
    pub fn file_of(&self, mail: domain::MailId) -> PathBuf {
        self.folder.join("new").join(format!("{mail}.gatehouse.eml"))
    }

    fn deliver(&self, mail: domain::MailId, message: &[u8]) -> io::Result<()> {
        let target = self.file_of(mail);
        let draft = self.folder.join("tmp").join(format!("{mail}.gatehouse.eml"));
        let mut file = create(&draft)?;
        file.write_all(message)?;
        file.sync_all()?;
        fs::rename(&draft, &target)?;
        // The move itself is on disk only when the folder is.
        File::open(self.folder.join("new"))?.sync_all()
    }
}

#[async_trait]
impl Transport for Maildir {
    async fn send(&self, mail: &Composed) -> Delivery {
        let message = match mail.message(Encoding::Readable) {
            // Files end their lines as files do.
            Ok(message) => String::from_utf8_lossy(&message.formatted()).replace("\r\n", "\n"),
            Err(error @ InvalidMessage::Address) => return Delivery::Refused { answer: error.to_string() },
            Err(error @ InvalidMessage::Message(_)) => return Delivery::Failed { reason: error.to_string() },
        };
        let (maildir, id) = (self.clone(), mail.id);
        match tokio::task::spawn_blocking(move || maildir.deliver(id, message.as_bytes())).await {
            Ok(Ok(())) => Delivery::Delivered,
            Ok(Err(error)) => Delivery::Failed { reason: format!("the maildir cannot be written: {}", error.kind()) },
            Err(_panicked) => Delivery::Failed { reason: "the maildir cannot be written".to_owned() },
        }
    }

    fn name(&self) -> &'static str {
        "maildir"
    }
}

#[cfg(unix)]
fn make_folder(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

#[cfg(not(unix))]
fn make_folder(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)
}

#[cfg(unix)]
fn create(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    File::options().write(true).create(true).truncate(true).mode(0o600).open(path)
}

#[cfg(not(unix))]
fn create(path: &Path) -> io::Result<File> {
    File::create(path)
}
