//! `POST /v1/registrations/{id}/administrators`: names an administrator.

use axum::extract::State;
use command_handlers::workflows;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::progress::{Progress, look, unchanged};
use crate::access::{OwnCase, The};
use crate::body::Body;
use crate::checks::Checks;
use crate::command::{Accepted, Incoming};
use crate::extract::IfMatch;
use crate::fields::{ContactDetails, HeldRole};
use crate::problem::Problem;
use crate::services::Services;

/// Whom to name.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NominateAdministrator {
    /// How to reach them.
    pub nominee: ContactDetails,
    /// What they shall be.
    pub role: HeldRole,
    /// Whether the registrant names themselves.
    #[serde(default)]
    pub is_registrant: bool,
    /// Their one-time password: the proposed one, or another of equal strength. It is never shown or mailed: hand it over.
    #[serde(skip_serializing)]
    #[schema(write_only)]
    pub one_time_password: String,
}

/// The administrator-to-be.
#[derive(Debug, Serialize, ToSchema)]
pub struct NominatedAdministrator {
    /// Who: the id under which they are corrected.
    pub person: Uuid,
    /// Where the registration stands.
    #[serde(flatten)]
    pub progress: Progress,
}

/// Name an administrator
///
/// Of the organization or of an application. One who is named already is given another role instead.
#[utoipa::path(
    post,
    path = "/v1/registrations/{id}/administrators",
    tag = "Registrations",
    params(("id" = Uuid, Path, description = "The registration")),
    request_body = NominateAdministrator,
    responses(
        (status = 201, description = "They are named", body = NominatedAdministrator),
        (status = 409, description = "Another step comes first, or they are named already", body = Problem),
        (status = 422, description = "A field is not valid, or the one-time password is too weak", body = Problem),
    )
)]
pub(super) async fn nominate(
    State(services): State<Services>,
    The(OwnCase(id)): The<OwnCase>,
    incoming: Incoming,
    version: IfMatch,
    Body(body): Body<NominateAdministrator>,
) -> Result<Accepted<NominatedAdministrator>, Problem> {
    let mut checks = Checks::default();
    let contact = body.nominee.parse(&mut checks, "/nominee");
    let contact = checks.finish(contact)?;
    let sent = incoming.sent(&services, &format!("nominate {id}"), &body);
    unchanged(id, version, &sent, &services).await?;
    let nominate = workflows::Nominate {
        contact,
        is_registrant: body.is_registrant,
        one_time_password: body.one_time_password,
        role: body.role.into(),
    };
    let (person, answer) = services.workflows.nominate(id, nominate, &sent).await?;
    let progress = look(id, &services, |case| Progress::of(id, case)).await?;
    let version = progress.dossier_version;
    let nominated = NominatedAdministrator { person: person.0, progress };
    Ok(Accepted::new(&services, &answer, nominated).created(format!("/v1/registrations/{id}/administrators/{person}")).version(version))
}
