//! `POST /v1/persons/{id}/forget`: begins to erase a person's data.

use axum::extract::State;
use domain::PersonId;
use domain::person::{Person, PersonCommand};
use key_ring::KeyRingError;

use crate::body::Body;
use crate::command::{Accepted, Incoming};
use crate::extract::Path;
use crate::fields::{Because, Done};
use crate::problem::Problem;
use crate::services::Services;

/// Forget a person
///
/// Their key is destroyed, with their secrets and sessions; history stays, with `erased` in place of what was personal. It
/// cannot be undone. The answer says that it has begun; it is done within moments, and after a crash too.
#[utoipa::path(
    post,
    path = "/v1/persons/{id}/forget",
    tag = "Persons",
    params(("id" = Uuid, Path, description = "Which person")),
    request_body = Because,
    responses(
        (status = 200, description = "It has begun", body = Done),
        (status = 404, description = "There is no such person", body = Problem),
    )
)]
pub(super) async fn forget(
    State(services): State<Services>,
    incoming: Incoming,
    Path(id): Path<PersonId>,
    Body(body): Body<Because>,
) -> Result<Accepted<Done>, Problem> {
    let sent = incoming.sent(&services, &format!("forget {id}"), &body);
    let reason = body.parse()?;
    let keys = std::sync::Arc::clone(&services.keys);
    let known = tokio::task::spawn_blocking(move || keys.is_destroyed(id)).await.map_err(|error| Problem::internal(&error))?;
    match known {
        Ok(_) => {}
        Err(KeyRingError::UnknownPerson(_)) => return Err(Problem::not_found("person")),
        Err(error) => return Err(Problem::internal(&error)),
    }
    let answer = services.handlers.handle::<Person>(id.0, PersonCommand::ForgetPerson { reason }, &sent).await?;
    Ok(Accepted::new(&services, &answer, Done { id: id.0 }))
}
