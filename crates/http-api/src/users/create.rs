//! `POST /v1/users`: creates a user.

use axum::extract::State;
use domain::application::Application;
use domain::user::UserRole;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::access::{By, OrganizationAdministrator};
use crate::body::Body;
use crate::caller::Caller;
use crate::checks::Checks;
use crate::command::{Accepted, Incoming};
use crate::credentials::shown_lately_by;
use crate::fields::{ContactDetails, HeldRole};
use crate::limits::Metered;
use crate::problem::Problem;
use crate::services::Services;

/// Whose account is to be created.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateUser {
    /// How to reach them: the mail with the User ID goes there.
    pub contact: ContactDetails,
    /// What they shall be beside a user.
    #[serde(default)]
    pub roles: Vec<HeldRole>,
    /// The one-time password for their first login: proposed by `POST /v1/users/one-time-password-proposals` or typed. It is
    /// never mailed and never shown again: the caller hands it over.
    pub one_time_password: String,
}

/// What of it makes the same command the same.
#[derive(Serialize)]
struct Asked<'a> {
    contact: &'a ContactDetails,
    roles: &'a [HeldRole],
}

/// The user.
#[derive(Debug, Serialize, ToSchema)]
pub struct Created {
    /// Their id.
    pub id: Uuid,
    /// Their User ID, for good.
    #[schema(example = "GU-7K3M-Q2XD")]
    pub user_id: String,
}

/// Create a user
///
/// They get a mail with their User ID and a link to first-time login; the one-time password is handed over by the caller.
#[utoipa::path(
    post,
    path = "/v1/users",
    tag = "Users",
    request_body = CreateUser,
    responses(
        (status = 201, description = "The account is created", body = Created),
        (status = 403, description = "The caller does not administer the organization, or creates an administrator and has not shown a factor \
            lately", body = Problem),
        (status = 422, description = "A field is not valid, or the one-time password is too weak", body = Problem),
    )
)]
pub(super) async fn create(
    State(services): State<Services>,
    By(OrganizationAdministrator { person: administrator, organization }): By<OrganizationAdministrator>,
    caller: Caller,
    incoming: Incoming,
    metered: Metered,
    Body(body): Body<CreateUser>,
) -> Result<Accepted<Created>, Problem> {
    let sent = incoming.sent(&services, "create user", &Asked { contact: &body.contact, roles: &body.roles });
    let mut checks = Checks::default();
    let contact = body.contact.parse(&mut checks, "/contact");
    let contact = checks.finish(contact)?;
    let roles = known_roles(&services, &body.roles).await?;
    if roles.contains(&UserRole::OrganizationAdministrator) {
        shown_lately_by(&caller, &services)?;
    }
    let mail = metered.mail(&services, contact.email.as_str())?;
    let (person, user_id, answer) =
        services.workflows.create_user_of(organization, administrator, contact, roles, &body.one_time_password, &sent).await?;
    if !answer.repeated {
        mail.keep();
    }
    let created = Created { id: person.0, user_id: user_id.to_string() };
    Ok(Accepted::new(&services, &answer, created).created(format!("/v1/users/{person}")))
}

/// The roles, if the applications that they are for are in the catalogue.
async fn known_roles(services: &Services, roles: &[HeldRole]) -> Result<Vec<UserRole>, Problem> {
    let mut checks = Checks::default();
    let mut known = Vec::with_capacity(roles.len());
    for (index, role) in roles.iter().enumerate() {
        let role = known_role(services, *role, &mut checks, &format!("/roles/{index}")).await?;
        if !known.contains(&role) {
            known.push(role);
        }
    }
    checks.finish(Some(known))
}

/// The role; if the application that it is for is not in the catalogue, that is noted below this pointer.
pub(super) async fn known_role(services: &Services, role: HeldRole, checks: &mut Checks, pointer: &str) -> Result<UserRole, Problem> {
    let role = UserRole::from(role);
    if let UserRole::ApplicationAdministrator(application) = role {
        let published = services.handlers.inspect::<Application, _>(application.0, |state, _| state.published().is_some()).await?;
        if published != Some(true) {
            checks.wrong(format!("{pointer}/application"), "the catalogue has no such application");
        }
    }
    Ok(role)
}
