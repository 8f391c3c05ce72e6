//! Who was forgotten, kept apart from everything that a backup brings back.
//!
//! A backup that is older than a person's forgetting knows nothing of it. So each instance keeps a list beside its data: whom the log
//! says was forgotten. `gatehouse restore --forgotten FILE` takes it along, and the first start after a restore forgets them again
//! before anything is read. The list names persons by their ids, which are nothing without the keys that were destroyed.
//!
//! The same follower drops what this process remembers of a person whom any instance has forgotten: folded states and cached keys.

use std::fs;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use domain::PersonId;
use event_store::{Epoch, Position, Recorded};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::failure::Failure;
use crate::folder::unusable;
use crate::service::Service;

/// Events read at once, undecoded.
const PAGE: usize = 4_096;

/// How often new events are looked through at most.
const PACE: Duration = Duration::from_millis(200);

/// How often the place in the log is written down while nobody is forgotten.
const PLACE_EVERY: u64 = 100_000;

/// The list, a file of lines: `PERSON` for each who was forgotten, `# EPOCH POSITION` for how far the log was looked through.
#[derive(Debug)]
pub(crate) struct Forgotten {
    path: PathBuf,
    /// Bytes of whole lines: what a crash cut short comes after them, and is written over.
    length: u64,
    persons: Vec<PersonId>,
    seen: Option<(Epoch, Position)>,
}

impl Forgotten {
    /// Reads the list in this file; empty if there is none.
    ///
    /// # Errors
    /// It cannot be read, or is no such list.
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let mut list = Self { path: path.to_owned(), length: 0, persons: Vec::new(), seen: None };
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(list),
            Err(error) => return Err(unusable(path, &error)),
        };
        // A line that a crash cut short is the last one, and is found again in the log.
        for line in text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n')) {
            list.length += u64::try_from(line.len() + 1).unwrap_or_default();
            match line.strip_prefix("# ").map(|place| place.split_once(' ')) {
                Some(Some((epoch, position))) => {
                    let place = Uuid::try_parse(epoch).ok().zip(position.parse().ok());
                    list.seen = Some(place.map(|(epoch, at)| (Epoch(epoch), Position(at))).ok_or_else(|| list.wrong(line))?);
                }
                Some(None) => return Err(list.wrong(line)),
                None => list.persons.push(PersonId(Uuid::try_parse(line).map_err(|_| list.wrong(line))?)),
            }
        }
        Ok(list)
    }

    /// Reads the list in this file, which an operator has named.
    ///
    /// # Errors
    /// It is not there, cannot be read, or is no such list.
    pub(crate) fn read_given(path: &Path) -> Result<Self, Failure> {
        if !path.is_file() {
            return Err(Failure::Usage(format!("there is no list of persons who were forgotten at {}", path.display())));
        }
        Self::read(path)
    }

    fn wrong(&self, line: &str) -> Failure {
        Failure::failed(format!("{} is no list of persons who were forgotten: it has the line {line:?}", self.path.display()))
    }

    /// Everybody in it.
    pub(crate) fn persons(&self) -> &[PersonId] {
        &self.persons
    }

    /// Where to go on in this history of the log.
    fn place(&self, epoch: Epoch) -> Position {
        self.seen.filter(|(of, _)| *of == epoch).map_or(Position::START, |(_, position)| position)
    }

    /// Adds whom these events forget, and how far the log was looked through: on disk when this returns.
    fn add(&mut self, persons: Vec<PersonId>, epoch: Epoch, position: Position) -> Result<(), Failure> {
        use std::fmt::Write as _;
        let mut text = String::new();
        let mut add = |line: std::fmt::Arguments<'_>| {
            // Writing to memory cannot fail.
            let _ = writeln!(text, "{line}");
        };
        persons.iter().for_each(|person| add(format_args!("{}", person.0)));
        add(format_args!("# {} {}", epoch.0, position.0));
        let write = || {
            let mut file = fs::OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&self.path)?;
            file.set_len(self.length)?;
            file.seek(SeekFrom::End(0))?;
            file.write_all(text.as_bytes())?;
            file.sync_all()
        };
        write().map_err(|error| unusable(&self.path, &error))?;
        self.length += u64::try_from(text.len()).unwrap_or_default();
        self.persons.extend(persons);
        self.seen = Some((epoch, position));
        Ok(())
    }
}

