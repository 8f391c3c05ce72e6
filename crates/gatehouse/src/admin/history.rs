//! Histories: what happened, the state as it was, and what changed between two instants.

use std::collections::BTreeMap;

use audit_history::narrate::{Glossary, Line, narrate};
use audit_history::state_at::{Change, difference, state_at};
use audit_history::{Direction, Subject};
use axum::Json;
use axum::extract::State;
use domain::{CommandId, EventId};
use event_codec::Envelope;
use event_store::{Position, as_of};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Admin, Answer, resolve};
use crate::failure::Failure;
use crate::read_models;
use crate::service::Service;

/// Entries and records read at once.
const PAGE: u32 = 500;
/// The most streams that a state is put together from.
const MOST_STREAMS: u32 = 10_000;

/// Whose history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// An organization.
    Organization,
    /// A person.
    Person,
    /// A registration case.
    Case,
    /// An invitation.
    Invitation,
    /// An application.
    Application,
    /// A member of the staff.
    Staff,
    /// A downstream service.
    Service,
}

/// A history is asked for.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Asked {
    /// Of what.
    pub(crate) kind: Kind,
    /// Which, as people call it.
    pub(crate) id: String,
    /// The state as it was at this instant.
    pub(crate) at: Option<Timestamp>,
    /// What changed until this instant.
    pub(crate) until: Option<Timestamp>,
}

/// An event of a history.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct HistoryLine {
    /// Where it stands in the log.
    pub(crate) position: u64,
    /// When it was recorded.
    pub(crate) at: Timestamp,
    /// Its name and version.
    pub(crate) event_type: String,
    /// Its stream.
    pub(crate) stream: String,
    /// Its place in the stream.
    pub(crate) version: u64,
    /// Its id.
    pub(crate) event: EventId,
    /// By which command.
    pub(crate) command: CommandId,
    /// Who.
    pub(crate) who: String,
    /// What.
    pub(crate) what: String,
    /// Why.
    pub(crate) why: Option<String>,
    /// From where.
    pub(crate) from: String,
}

/// The state as it was, or what changed.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct StateAnswer {
    /// The last event that it holds; 0 if there was none.
    pub(crate) position: u64,
    /// The things, by `category/key`; none if changes were asked for.
    pub(crate) things: Option<BTreeMap<String, serde_json::Value>>,
    /// What changed; none if the state was asked for.
    pub(crate) changes: Option<Vec<Changed>>,
}

/// A field that changed.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Changed {
    /// Of which thing.
    pub(crate) thing: String,
    /// Which field, as a JSON pointer; empty for the whole thing.
    pub(crate) field: String,
    /// What it was.
    pub(crate) before: Option<serde_json::Value>,
    /// What it is.
    pub(crate) after: Option<serde_json::Value>,
}

/// Shows everything that happened to a subject, oldest first.
pub(crate) async fn show(State(admin): State<Admin>, Json(asked): Json<Asked>) -> Answer<Vec<HistoryLine>> {
    let service = &admin.service;
    let subject = subject(service, &asked).await?;
    let mut view = service.read_now(read_models::AUDIT_HISTORY).await?;
    let mut events = Vec::new();
    let mut after = None;
    loop {
        let positions = audit_history::positions(view.rows(), subject, after, PAGE, Direction::Forward).await;
        let positions = positions.map_err(|error| Failure::from_error(&error))?;
        let Some(last) = positions.last() else { break };
        after = Some(*last);
        fetch(service, &positions, &mut events).await?;
    }
    drop(view);
    if events.is_empty() {
        return Err(Failure::Refused(format!("nothing is recorded about {:?}", asked.id)).into());
    }
    let mut names = glossary(service).await?;
    for event in &events {
        names.learn(event);
    }
    Ok(Json(events.iter().map(|event| told(event, narrate(event, &names))).collect()))
}

