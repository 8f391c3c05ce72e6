//! `GET /v1/erasures/{person}/certificate`: what was erased of a person, and how to check it.

use audit_history::narrate::{Glossary, Line, narrate};
use audit_history::{Direction, Subject};
use axum::extract::State;
use command_handlers::workflows::{Evidence, Told, Workflows};
use domain::{Actor, PersonId};
use jiff::Timestamp;
use projection_runtime::{Position, Views};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::list::AcknowledgementShown;
use crate::extract::Path;
use crate::found::Found;
use crate::position::ReadAt;
use crate::problem::Problem;
use crate::reads::broken;
use crate::services::Services;

/// Positions read at once.
const PAGE: u32 = 500;

/// What is on record of the erasure of a person, as it is now: read from the stores each time, kept nowhere.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Certificate {
    /// Who was erased: an id, which means nothing without the key.
    pub person: Uuid,
    /// `complete`: nothing of them can be read any more. `begun`: something is still to be done, and goes on by itself.
    #[schema(example = "complete")]
    pub state: String,
    /// That it was asked for.
    pub asked: StepShown,
    /// Why, in the words of whoever asked.
    pub reason: String,
    /// That it was done; absent: it is being done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub done: Option<StepShown>,
    /// The key under which everything about the person was sealed.
    pub key: KeyShown,
    /// What the record holds and nobody can read.
    pub unreadable: UnreadableShown,
    /// The positions of events about the person that carry a reason, a question or an answer in free words. These are part of the record and
    /// are not erased: whoever is responsible should look whether one names somebody.
    pub free_texts: Vec<u64>,
    /// What was purged where.
    pub stores: Vec<StoreShown>,
    /// The services that were told, and when each acknowledged.
    pub services: Vec<AcknowledgementShown>,
    /// What copies outside of the service may still hold.
    pub backups: BackupsShown,
    /// How to check this without trusting it.
    pub how_to_check: Vec<String>,
}

/// A step of an erasure.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct StepShown {
    /// Where it stands in the log.
    pub position: u64,
    /// When it was recorded.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// Who caused it: by id where it was a person, so that no certificate names anybody.
    #[schema(example = "operator")]
    pub by: String,
    /// Through what it came in, and the network it came from.
    #[schema(example = "http 192.0.2.0/24")]
    pub from: String,
}

/// A key.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct KeyShown {
    /// The number of the block in the key ring in which it lay.
    pub block: u64,
    /// The slot in the block.
    pub slot: u16,
    /// Whether it is destroyed, as the key ring says now.
    pub destroyed: bool,
}

/// Events that can be read no more as far as they are about the person.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct UnreadableShown {
    /// How many.
    pub events: u64,
    /// Where they stand in the log.
    pub positions: Vec<u64>,
    /// SHA-256 over each in order: its position (8 bytes, big-endian), the length of its canonical record (4 bytes, big-endian), the record.
    /// As 64 hexadecimal digits. It is the same before and after the erasure.
    pub records_sha256: String,
}

/// A store.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct StoreShown {
    /// Which: `key-ring`, `credential-vault`, `mail-queue`, or a read model.
    #[schema(example = "credential-vault")]
    pub store: String,
    /// Whether nothing of the person is left in it.
    pub purged: bool,
    /// How that is known.
    pub because: String,
}

/// What backups hold.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct BackupsShown {
    /// Backups of the key ring that were made before this instant hold the key, sealed under the master key; those made later do not.
    /// Absent: the key is not destroyed yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub hold_the_key_if_made_before: Option<Timestamp>,
    /// What whoever keeps backups has to do.
    pub to_do: Vec<String>,
}

/// What a certificate is read from.
#[derive(Clone, Copy)]
pub struct Sources<'a> {
    /// Log, key ring, vault.
    pub workflows: &'a Workflows,
    /// Which events concern whom.
    pub audit_history: &'a Views,
    /// Mails that are owed.
    pub notification_dispatch: &'a Views,
    /// What other services were told.
    pub public_feed: &'a Views,
    /// All other read models, which need only have come far enough.
    pub others: &'a [&'a Views],
}

/// Show the certificate of an erasure
///
/// Who asked for it, when and why; the key that was destroyed; which events nobody can read any more, with a digest that is the same before
/// and after; what was purged where; which services were told and have acknowledged; what backups may still hold; how to check all this.
/// While the erasure is being done, it says what is not done yet.
#[utoipa::path(
    get,
    path = "/v1/erasures/{person}/certificate",
    tag = "Erasures",
    operation_id = "certificate",
    params(("person" = Uuid, Path, description = "Who was erased")),
    responses(
        (status = 200, description = "The certificate", body = Certificate),
        (status = 404, description = "Nobody of this id was asked to be forgotten", body = Problem),
    )
)]
pub(super) async fn certificate(
    State(services): State<Services>,
    at: ReadAt,
    Path(person): Path<PersonId>,
) -> Result<Found<Certificate>, Problem> {
    let views = &services.views;
    // Which services have acknowledged is told by the one, what concerns the person by the other: as late as asked for by both.
    let acknowledged = services.read(&views.public_feed, at).await?.position();
    let position = services.read(&views.audit_history, at).await?.position().min(acknowledged);
    let sources = Sources {
        workflows: &services.workflows,
        audit_history: &views.audit_history,
        notification_dispatch: &views.notification_dispatch,
        public_feed: &views.public_feed,
        others: &[&views.directory, &views.entitlements, &views.review_queue, &views.registration_status],
    };
    match certified(sources, person).await? {
        Some(certificate) => Ok(Found::at(&services, position, certificate)),
        None => Err(Problem::not_found("erasure")),
    }
}