/// Whom this event says has been forgotten.
fn forgotten(event: &Recorded) -> Option<PersonId> {
    event.event_type.starts_with("person.forgotten.").then_some(PersonId(event.stream.key))
}

/// Follows the log until it is told to stop: keeps the list, and drops what this process remembers of those who were forgotten.
pub(crate) async fn follow(service: Arc<Service>, stop: CancellationToken) {
    let work = async {
        let mut list = Forgotten::read(&service.folder.forgotten())?;
        let log = service.log.store();
        let (epoch, mut head) = (log.epoch(), log.head());
        let mut position = list.place(epoch);
        loop {
            match log.read_all(position, PAGE).await {
                Ok(page) => {
                    let whole = page.len() == PAGE;
                    let Some(last) = page.last() else {
                        if head.wait_for(|head| *head > position).await.is_err() {
                            return Ok(());
                        }
                        tokio::time::sleep(PACE).await;
                        continue;
                    };
                    position = last.position;
                    let persons: Vec<PersonId> = page.iter().filter_map(forgotten).collect();
                    persons.iter().for_each(|person| service.drop_what_is_remembered_of(*person));
                    if !persons.is_empty() || position.0.saturating_sub(list.place(epoch).0) >= PLACE_EVERY {
                        list.add(persons, epoch, position)?;
                    }
                    if !whole {
                        tokio::time::sleep(PACE).await;
                    }
                }
                Err(error) => {
                    tracing::debug!(%error, "the log cannot be looked through for persons who were forgotten; trying again");
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
            }
        }
    };
    let result: Option<Result<(), Failure>> = stop.run_until_cancelled(work).await;
    if let Some(Err(failure)) = result {
        tracing::error!(%failure, "the list of persons who were forgotten is not kept until the service is started again");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(number: u128) -> PersonId {
        PersonId(Uuid::from_u128(number))
    }

    #[test]
    fn a_list_grows_and_is_gone_on_with_in_the_same_history_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("forgotten.list");
        let (epoch, other) = (Epoch(Uuid::from_u128(1)), Epoch(Uuid::from_u128(2)));
        let mut list = Forgotten::read(&path).unwrap();
        assert_eq!(list.place(epoch), Position::START);
        list.add(vec![person(7), person(8)], epoch, Position(40)).unwrap();
        list.add(vec![], epoch, Position(90)).unwrap();
        let again = Forgotten::read(&path).unwrap();
        assert_eq!((again.persons(), again.place(epoch), again.place(other)), (&[person(7), person(8)][..], Position(90), Position::START));
    }

    #[test]
    fn a_line_that_was_cut_short_is_as_if_it_had_not_been_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("forgotten.list");
        Forgotten::read(&path).unwrap().add(vec![person(7)], Epoch(Uuid::from_u128(1)), Position(40)).unwrap();
        fs::write(&path, fs::read_to_string(&path).unwrap() + "00000000-0000").unwrap();
        let mut list = Forgotten::read(&path).unwrap();
        assert_eq!(list.persons(), &[person(7)]);
        list.add(vec![person(8)], Epoch(Uuid::from_u128(1)), Position(50)).unwrap();
        assert_eq!(Forgotten::read(&path).unwrap().persons(), &[person(7), person(8)]);
    }

    #[test]
    fn a_file_of_something_else_is_refused_by_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("letter.txt");
        fs::write(&path, "dear all\n").unwrap();
        let refused = Forgotten::read(&path).unwrap_err().to_string();
        assert!(refused.contains("letter.txt") && refused.contains("dear all"), "{refused}");
    }
}
