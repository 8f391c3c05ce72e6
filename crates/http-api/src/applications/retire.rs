//! `POST /v1/applications/{id}/retire`: takes an application out of the catalogue.

use axum::extract::State;
use domain::ApplicationId;
use domain::application::{Application, ApplicationCommand};

use crate::body::Body;
use crate::command::{Accepted, Incoming};
use crate::extract::Path;
use crate::fields::{Because, Done};
use crate::problem::Problem;
use crate::services::Services;

/// Retire an application
///
/// It takes no new subscriptions or access; those that there are stay.
#[utoipa::path(
    post,
    path = "/v1/applications/{id}/retire",
    tag = "Applications",
    params(("id" = Uuid, Path, description = "Which application")),
    request_body = Because,
    responses(
        (status = 200, description = "It is retired", body = Done),
        (status = 404, description = "There is no such application", body = Problem),
    )
)]
pub(super) async fn retire(
    State(services): State<Services>,
    incoming: Incoming,
    Path(id): Path<ApplicationId>,
    Body(body): Body<Because>,
) -> Result<Accepted<Done>, Problem> {
    let sent = incoming.sent(&services, &format!("retire application {id}"), &body);
    let command = ApplicationCommand::RetireApplication { reason: body.parse()? };
    let answer = services.handlers.handle::<Application>(id.0, command, &sent).await?;
    Ok(Accepted::new(&services, &answer, Done { id: id.0 }))
}