/// The certificate of the erasure of a person, as it is now; none if nobody asked for one.
///
/// # Errors
/// 503 if a store or a read model cannot be read.
pub async fn certified(sources: Sources<'_>, person: PersonId) -> Result<Option<Certificate>, Problem> {
    let history = history(sources, person).await?;
    let Some(evidence) = sources.workflows.evidence_of_erasure(person, &history).await? else { return Ok(None) };
    let stores = stores(sources, person, &evidence).await?;
    let is_complete = evidence.done.is_some() && stores.iter().all(|store| store.purged);
    let (block, slot) = evidence.key_at.unwrap_or_default();
    Ok(Some(Certificate {
        person: person.0,
        state: if is_complete { "complete" } else { "begun" }.to_owned(),
        asked: step(&evidence.asked),
        reason: evidence.reason.to_string(),
        done: evidence.done.as_ref().map(step),
        key: KeyShown { block, slot, destroyed: evidence.is_key_destroyed },
        unreadable: UnreadableShown {
            events: u64::try_from(evidence.sealed.len()).unwrap_or(u64::MAX),
            positions: evidence.sealed.iter().map(|position| position.0).collect(),
            records_sha256: evidence.digest,
        },
        free_texts: free_texts(sources, &history).await?,
        stores,
        services: acknowledgements(sources, person).await?,
        backups: backups(evidence.done.as_ref()),
        how_to_check: how_to_check(person),
    }))
}

/// The positions of all events that concern the person.
async fn history(sources: Sources<'_>, person: PersonId) -> Result<Vec<Position>, Problem> {
    let mut view = sources.audit_history.read(None, std::time::Duration::ZERO).await.map_err(broken)?;
    let mut positions: Vec<Position> = Vec::new();
    loop {
        let after = positions.last().copied();
        let page = audit_history::positions(view.rows(), Subject::Person(person), after, PAGE, Direction::Forward).await.map_err(broken)?;
        if page.is_empty() {
            return Ok(positions);
        }
        positions.extend(page);
    }
}

/// Those of these events that say why in free words.
async fn free_texts(sources: Sources<'_>, history: &[Position]) -> Result<Vec<u64>, Problem> {
    let mut found = Vec::new();
    for position in history {
        let Some(envelope) = sources.workflows.event_at(*position).await? else { continue };
        if let Line { why: Some(_), position, .. } = narrate(&envelope, &Glossary::default()) {
            found.push(position);
        }
    }
    Ok(found)
}

fn step(told: &Told) -> StepShown {
    let by = match &told.by {
        Actor::Operator => "operator".to_owned(),
        Actor::Staff(staff) => format!("staff {staff}"),
        Actor::Partner(organization) => format!("partner {organization}"),
        Actor::User { person, .. } => format!("user {person}"),
        Actor::Addressee(invitation) => format!("addressee of invitation {invitation}"),
        Actor::Registrant(registration) => format!("registrant of registration {registration}"),
        Actor::Service(name) => format!("service {name}"),
        Actor::System(name) => format!("the service itself ({name})"),
    };
    StepShown { position: told.position.0, at: told.at, by, from: told.from.clone() }
}

async fn stores(sources: Sources<'_>, person: PersonId, evidence: &Evidence) -> Result<Vec<StoreShown>, Problem> {
    let store = |store: &str, purged: bool, because: String| StoreShown { store: store.to_owned(), purged, because };
    let key = if evidence.is_key_destroyed { "the key is destroyed" } else { "the key is there" };
    let rows = evidence.rows_in_vault;
    let mut mails = sources.notification_dispatch.read(None, std::time::Duration::ZERO).await.map_err(broken)?;
    let owed = notification_dispatch::owed_to(mails.rows(), person).await.map_err(broken)?;
    drop(mails);
    let mut found = vec![
        store("key-ring", evidence.is_key_destroyed, format!("{key}, as the ring says now")),
        store("credential-vault", rows == 0, format!("{rows} credentials, ceremonies, counted attempts and sessions are left")),
        store("mail-queue", owed == 0, format!("{owed} mails are owed to them")),
    ];
    // The first event of forgetting blanks what is personal; the last one has it wiped from files.
    let until = evidence.done.as_ref().unwrap_or(&evidence.asked).position;
    let own = [sources.audit_history, sources.notification_dispatch, sources.public_feed];
    for views in own.iter().chain(sources.others) {
        let position = views.position();
        let is_past = evidence.done.is_some() && position >= until;
        found.push(store(views.name(), is_past, format!("it reflects the log up to {position}, and the erasure is at {until}")));
    }
    Ok(found)
}