/// Shows the state as it was at an instant, or what changed from then to another.
pub(crate) async fn state(State(admin): State<Admin>, Json(asked): Json<Asked>) -> Answer<StateAnswer> {
    let service = &admin.service;
    let subject = subject(service, &asked).await?;
    let at = asked.at.unwrap_or_else(|| (service.clock)());
    if asked.until.is_some_and(|until| until < at) {
        return Err(Failure::Usage("--until must not be before --at".to_owned()).into());
    }
    let latest = asked.until.unwrap_or(at);
    let database = |error: sqlx::Error| Failure::from_error(&error);
    let mut view = service.read_now(read_models::AUDIT_HISTORY).await?;
    let position = as_of(&*service.log, latest).await.map_err(|error| Failure::from_error(&error))?;
    let streams = match position {
        Some(position) => audit_history::streams_of(view.rows(), subject, Some(position), MOST_STREAMS).await.map_err(database)?,
        None => Vec::new(),
    };
    drop(view);
    let mut events = Vec::new();
    for stream in &streams {
        read_stream(service, stream, &mut events).await?;
    }
    events.sort_by_key(|event: &Envelope| event.position);
    let before = state_at(&events, Some(at));
    let Some(until) = asked.until else {
        return Ok(Json(StateAnswer { position: before.position, things: Some(before.things), changes: None }));
    };
    let after = state_at(&events, Some(until));
    let changes =
        difference(&before, &after).into_iter().map(|Change { thing, field, before, after }| Changed { thing, field, before, after });
    Ok(Json(StateAnswer { position: after.position, things: None, changes: Some(changes.collect()) }))
}

async fn subject(service: &Service, asked: &Asked) -> Result<Subject, Failure> {
    let id = |what: &str| {
        let wrong = || Failure::Usage(format!("{:?} is not the id of {what}", asked.id));
        asked.id.trim().parse::<uuid::Uuid>().map_err(|_| wrong())
    };
    Ok(match asked.kind {
        Kind::Organization => Subject::Organization(resolve::organization(service, &asked.id).await?),
        Kind::Person => Subject::Person(resolve::person(service, &asked.id).await?),
        Kind::Case => Subject::Case(resolve::case(service, &asked.id).await?),
        Kind::Invitation => Subject::Invitation(domain::InvitationId(id("an invitation")?)),
        Kind::Application => Subject::Application(resolve::application(service, &asked.id).await?),
        Kind::Staff => Subject::Staff(domain::StaffId(id("a member of the staff")?)),
        Kind::Service => Subject::Service(resolve::service(service, &asked.id).await?.0),
    })
}

/// Reads the events at these ascending positions; those that lie close together with one read.
async fn fetch(service: &Service, positions: &[Position], into: &mut Vec<Envelope>) -> Result<(), Failure> {
    const NEAR: u64 = 64;
    let mut rest = positions;
    while let Some(first) = rest.first() {
        let close = rest.windows(2).take_while(|pair| matches!(pair, [a, b] if b.0 - a.0 <= NEAR)).count() + 1;
        let (group, others) = rest.split_at_checked(close).unwrap_or((rest, &[]));
        rest = others;
        let last = group.last().unwrap_or(first);
        let span = usize::try_from(last.0 - first.0 + 1).unwrap_or(usize::MAX);
        let page = service.log.read_all(Position(first.0.saturating_sub(1)), span).await.map_err(|error| Failure::from_error(&error))?;
        for record in page.iter().filter(|record| group.binary_search(&record.position).is_ok()) {
            into.push(service.handlers.codec().decode(record).map_err(|error| Failure::from_error(&error))?);
        }
    }
    Ok(())
}

async fn read_stream(service: &Service, stream: &event_store::StreamId, into: &mut Vec<Envelope>) -> Result<(), Failure> {
    let page_size = usize::try_from(PAGE).unwrap_or(usize::MAX);
    let mut from = 0;
    loop {
        let page = service.log.read_stream(stream, from, event_store::Direction::Forwards, page_size).await;
        let page = page.map_err(|error| Failure::from_error(&error))?;
        let Some(last) = page.last() else { return Ok(()) };
        from = last.version + 1;
        for record in &page {
            into.push(service.handlers.codec().decode(record).map_err(|error| Failure::from_error(&error))?);
        }
    }
}

/// The names that a history may not give itself: those of applications and of the staff.
async fn glossary(service: &Service) -> Result<Glossary, Failure> {
    let database = |error: sqlx::Error| Failure::from_error(&error);
    let mut names = Glossary::default();
    let mut view = service.read_now(read_models::DIRECTORY).await?;
    for application in directory::applications(view.rows()).await.map_err(database)? {
        names.call(application.id.0, application.code);
    }
    for member in directory::staff(view.rows()).await.map_err(database)? {
        if let (Some(given), Some(family)) = (member.given_name, member.family_name) {
            names.call(member.id.0, format!("{given} {family}"));
        }
    }
    Ok(names)
}

fn told(event: &Envelope, line: Line) -> HistoryLine {
    HistoryLine {
        position: line.position,
        at: line.at,
        event_type: event.event_type.to_string(),
        stream: event.stream.to_string(),
        version: event.version,
        event: event.id,
        command: event.metadata.command,
        who: line.who,
        what: line.what,
        why: line.why,
        from: line.from,
    }
}
