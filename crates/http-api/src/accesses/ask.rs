//! `POST /v1/accesses`: a user asks for access, or an administrator proposes it for one.

use axum::extract::State;
use command_handlers::workflows::AskAccess;
use domain::access::AccessEvent;
use domain::{ApplicationId, PersonId, Reason};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::access::{Belongs, By, Granted, SignedIn};
use crate::body::Body;
use crate::checks::Checks;
use crate::command::{Accepted, Incoming};
use crate::problem::Problem;
use crate::services::Services;

/// Access to what, and for whom.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AskForAccess {
    /// To which application.
    pub application: Uuid,
    /// For which user, if not for the caller: an administrator of the organization, or of the application, proposes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<Uuid>,
    /// Why it is needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What became of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct AccessAsked {
    /// The access's id.
    pub id: Uuid,
    /// `requested`: an application administrator decides; `granted`: the application can be opened; `unchanged`: it was so.
    pub outcome: &'static str,
}

/// Ask for access
///
/// To an application that the organization is subscribed to. Where access is automatic, it is granted at once.
#[utoipa::path(
    post,
    path = "/v1/accesses",
    tag = "Access",
    request_body = AskForAccess,
    responses(
        (status = 200, description = "Asked for, or granted", body = AccessAsked),
        (status = 403, description = "The caller may not propose access for others", body = Problem),
        (status = 404, description = "There is no such user in the organization", body = Problem),
        (status = 409, description = "The organization is not subscribed, or the user is suspended", body = Problem),
    )
)]
pub(super) async fn ask(
    State(services): State<Services>,
    granted: Granted,
    By(SignedIn { person: caller, organization, .. }): By<SignedIn>,
    incoming: Incoming,
    Body(body): Body<AskForAccess>,
) -> Result<Accepted<AccessAsked>, Problem> {
    let sent = incoming.sent(&services, "ask access", &body);
    let mut checks = Checks::default();
    let reason = checks.parse_optional("/reason", body.reason.as_deref(), Reason::parse);
    checks.finish(Some(()))?;
    let application = ApplicationId(body.application);
    let user = body.user.map_or(caller, PersonId);
    let proposed_by = (user != caller).then_some(caller);
    let asked = Belongs { person: Some(user), organization: Some(organization), application: Some(application), ..Belongs::default() };
    if !granted.covers(&asked) {
        return Err(Problem::forbidden("only an administrator proposes access for others"));
    }
    let ask = AskAccess { user, organization, application, proposed_by, reason };
    let (id, answer) = services.workflows.ask_access(ask, &sent).await?;
    let outcome = match answer.events.first() {
        Some(AccessEvent::Granted { .. }) => "granted",
        Some(AccessEvent::Requested { .. }) => "requested",
        Some(AccessEvent::Denied { .. } | AccessEvent::Revoked { .. }) | None => "unchanged",
    };
    Ok(Accepted::new(&services, &answer, AccessAsked { id: id.0, outcome }))
}