async fn acknowledgements(sources: Sources<'_>, person: PersonId) -> Result<Vec<AcknowledgementShown>, Problem> {
    let mut view = sources.public_feed.read(None, std::time::Duration::ZERO).await.map_err(broken)?;
    let rows = public_feed::acknowledgements_of(view.rows(), &[person]).await.map_err(broken)?;
    let services = public_feed::services(view.rows()).await.map_err(broken)?;
    let name = |id| services.iter().find(|service| service.service == id).map(|service| service.name.clone());
    let mut shown: Vec<_> = rows
        .into_iter()
        .map(|row| AcknowledgementShown {
            service: name(row.service).unwrap_or_else(|| row.service.to_string()),
            acknowledged_at: row.acknowledged_at,
        })
        .collect();
    shown.sort_by(|one, other| one.service.cmp(&other.service));
    Ok(shown)
}

fn backups(done: Option<&Told>) -> BackupsShown {
    let to_do = [
        "Delete backups of the key ring made before that instant when their time is over: with the master key, the person's data can be read from them.",
        "When one of them is restored, name a list that was kept apart: `gatehouse restore BACKUP --forgotten forgotten.list`; the person is forgotten again before anything is read.",
        "Where the key ring lies in PostgreSQL, old row versions and write-ahead log of its database count as such backups until they are overwritten or recycled.",
        "Mails that were sent are with those who received them.",
    ];
    BackupsShown { hold_the_key_if_made_before: done.map(|told| told.at), to_do: to_do.map(str::to_owned).to_vec() }
}

fn how_to_check(person: PersonId) -> Vec<String> {
    vec![
        format!("`gatehouse history person {person}`: every event is there still, and what was personal reads as erased."),
        "Compute records_sha256 over the same positions of the log in a backup that is older than the erasure: it is the same, so the record was not changed."
            .to_owned(),
        "`gatehouse doctor` reads the whole log and compares it with what was recorded of it.".to_owned(),
        "Search the files of the data folder for the name and the address: they are in no read model (delivered mails aside).".to_owned(),
        format!("`gatehouse erasures certificate {person}` reads all this anew; nothing of it is stored."),
    ]
}

impl Certificate {
    /// As a person reads it.
    #[must_use]
    pub fn text(&self) -> String {
        let instant = |at: Timestamp| at.strftime("%Y-%m-%d %H:%M:%SZ").to_string();
        let step = |step: &StepShown| format!("{}, at event {}, by {} ({})", instant(step.at), step.position, step.by, step.from);
        let numbers = |numbers: &[u64]| numbers.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
        let mut lines = vec![
            format!("Certificate of erasure of person {}", self.person),
            format!("State:      {}", self.state),
            format!("Asked for:  {}", step(&self.asked)),
            format!("Because:    {}", self.reason),
            format!("Done:       {}", self.done.as_ref().map_or_else(|| "not yet".to_owned(), step)),
            format!(
                "Key:        block {}, slot {}: {}",
                self.key.block,
                self.key.slot,
                if self.key.destroyed { "destroyed" } else { "not destroyed yet" }
            ),
            format!("Unreadable: {} events: {}", self.unreadable.events, numbers(&self.unreadable.positions)),
            format!("            SHA-256 of their records {}", self.unreadable.records_sha256),
            format!("Free words: {} events say why in words that stay: {}", self.free_texts.len(), numbers(&self.free_texts)),
            "Stores:".to_owned(),
        ];
        let is_purged = |purged: bool| if purged { "purged" } else { "pending" };
        lines.extend(self.stores.iter().map(|store| format!("  {:<22} {}: {}", store.store, is_purged(store.purged), store.because)));
        lines.push("Services:".to_owned());
        if self.services.is_empty() {
            lines.push("  none was told: the person never was a user, or there is no service".to_owned());
        }
        let acknowledged =
            |at: Option<Timestamp>| at.map_or_else(|| "not acknowledged yet".to_owned(), |at| format!("acknowledged {}", instant(at)));
        lines.extend(self.services.iter().map(|service| format!("  {:<22} {}", service.service, acknowledged(service.acknowledged_at))));
        lines.push("Backups:".to_owned());
        lines.extend(self.backups.hold_the_key_if_made_before.map(|at| format!("  those made before {} hold the key", instant(at))));
        lines.extend(self.backups.to_do.iter().map(|to_do| format!("  - {to_do}")));
        lines.push("To check it:".to_owned());
        lines.extend(self.how_to_check.iter().map(|how| format!("  - {how}")));
        lines.join("\n")
    }
}
