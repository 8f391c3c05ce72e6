//! Forgetting a person, resumably: an event, the key destroyed, an event (architecture, rule 11).
//!
//! 1. a file in `forgetting/` says that it is under way, so that a start after a crash goes on with it;
//! 2. `person.forgetting_started`;
//! 3. the key is destroyed: what the record says of the person reads as erased from here on;
//! 4. the vault forgets passwords and sessions, the handlers the folded states that held personal data;
//! 5. `person.forgotten`; the file goes.
//!
//! Each step does nothing when it is done again.

use std::fs;
use std::sync::Arc;

use command_handlers::Sent;
use domain::person::{Person, PersonCommand};
use domain::{Actor, CommandId, PersonId, Reason};
use event_codec::Fingerprint;
use event_store::{EventStore, Position};
use key_ring::{KeyRing, KeyRingError};

use crate::failure::Failure;
use crate::folder::{sync_folder, unusable, write_durably};
use crate::service::Service;

/// Records read at once while looking for persons who were forgotten.
const PAGE: usize = 4_096;

/// Forgets a person, for good.
///
/// # Errors
/// There is no such person; or a store refused, and the next start goes on with it.
pub(crate) async fn forget(service: &Service, person: PersonId, reason: Reason, sent: &Sent) -> Result<Position, Failure> {
    match service.ring.is_destroyed(person) {
        Ok(_) => {}
        Err(KeyRingError::UnknownPerson(_)) => {
            return Err(Failure::Refused(format!("there is no person {person}: `gatehouse history` shows persons by their ids")));
        }
        Err(error) => return Err(Failure::from_error(&error)),
    }
    let marker = service.folder.forgetting().join(person.to_string());
    crate::folder::make_folder(&service.folder.forgetting())?;
    write_durably(&marker, b"")?;
    service.handlers.handle::<Person>(person.0, PersonCommand::ForgetPerson { reason }, sent).await?;
    finish(service, person).await
}

/// Goes on with what a crash interrupted, and forgets again, after a restore, whom the log says was forgotten.
///
/// # Errors
/// A store refused.
pub(crate) async fn finish_interrupted(service: &Service) -> Result<(), Failure> {
    if service.folder.reforget().exists() {
        let again = forgotten_in_log(&*service.log).await?;
        tracing::info!(persons = again.len(), "after the restore, forgetting again whom the log says was forgotten");
        for person in again {
            finish(service, person).await?;
        }
        let marker = service.folder.reforget();
        fs::remove_file(&marker).map_err(|error| unusable(&marker, &error))?;
        sync_folder(service.folder.root())?;
    }
    let folder = service.folder.forgetting();
    let Ok(entries) = fs::read_dir(&folder) else { return Ok(()) };
    for entry in entries {
        let entry = entry.map_err(|error| unusable(&folder, &error))?;
        let person = entry.file_name().to_str().and_then(|name| name.parse::<PersonId>().ok());
        let Some(person) = person else { continue };
        // A version of the stream means that forgetting was started; without one nobody was told that it would be.
        if service.handlers.inspect::<Person, _>(person.0, |_, _| ()).await?.is_some() {
            tracing::info!(%person, "going on with a forgetting that was interrupted");
            finish(service, person).await?;
        } else {
            fs::remove_file(entry.path()).map_err(|error| unusable(&entry.path(), &error))?;
        }
    }
    Ok(())
}

/// All that follows once the log says that a person is to be forgotten.
async fn finish(service: &Service, person: PersonId) -> Result<Position, Failure> {
    destroy_key(Arc::clone(&service.ring), person).await?;
    service.handlers.forget_folded();
    service.vault.purge_person(person).await.map_err(|error| Failure::from_error(&error))?;
    let sent = Sent {
        id: CommandId::derive(person.0, "forgotten"),
        fingerprint: Fingerprint(0),
        actor: Actor::System("forgetting".to_owned()),
        from: "forgetting".to_owned(),
        cause: None,
    };
    let answer = service.handlers.handle::<Person>(person.0, PersonCommand::CompleteForgetting {}, &sent).await?;
    // Once more: what was folded while the key was being destroyed may hold what could still be read then.
    service.handlers.forget_folded();
    let marker = service.folder.forgetting().join(person.to_string());
    match fs::remove_file(&marker) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(unusable(&marker, &error)),
        Ok(()) | Err(_) => {}
    }
    Ok(answer.position)
}

/// Destroys the key; waits for the disk.
async fn destroy_key(ring: Arc<KeyRing>, person: PersonId) -> Result<(), Failure> {
    let destroyed = tokio::task::spawn_blocking(move || ring.destroy(person)).await;
    match destroyed {
        // A person of whom the ring knows nothing has nothing that could be read.
        Ok(Ok(()) | Err(KeyRingError::UnknownPerson(_))) => Ok(()),
        Ok(Err(error)) => Err(Failure::from_error(&error)),
        Err(_) => Err(Failure::Unavailable(
            "the key could not be destroyed: the service is stopping, and its next start goes on with it".to_owned(),
        )),
    }
}

/// Everybody whose forgetting the log says was started, in the order of the log. Reads all of it, undecoded.
async fn forgotten_in_log(log: &dyn EventStore) -> Result<Vec<PersonId>, Failure> {
    let mut persons = Vec::new();
    let mut after = Position::START;
    loop {
        let page = log.read_all(after, PAGE).await.map_err(|error| Failure::from_error(&error))?;
        let Some(last) = page.last() else { return Ok(persons) };
        after = last.position;
        let started = page.iter().filter(|event| event.event_type.starts_with("person.forgetting_started."));
        persons.extend(started.map(|event| PersonId(event.stream.key)));
    }
}
