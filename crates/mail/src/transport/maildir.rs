//! A folder of mails: the transport of a trial, and of who fetches mails with a program of their own.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use domain::MailId;

use super::{Delivery, Transport};
use crate::{Composed, Encoding, InvalidMessage};

/// How many mails are delivered together at most.
const TOGETHER: usize = 500;

/// So many files are synced each by itself: that leaves alone what others have written to the file system.
const FEW: usize = 4;

const NOT_WRITTEN: &str = "the maildir cannot be written";

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
    pub fn file_of(&self, mail: MailId) -> PathBuf {
        self.folder.join("new").join(format!("{mail}.gatehouse.eml"))
    }

    fn draft_of(&self, mail: MailId) -> PathBuf {
        self.folder.join("tmp").join(format!("{mail}.gatehouse.eml"))
    }

    /// Delivers mails, on disk when this returns: all are written, brought to disk together, moved, and the moves brought to disk
    /// together. One answer each.
    fn deliver(&self, mails: &[Composed]) -> Vec<Delivery> {
        // Opened before anything is written: through it, failures since then are told.
        let drafts = File::open(self.folder.join("tmp"));
        let mut deliveries: Vec<Delivery> = mails.iter().map(|mail| self.write(mail)).collect();
        let is_written = |delivery: &Delivery| *delivery == Delivery::Delivered;
        let written = deliveries.iter().filter(|delivery| is_written(delivery)).count();
        if written == 0 {
            return deliveries;
        }
        let together = written > FEW;
        if together && let Err(error) = sync_all_files(drafts) {
            return fail_written(deliveries, &error);
        }
        for (mail, delivery) in mails.iter().zip(&mut deliveries).filter(|(_, delivery)| is_written(delivery)) {
            if let Err(error) = self.move_in(mail.id, !together) {
                *delivery = unwritable(&error);
            }
        }
        // The moves themselves are on disk only when the folder is.
        match File::open(self.folder.join("new")).and_then(|new| new.sync_all()) {
            Ok(()) => deliveries,
            Err(error) => fail_written(deliveries, &error),
        }
    }

    /// Writes a mail under `tmp`, not yet to disk.
    fn write(&self, mail: &Composed) -> Delivery {
        let message = match mail.message(Encoding::Readable) {
            // Files end their lines as files do.
            Ok(message) => String::from_utf8_lossy(&message.formatted()).replace("\r\n", "\n"),
            Err(error @ InvalidMessage::Address) => return Delivery::Refused { answer: error.to_string() },
            Err(error @ InvalidMessage::Message(_)) => return Delivery::Failed { reason: error.to_string() },
        };
        match create(&self.draft_of(mail.id)).and_then(|mut file| file.write_all(message.as_bytes())) {
            Ok(()) => Delivery::Delivered,
            Err(error) => unwritable(&error),
        }
    }

    /// Moves a mail from `tmp` to `new`.
    fn move_in(&self, mail: MailId, sync_first: bool) -> io::Result<()> {
        let draft = self.draft_of(mail);
        if sync_first {
            // Whichever descriptor it is asked through, the file is brought to disk.
            File::open(&draft)?.sync_all()?;
        }
        fs::rename(&draft, self.file_of(mail))
    }
}

/// Brings all that was written to disk. The whole file system, since that takes one commit of its journal where each file takes one of
/// its own: with 100 mails a tenth of the time. What could not be written is told since Linux 5.8.
fn sync_all_files(folder: io::Result<File>) -> io::Result<()> {
    Ok(rustix::fs::syncfs(folder?)?)
}

fn unwritable(error: &io::Error) -> Delivery {
    Delivery::Failed { reason: format!("the maildir cannot be written: {}", error.kind()) }
}

/// Nobody knows what is on disk: what was written is to be delivered again, which replaces it.
fn fail_written(mut deliveries: Vec<Delivery>, error: &io::Error) -> Vec<Delivery> {
    for delivery in deliveries.iter_mut().filter(|delivery| **delivery == Delivery::Delivered) {
        *delivery = unwritable(error);
    }
    deliveries
}

#[async_trait]
impl Transport for Maildir {
    async fn send(&self, mail: &Composed) -> Delivery {
        let deliveries = self.send_all(std::slice::from_ref(mail)).await;
        deliveries.into_iter().next().unwrap_or_else(|| Delivery::Failed { reason: NOT_WRITTEN.to_owned() })
    }

    fn together(&self) -> usize {
        TOGETHER
    }

    async fn send_all(&self, mails: &[Composed]) -> Vec<Delivery> {
        let (maildir, owned) = (self.clone(), mails.to_vec());
        match tokio::task::spawn_blocking(move || maildir.deliver(&owned)).await {
            Ok(deliveries) => deliveries,
            Err(_panicked) => vec![Delivery::Failed { reason: NOT_WRITTEN.to_owned() }; mails.len()],
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
