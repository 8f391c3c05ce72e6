//! Which services have not acknowledged which erasures.

use std::collections::HashMap;

use axum::Json;
use axum::extract::{Path, State};
use domain::{PersonId, ServiceId};
use event_store::Position;
use http_api::erasures::certificate::{Certificate, Sources, certified};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Admin, Answer};
use crate::failure::Failure;
use crate::read_models;

/// A person who was erased.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Listed {
    /// Who it was.
    pub(crate) person: PersonId,
    /// Where that stands in the log: the next page begins after it.
    pub(crate) position: u64,
    /// When.
    pub(crate) erased_at: Timestamp,
    /// The names of the services that were told and have not acknowledged it.
    pub(crate) outstanding: Vec<String>,
    /// The names of those that have, and when they did.
    pub(crate) acknowledged: Vec<(String, Timestamp)>,
}

/// Which erasures: those after a position.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Asked {
    /// Also those that everybody has acknowledged.
    pub(crate) all: bool,
}

/// How many are listed at once.
pub(crate) const PAGE: u32 = 500;

/// Lists erasures after a position, the oldest first, a page of them.
pub(crate) async fn list(State(admin): State<Admin>, Path(after): Path<u64>, Json(asked): Json<Asked>) -> Answer<Vec<Listed>> {
    let wrong = |error| Failure::from_error(&error);
    let mut view = admin.service.read_now(read_models::PUBLIC_FEED).await?;
    let erasures = public_feed::erasures(view.rows(), !asked.all, Position(after), PAGE).await.map_err(wrong)?;
    let people: Vec<PersonId> = erasures.iter().map(|erasure| erasure.person).collect();
    let services = public_feed::services(view.rows()).await.map_err(wrong)?;
    let names: HashMap<ServiceId, String> = services.into_iter().map(|service| (service.service, service.name)).collect();
    let mut by_person: HashMap<PersonId, Vec<(String, Option<Timestamp>)>> = HashMap::new();
    for row in public_feed::acknowledgements_of(view.rows(), &people).await.map_err(wrong)? {
        let name = names.get(&row.service).cloned().unwrap_or_else(|| row.service.to_string());
        by_person.entry(row.person).or_default().push((name, row.acknowledged_at));
    }
    let listed = erasures.into_iter().map(|erasure| {
        let mut of_it = by_person.remove(&erasure.person).unwrap_or_default();
        of_it.sort();
        Listed {
            person: erasure.person,
            position: erasure.position,
            erased_at: erasure.erased_at,
            outstanding: of_it.iter().filter(|(_, at)| at.is_none()).map(|(name, _)| name.clone()).collect(),
            acknowledged: of_it.into_iter().filter_map(|(name, at)| Some((name, at?))).collect(),
        }
    });
    Ok(Json(listed.collect()))
}

/// The certificate of an erasure.
pub(crate) async fn certificate(State(admin): State<Admin>, Path(person): Path<PersonId>) -> Answer<Certificate> {
    let service = &admin.service;
    // What was recorded when the command was typed is in it.
    drop(service.read_now(read_models::AUDIT_HISTORY).await?);
    let views = |name: &str| service.runtime.views(name).ok_or_else(|| Failure::failed(format!("there is no read model {name}")));
    let others = [
        read_models::DIRECTORY,
        read_models::ENTITLEMENTS,
        read_models::REVIEW_QUEUE,
        read_models::REGISTRATION_STATUS,
        read_models::DEADLINES,
    ];
    let others = others.iter().map(|name| views(name)).collect::<Result<Vec<_>, _>>()?;
    let sources = Sources {
        workflows: &service.workflows,
        audit_history: &views(read_models::AUDIT_HISTORY)?,
        notification_dispatch: &views(read_models::NOTIFICATION_DISPATCH)?,
        public_feed: &views(read_models::PUBLIC_FEED)?,
        others: &others.iter().collect::<Vec<_>>(),
    };
    let found = certified(sources, person).await.map_err(|problem| Failure::Unavailable(problem.detail))?;
    Ok(Json(found.ok_or_else(|| Failure::Refused(format!("nobody asked to forget person {person}")))?))
}
