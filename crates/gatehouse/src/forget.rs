//! Forgetting a person: an event, the key destroyed, an event (architecture, rule 11).
//!
//! The first event is the promise. What keeps it, [`Workflows::keep_promise_to_forget`], can be done any number of times: by the
//! command itself, and by the process manager that follows the event (so a crash in between is mended by the next `serve`). After a
//! restore, whose key ring may be older than the promise, the keys are destroyed again.
//!
//! [`Workflows::keep_promise_to_forget`]: command_handlers::workflows::Workflows::keep_promise_to_forget

use std::collections::BTreeSet;

use command_handlers::{CommandError, Sent};
use domain::person::{Person, PersonCommand};
use domain::{Actor, CommandId, PersonId, Reason};
use event_codec::Fingerprint;
use event_store::{EventStore, Position};
use key_ring::KeyRingError;

use crate::failure::Failure;
use crate::folder::{sync_folder, unusable};
use crate::forgotten::Forgotten;
use crate::service::Service;

/// Records read at once while looking for persons who were forgotten.
const PAGE: usize = 4_096;

/// Forgets a person, for good. The position at which that can be seen.
///
/// # Errors
/// A store refused, and the next `serve` goes on with it once the log has the promise.
pub(crate) async fn forget(service: &Service, person: PersonId, reason: Reason, sent: &Sent) -> Result<Position, Failure> {
    service.handlers.handle::<Person>(person.0, PersonCommand::ForgetPerson { reason: reason.clone() }, sent).await?;
    match service.workflows.keep_promise_to_forget(person, &reason, &sent.part("forgotten")).await {
        Ok(answer) => Ok(answer.position),
        Err(error @ CommandError::Unavailable(_)) => Err(Failure::Unavailable(format!(
            "{}; it is promised in the log, and goes on when the service runs",
            crate::failure::chain(&error)
        ))),
        Err(error) => Err(error.into()),
    }
}

/// After a restore: forgets again whom the log, or the list that was kept apart from it, says was forgotten, before anything is read.
/// Interrupted, it begins again.
///
/// # Errors
/// A store refused.
pub(crate) async fn again_after_restore(service: &Service) -> Result<(), Failure> {
    let marker = service.folder.forget_again();
    if !marker.exists() {
        return Ok(());
    }
    let in_log: BTreeSet<PersonId> = forgotten_in_log(&*service.log).await?;
    let list = Forgotten::read(&service.folder.forgotten())?;
    tracing::info!(in_log = in_log.len(), in_list = list.persons().len(), "after the restore, forgetting again who was forgotten");
    for person in &in_log {
        // Whatever became of the account is in the log already, or follows from it.
        service.workflows.complete_forgetting(*person, &after_restore(*person, "forgotten")).await?;
    }
    for person in list.persons().iter().filter(|person| !in_log.contains(person)) {
        // Whom the backup does not know at all needs no forgetting: nothing of them came back.
        match service.ring.is_destroyed(*person) {
            Err(KeyRingError::UnknownPerson(_)) => {}
            Ok(_) => {
                let reason = Reason::parse("Forgotten before a backup was restored that did not know of it.")
                    .map_err(|invalid| Failure::failed(invalid.to_string()))?;
                forget(service, *person, reason, &after_restore(*person, "forget")).await?;
            }
            Err(error) => return Err(Failure::from_error(&error)),
        }
    }
    std::fs::remove_file(&marker).map_err(|error| unusable(&marker, &error))?;
    sync_folder(service.folder.root())
}

fn after_restore(person: PersonId, what: &str) -> Sent {
    Sent {
        id: CommandId::derive(person.0, what),
        fingerprint: Fingerprint(0),
        actor: Actor::System("forgetting".to_owned()),
        from: "forgetting".to_owned(),
        cause: None,
    }
}

/// Everybody whose forgetting the log says was started. Reads all of it, undecoded.
async fn forgotten_in_log(log: &dyn EventStore) -> Result<BTreeSet<PersonId>, Failure> {
    let mut persons = BTreeSet::new();
    let mut after = Position::START;
    loop {
        let page = log.read_all(after, PAGE).await.map_err(|error| Failure::from_error(&error))?;
        let Some(last) = page.last() else { return Ok(persons) };
        after = last.position;
        let started = page.iter().filter(|event| event.event_type.starts_with("person.forgetting_started."));
        persons.extend(started.map(|event| PersonId(event.stream.key)));
    }
}
