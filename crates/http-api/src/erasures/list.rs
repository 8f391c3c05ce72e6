//! `GET /v1/erasures`: who was erased, and who has not acknowledged it.

use std::collections::HashMap;

use axum::extract::State;
use domain::{PersonId, ServiceId};
use jiff::Timestamp;
use projection_runtime::Position;
use public_feed::{Acknowledgement, Erasure};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::caller::Caller;
use crate::extract::{Query, page_size};
use crate::found::{Found, Page};
use crate::position::ReadAt;
use crate::problem::Problem;
use crate::reads::broken;
use crate::services::Services;

/// Which erasures.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ErasuresQuery {
    /// Only those that some service has not acknowledged yet. A service is shown only those that it has not acknowledged itself.
    #[serde(default)]
    outstanding: bool,
    /// `next` of the page before.
    after: Option<u64>,
    /// How many, 1 to 100; 50 unless told.
    limit: Option<u32>,
}

/// A person who was erased.
#[derive(Debug, Serialize, ToSchema)]
pub struct ErasureShown {
    /// Who it was.
    pub person: Uuid,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub erased_at: Timestamp,
    /// The services that have acknowledged it, and those that were registered then and have not. A service sees itself only.
    pub services: Vec<AcknowledgementShown>,
}

/// Whether a service has acknowledged an erasure.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct AcknowledgementShown {
    /// Which service.
    #[schema(example = "sft-provisioning")]
    pub service: String,
    /// When it did; absent: not yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub acknowledged_at: Option<Timestamp>,
}

/// List erasures
///
/// The oldest first, with who has acknowledged them when, and who has not. A service sees those that it has not acknowledged yet.
#[utoipa::path(
    get,
    path = "/v1/erasures",
    tag = "Erasures",
    operation_id = "list",
    params(ErasuresQuery),
    responses((status = 200, description = "A page of erasures", body = Page<ErasureShown>))
)]
pub(super) async fn erasures(
    State(services): State<Services>,
    caller: Caller,
    at: ReadAt,
    Query(query): Query<ErasuresQuery>,
) -> Result<Found<Page<ErasureShown>>, Problem> {
    let size = page_size(query.limit)?;
    let after = Position(query.after.unwrap_or_default());
    let mut view = services.read(&services.views.public_feed, at).await?;
    let cursor = |erasure: &Erasure| erasure.position.to_string();
    let page = if let Caller::Service { service, name, .. } = caller {
        let rows = public_feed::outstanding_of(view.rows(), service, after, size + 1).await.map_err(broken)?;
        let own = || vec![AcknowledgementShown { service: name.to_string(), acknowledged_at: None }];
        Page::of(rows, size, cursor, |erasure| shown(&erasure, own()))
    } else {
        let rows = public_feed::erasures(view.rows(), query.outstanding, after, size + 1).await.map_err(broken)?;
        let people: Vec<PersonId> = rows.iter().map(|erasure| erasure.person).collect();
        let acknowledgements = public_feed::acknowledgements_of(view.rows(), &people).await.map_err(broken)?;
        let names = public_feed::services(view.rows()).await.map_err(broken)?;
        let names: HashMap<ServiceId, String> = names.into_iter().map(|service| (service.service, service.name)).collect();
        Page::of(rows, size, cursor, |erasure| {
            let of_it = acknowledgements.iter().filter(|row| row.person == erasure.person);
            let mut of_it: Vec<_> = of_it.map(|row| named(row, &names)).collect();
            of_it.sort_by(|one, other| one.service.cmp(&other.service));
            shown(&erasure, of_it)
        })
    };
    Ok(Found::at(&services, view.position(), page))
}

fn shown(erasure: &Erasure, services: Vec<AcknowledgementShown>) -> ErasureShown {
    ErasureShown { person: erasure.person.0, erased_at: erasure.erased_at, services }
}

fn named(row: &Acknowledgement, names: &HashMap<ServiceId, String>) -> AcknowledgementShown {
    let service = names.get(&row.service).cloned().unwrap_or_else(|| row.service.to_string());
    AcknowledgementShown { service, acknowledged_at: row.acknowledged_at }
}
