//! `GET /v1/history/{subject}/{id}`: the whole history, readable, in order.

use std::collections::HashMap;

use audit_history::Direction;
use audit_history::Subject;
use audit_history::narrate::{ERASED, Glossary, narrate};
use axum::extract::State;
use domain::{Actor, PersonId, StaffId};
use jiff::Timestamp;
use projection_runtime::sql::Database;
use projection_runtime::{Envelope, Position};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::state::may_see;
use super::subject::{Asked, events_at};
use crate::access::{Granted, The};
use crate::extract::{Query, page_size};
use crate::found::{Found, Page};
use crate::position::ReadAt;
use crate::problem::Problem;
use crate::reads::broken;
use crate::services::Services;

/// Which part of the history.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct HistoryQuery {
    /// `true`: the newest first.
    #[serde(default)]
    newest_first: bool,
    /// `next` of the page before.
    after: Option<u64>,
    /// How many, 1 to 100; 50 unless told.
    limit: Option<u32>,
}

/// An event, readable, with the facts of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct HistoryLine {
    /// Where it stands in the log.
    pub position: u64,
    /// When it was recorded.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// Who caused it, in words.
    pub who: String,
    /// What they did, in words that follow on who.
    pub what: String,
    /// Why, in the words of whoever decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Through what it came in, and the network it came from; for auditors.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The event's id.
    pub event: Uuid,
    /// Its name and version.
    #[schema(example = "registration.approved.v1")]
    pub event_type: String,
    /// The kind of its stream.
    #[schema(example = "registration")]
    pub category: String,
    /// The key of its stream.
    pub key: Uuid,
    /// Its place in the stream, from 0.
    pub version: u64,
    /// By which command.
    pub command: Uuid,
    /// The event that a process of the service answered with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<Uuid>,
}

/// Read a history
///
/// Of an `organization`, `person`, `case`, `invitation`, `application` or member of `staff`: every event that concerns it, as
/// a sentence, with who, what, when, why and from where. What was erased reads as `erased`.
#[utoipa::path(
    get,
    path = "/v1/history/{subject}/{id}",
    tag = "History",
    operation_id = "read",
    params(
        ("subject" = String, Path, description = "`organization`, `person`, `case`, `invitation`, `application`, `staff`"),
        ("id" = Uuid, Path, description = "Which"),
        HistoryQuery
    ),
    responses(
        (status = 200, description = "A page of the history", body = Page<HistoryLine>),
        (status = 404, description = "There is no such history, or not for the caller", body = Problem),
    )
)]
pub(super) async fn history(
    State(services): State<Services>,
    granted: Granted,
    subject: The<Subject>,
    at: ReadAt,
    Query(query): Query<HistoryQuery>,
) -> Result<Found<Page<HistoryLine>>, Problem> {
    let asked = Asked::new(subject, &granted);
    let size = page_size(query.limit)?;
    let direction = if query.newest_first { Direction::Backward } else { Direction::Forward };
    let mut view = services.read(&services.views.audit_history, at).await?;
    let position = view.position();
    let introductions = audit_history::introductions(view.rows(), asked.subject).await.map_err(broken)?;
    let events = seen(&services, view.rows(), asked, (query.after.map(Position), size, direction)).await?;
    drop(view);
    let mut names = Glossary::default();
    // Read for every page, so that a later page knows the names that the first one gave.
    for envelope in events_at(&services, introductions).await? {
        names.learn(&envelope);
    }
    let names = glossary(&services, position, names, &events, asked.is_auditor).await?;
    let line = |envelope: Envelope| line(&envelope, &names, asked.is_auditor);
    let page = Page::of(events, size, |envelope| envelope.position.0.to_string(), line);
    Ok(Found::at(&services, position, page))
}

/// A page of the events that the reader may see, and one more if there are more: of some, those who are not auditors see nothing.
async fn seen(
    services: &Services,
    rows: &mut impl Database,
    asked: Asked,
    (mut after, size, direction): (Option<Position>, u32, Direction),
) -> Result<Vec<Envelope>, Problem> {
    let wanted = usize::try_from(size).unwrap_or(usize::MAX).saturating_add(1);
    let mut seen: Vec<Envelope> = Vec::with_capacity(wanted);
    loop {
        let positions = audit_history::positions(rows, asked.subject, after, size + 1, direction).await.map_err(broken)?;
        let are_all = positions.len() < wanted;
        after = positions.last().copied().or(after);
        let events = events_at(services, positions).await?;
        seen.extend(events.into_iter().filter(|event| may_see(&event.stream.category, asked.is_auditor)));
        if are_all || seen.len() >= wanted {
            seen.truncate(wanted);
            return Ok(seen);
        }
    }
}

fn line(envelope: &Envelope, names: &Glossary, is_auditor: bool) -> HistoryLine {
    let line = narrate(envelope, names);
    HistoryLine {
        position: line.position,
        at: line.at,
        who: line.who,
        what: line.what,
        why: line.why,
        from: is_auditor.then_some(line.from),
        event: envelope.id.0,
        event_type: envelope.event_type.to_string(),
        category: envelope.stream.category.to_string(),
        key: envelope.stream.key,
        version: envelope.version,
        command: envelope.metadata.command.0,
        cause: envelope.metadata.cause.map(|cause| cause.0),
    }
}

/// The names of what the events speak of: of applications, organizations' users, and for auditors of the staff.
async fn glossary(
    services: &Services,
    at: Position,
    mut names: Glossary,
    events: &[Envelope],
    is_auditor: bool,
) -> Result<Glossary, Problem> {
    let mut view = services.read(&services.views.directory, ReadAt(Some(at))).await?;
    for application in directory::applications(view.rows()).await.map_err(broken)? {
        names.call(application.id.0, application.code);
    }
    let staff = directory::staff(view.rows()).await.map_err(broken)?;
    let staff: HashMap<StaffId, directory::StaffMember> = staff.into_iter().map(|member| (member.id, member)).collect();
    for envelope in events {
        match envelope.metadata.actor.clone() {
            Actor::User { person, organization } => {
                if let Some(user) = directory::user(view.rows(), PersonId(person.0)).await.map_err(broken)? {
                    names.call(person.0, user.full_name().unwrap_or_else(|| ERASED.to_owned()));
                }
                if let Some(found) = directory::organization(view.rows(), organization).await.map_err(broken)? {
                    names.call(organization.0, found.trading_name.unwrap_or(found.legal_name));
                }
            }
            Actor::Partner(organization) => {
                if let Some(found) = directory::organization(view.rows(), organization).await.map_err(broken)? {
                    names.call(organization.0, found.trading_name.unwrap_or(found.legal_name));
                }
            }
            Actor::Staff(_) | Actor::Addressee(_) | Actor::Registrant(_) | Actor::Service(_) | Actor::System(_) | Actor::Operator => {}
        }
    }
    for envelope in events {
        names.learn(envelope);
    }
    for (id, member) in staff {
        let name = if is_auditor { member.full_name().unwrap_or_else(|| ERASED.to_owned()) } else { "somebody".to_owned() };
        names.call(id.0, name);
    }
    Ok(names)
}
