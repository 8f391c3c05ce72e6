//! `GET /v1/users` and `GET /v1/users/{id}`: the users of the organization.

use axum::extract::State;
use domain::service::Sees;
use domain::{ApplicationId, PersonId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::access::{By, Member, OrganizationAdministrator, The};
use crate::caller::Caller;
use crate::downstream::as_told;
use crate::extract::{Query, page_size};
use crate::fields::HeldRole;
use crate::found::{Found, Page};
use crate::position::ReadAt;
use crate::problem::Problem;
use crate::reads::{broken, word};
use crate::services::Services;

/// Which users.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct UsersQuery {
    /// Those in this state: `invited`, `self_registered`, `refused`, `invitation_expired`, `pending_first_login`, `active`,
    /// `suspended`, `closed`.
    state: Option<String>,
    /// `next` of the page before.
    after: Option<Uuid>,
    /// How many, 1 to 200; 50 unless told.
    limit: Option<u32>,
}

/// A user of an organization.
#[derive(Debug, Serialize, ToSchema)]
pub struct UserShown {
    /// Their id.
    pub id: Uuid,
    /// Of which organization.
    pub organization: Uuid,
    /// Their User ID, once the account is created.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// The given name, unless not known yet or erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub given_name: Option<String>,
    /// The family name, likewise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub family_name: Option<String>,
    /// The e-mail address, unless erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// What they are beside a user.
    pub roles: Vec<HeldRole>,
    /// Where they stand.
    pub state: String,
    /// Since when.
    #[schema(value_type = String, format = DateTime)]
    pub since: Timestamp,
    /// Why they were refused, suspended, reinstated or closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What became of the last one-time password: `issued`, `locked` (issue a new one), `redeemed`, `spent`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub one_time_password: Option<String>,
    /// Until when the invitation to register can be followed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub invitation_expires_at: Option<Timestamp>,
}

impl From<directory::User> for UserShown {
    fn from(user: directory::User) -> Self {
        Self {
            id: user.person.0,
            organization: user.organization.0,
            user_id: user.user_id,
            given_name: user.given_name,
            family_name: user.family_name,
            email: user.email,
            roles: user.roles.0.into_iter().map(HeldRole::from).collect(),
            state: user.state.to_string(),
            since: user.since,
            reason: user.reason,
            one_time_password: user.one_time_password_state.map(|state| state.to_string()),
            invitation_expires_at: user.invitation_expires_at,
        }
    }
}

/// List the users
///
/// Of the caller's own organization, in the order in which they came.
#[utoipa::path(
    get,
    path = "/v1/users",
    tag = "Users",
    operation_id = "list",
    params(UsersQuery),
    responses((status = 200, description = "A page of users", body = Page<UserShown>))
)]
pub(super) async fn users(
    State(services): State<Services>,
    By(OrganizationAdministrator { organization, .. }): By<OrganizationAdministrator>,
    at: ReadAt,
    Query(query): Query<UsersQuery>,
) -> Result<Found<Page<UserShown>>, Problem> {
    let state = word("state", query.state.as_deref())?;
    let size = page_size(query.limit)?;
    let mut view = services.read(&services.views.directory, at).await?;
    let after = query.after.map(PersonId);
    let rows = directory::users_of(view.rows(), organization, state, after, size + 1).await.map_err(broken)?;
    Ok(Found::at(&services, view.position(), Page::of(rows, size, |user| user.person.to_string(), UserShown::from)))
}

/// Show a user
///
/// An organization's administrator sees those of the organization. A downstream service sees who has an account, with User ID, name and
/// e-mail address, so that it can provision one of its own; one that is limited to applications, who has access to one of them.
#[utoipa::path(
    get,
    path = "/v1/users/{id}",
    tag = "Users",
    operation_id = "show",
    params(("id" = Uuid, Path, description = "Which user")),
    responses(
        (status = 200, description = "The user", body = UserShown),
        (status = 404, description = "There is no such user, or not for the caller", body = Problem),
    )
)]
pub(super) async fn user(
    State(services): State<Services>,
    caller: Caller,
    The(user): The<Member>,
    at: ReadAt,
) -> Result<Found<UserShown>, Problem> {
    if let Caller::Service { sees, .. } = &caller {
        return for_a_service(services, sees, at, user.person).await;
    }
    let mut view = services.read(&services.views.directory, at).await?;
    let user = directory::user(view.rows(), user.person).await.map_err(broken)?.ok_or_else(|| Problem::not_found("user"))?;
    Ok(Found::at(&services, view.position(), user.into()))
}

/// What a downstream service is shown of a user: what an account needs.
async fn for_a_service(services: Services, sees: &Sees, at: ReadAt, person: PersonId) -> Result<Found<UserShown>, Problem> {
    let mut view = services.read(&services.views.directory, as_told(&services, at)).await?;
    let user = directory::user(view.rows(), person).await.map_err(broken)?;
    // Who was only invited has no account, and is told of to nobody.
    let user = user.filter(|user| user.user_id.is_some()).ok_or_else(|| Problem::not_found("user"))?;
    let mut shown = UserShown { reason: None, one_time_password: None, invitation_expires_at: None, ..user.into() };
    shown.roles.retain(|role| match role {
        HeldRole::OrganizationAdministrator {} => true,
        HeldRole::ApplicationAdministrator { application } => sees.application(ApplicationId(*application)),
    });
    Ok(Found::at(&services, view.position(), shown))
}
