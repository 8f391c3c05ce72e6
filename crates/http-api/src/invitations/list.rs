//! `GET /v1/invitations`: the invitations that were sent.

use axum::extract::State;
use directory::InvitationFilter;
use domain::{OrganizationId, Owner};
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use super::view::{InvitationView, parse_after};
use crate::access::{Granted, Reach};
use crate::extract::{Query, page_size};
use crate::found::{Found, Page};
use crate::position::ReadAt;
use crate::problem::Problem;
use crate::reads::{broken, word};
use crate::services::Services;

/// Which invitations.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct Ask {
    /// For the staff: those that this partner sent; without, those of all inviters.
    partner: Option<Uuid>,
    /// For the staff: `true`: those that the operator itself sent.
    #[serde(default)]
    operator: bool,
    /// Those that are, or were, offers to this registered organization.
    organization: Option<Uuid>,
    /// Only those in this state: `sent`, `opened`, `offered`, `accepted`, `offer_accepted`, `offer_declined`, `revoked`, `expired`.
    state: Option<String>,
    /// Where to go on: `next` of the page before.
    after: Option<String>,
    /// How many, 1 to 100; 50 unless said.
    limit: Option<u32>,
}

/// List invitations
///
/// A partner sees its own; the staff those of all partners and the operator's, or of one of them. The newest come first.
#[utoipa::path(
    get,
    path = "/v1/invitations",
    tag = "Invitations",
    params(Ask),
    responses((status = 200, description = "A page of them", body = Page<InvitationView>), (status = 400, description = "The query cannot be read", body = Problem))
)]
pub(super) async fn list(
    State(services): State<Services>,
    granted: Granted,
    at: ReadAt,
    Query(ask): Query<Ask>,
) -> Result<Found<Page<InvitationView>>, Problem> {
    let limit = page_size(ask.limit)?;
    let owner = if let Some(Reach::Owned(owner)) = granted.reach() { *owner } else { Owner::Operator };
    let inviter = match (owner, ask.partner, ask.operator) {
        (Owner::Partner(own), other, operator) if operator || other.is_some_and(|other| other != own.0) => {
            return Err(Problem::forbidden("a partner sees its own invitations only"));
        }
        (Owner::Partner(own), ..) => Some(Owner::Partner(own)),
        (Owner::Operator, Some(_), true) => {
            return Err(Problem::malformed("query:operator", "ask for the invitations of one partner, or for the operator's"));
        }
        (Owner::Operator, Some(partner), false) => Some(Owner::Partner(OrganizationId(partner))),
        (Owner::Operator, None, true) => Some(Owner::Operator),
        (Owner::Operator, None, false) => None,
    };
    let filter =
        InvitationFilter { inviter, organization: ask.organization.map(OrganizationId), state: word("state", ask.state.as_deref())? };
    let after = parse_after(ask.after.as_deref())?;
    let mut view = services.read(&services.views.directory, at).await?;
    let rows = directory::invitations(view.rows(), &filter, after, limit + 1).await.map_err(broken)?;
    let page = Page::of(rows, limit, |row| row.position.to_string(), InvitationView::from);
    Ok(Found::at(&services, view.position(), page))
}
