//! `POST /v1/erasures/{person}/acknowledge`: a service keeps nothing of a person any more.

use axum::extract::State;
use domain::PersonId;
use domain::person::{Person, PersonCommand};

use crate::access::{By, DownstreamService};
use crate::command::{Accepted, Incoming};
use crate::extract::Path;
use crate::fields::Done;
use crate::problem::Problem;
use crate::services::Services;

/// Acknowledge an erasure
///
/// To be sent once everything that the service kept of the person is erased. Sent again, it changes nothing.
#[utoipa::path(
    post,
    path = "/v1/erasures/{person}/acknowledge",
    tag = "Erasures",
    params(("person" = Uuid, Path, description = "Who was erased, as `person.erased.v1` names them")),
    responses(
        (status = 200, description = "It is on record", body = Done),
        (status = 404, description = "Nobody of this id was asked to be forgotten", body = Problem),
        (status = 409, description = "The person is not erased yet", body = Problem),
    )
)]
pub(super) async fn acknowledge(
    State(services): State<Services>,
    By(DownstreamService { service, .. }): By<DownstreamService>,
    incoming: Incoming,
    Path(person): Path<PersonId>,
) -> Result<Accepted<Done>, Problem> {
    if services.handlers.inspect::<Person, _>(person.0, |_, _| ()).await?.is_none() {
        return Err(Problem::not_found("erasure"));
    }
    let sent = incoming.sent(&services, &format!("acknowledge erasure {person}"), &());
    let answer = services.handlers.handle::<Person>(person.0, PersonCommand::AcknowledgeErasure { service }, &sent).await?;
    Ok(Accepted::new(&services, &answer, Done { id: person.0 }))
}
