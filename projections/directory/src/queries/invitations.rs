//! Invitations.

use domain::{InvitationId, OrganizationId, Owner};
use projection_runtime::Position;
use projection_runtime::table::{Column, Json, select};
use sqlx::AnyConnection;

use super::{Conditions, one, text};
use crate::{Invitation, InvitationState};

/// An invitation by its id.
///
/// # Errors
/// When the database fails.
pub async fn invitation(conn: &mut AnyConnection, id: InvitationId) -> Result<Option<Invitation>, sqlx::Error> {
    one(conn, "WHERE id = $1", vec![text(id)]).await
}

/// The invitations of one inviter, the newest first. `before`: the `position` of the last one of the page before.
///
/// # Errors
/// When the database fails.
pub async fn invitations_of(
    conn: &mut AnyConnection,
    inviter: Owner,
    state: Option<InvitationState>,
    before: Option<Position>,
    limit: u32,
) -> Result<Vec<Invitation>, sqlx::Error> {
    let mut conditions = Conditions::default();
    conditions.and("inviter = ?", Json(inviter).value()?);
    page(conn, conditions, state, before, limit).await
}

/// The invitations that are, or were, offers to this organization, the newest first; paged likewise.
///
/// # Errors
/// When the database fails.
pub async fn offers_to(
    conn: &mut AnyConnection,
    organization: OrganizationId,
    state: Option<InvitationState>,
    before: Option<Position>,
    limit: u32,
) -> Result<Vec<Invitation>, sqlx::Error> {
    let mut conditions = Conditions::default();
    conditions.and("organization = ?", text(organization));
    page(conn, conditions, state, before, limit).await
}

async fn page(
    conn: &mut AnyConnection,
    mut conditions: Conditions,
    state: Option<InvitationState>,
    before: Option<Position>,
    limit: u32,
) -> Result<Vec<Invitation>, sqlx::Error> {
    if let Some(state) = state {
        conditions.and("state = ?", text(state));
    }
    if let Some(before) = before {
        conditions.and("position < ?", before.0.value()?);
    }
    let (rest, parameters) = conditions.finish("position DESC", limit);
    select(conn, &rest, parameters).await
}
