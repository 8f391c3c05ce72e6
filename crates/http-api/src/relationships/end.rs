//! `POST /v1/relationships/{organization}/end`: a partner ends a relationship.

use axum::extract::State;
use domain::relationship::{Relationship, RelationshipCommand};

use crate::access::{OwnRelationship, The};
use crate::body::Body;
use crate::command::{Accepted, Incoming};
use crate::fields::{Because, Done};
use crate::problem::Problem;
use crate::services::Services;

/// End a relationship
///
/// Of the partner that calls with this organization. The organization stays registered.
#[utoipa::path(
    post,
    path = "/v1/relationships/{organization}/end",
    tag = "Relationships",
    operation_id = "end",
    params(("organization" = Uuid, Path, description = "With which organization")),
    request_body = Because,
    responses(
        (status = 200, description = "It is ended", body = Done),
        (status = 404, description = "There is no such relationship", body = Problem),
    )
)]
pub(super) async fn end_relationship(
    State(services): State<Services>,
    The(relationship): The<OwnRelationship>,
    incoming: Incoming,
    Body(body): Body<Because>,
) -> Result<Accepted<Done>, Problem> {
    let id = relationship.id;
    let sent = incoming.sent(&services, &format!("end relationship {id}"), &body);
    let command = RelationshipCommand::EndRelationship { reason: body.parse()? };
    let answer = services.handlers.handle::<Relationship>(id.0, command, &sent).await?;
    Ok(Accepted::new(&services, &answer, Done { id: id.0 }))
}
