//! `POST /v1/organizations/{id}/administrators`: an administrator for an organization that has none.

use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::access::{By, Company, ServiceAdministrator, The};
use crate::body::Body;
use crate::caller::Caller;
use crate::checks::Checks;
use crate::command::{Accepted, Incoming};
use crate::credentials::shown_lately_by;
use crate::fields::ContactDetails;
use crate::limits::Metered;
use crate::problem::Problem;
use crate::services::Services;
use crate::users::create::Created;

/// Who shall administer the organization.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateAdministrator {
    /// How to reach them: the mail with the User ID goes there.
    pub contact: ContactDetails,
    /// The one-time password for their first login: proposed by `POST /v1/users/one-time-password-proposals` or typed. It is
    /// never mailed and never shown again: the caller hands it over.
    pub one_time_password: String,
}

/// Create an administrator for an organization that has none
///
/// For an organization none of whose administrators can act: the last one was forgotten, or the first ones never came. Where one
/// can, the organization's users are created by its administrators. They get a mail with their User ID and a link to first-time login.
#[utoipa::path(
    post,
    path = "/v1/organizations/{id}/administrators",
    tag = "Organizations",
    params(("id" = Uuid, Path, description = "Which organization")),
    request_body = CreateAdministrator,
    responses(
        (status = 201, description = "The account is created", body = Created),
        (status = 403, description = "The caller has not shown a factor within the last quarter of an hour", body = Problem),
        (status = 404, description = "There is no such organization in good standing", body = Problem),
        (status = 409, description = "An administrator of the organization can act", body = Problem),
        (status = 422, description = "A field is not valid, or the one-time password is too weak", body = Problem),
    )
)]
pub(super) async fn create_administrator(
    State(services): State<Services>,
    By(ServiceAdministrator { person: by }): By<ServiceAdministrator>,
    The(Company(organization)): The<Company>,
    caller: Caller,
    incoming: Incoming,
    metered: Metered,
    Body(body): Body<CreateAdministrator>,
) -> Result<Accepted<Created>, Problem> {
    shown_lately_by(&caller, &services)?;
    let sent = incoming.sent(&services, &format!("create administrator {organization}"), &body.contact);
    let mut checks = Checks::default();
    let contact = body.contact.parse(&mut checks, "/contact");
    let contact = checks.finish(contact)?;
    let mail = metered.mail(&services, contact.email.as_str())?;
    let restored = services.workflows.restore_administrator(organization, by, contact, &body.one_time_password, &sent);
    let (person, user_id, answer) = restored.await?;
    if !answer.repeated {
        mail.keep();
    }
    let created = Created { id: person.0, user_id: user_id.to_string() };
    Ok(Accepted::new(&services, &answer, created).created(format!("/v1/users/{person}")))
}
