//! Invitations.

use domain::{InvitationId, OrganizationId, Owner};
use projection_runtime::Position;
use projection_runtime::sql::Database;
use projection_runtime::table::{Column, Json, select};

use super::{Conditions, one, text};
use crate::{Invitation, InvitationState};

/// An invitation by its id.
///
/// # Errors
/// When the database fails.
pub async fn invitation(conn: &mut impl Database, id: InvitationId) -> Result<Option<Invitation>, sqlx::Error> {
    one(conn, "WHERE id = $1", vec![text(id)]).await
}

/// Which invitations to list. Each part narrows it; none of them: all.
#[derive(Debug, Clone, Copy, Default)]
pub struct InvitationFilter {
    /// Those that this inviter sent.
    pub inviter: Option<Owner>,
    /// Those that are, or were, offers to this organization.
    pub organization: Option<OrganizationId>,
    /// Those in this state.
    pub state: Option<InvitationState>,
}

/// Invitations, the newest first. `before`: the `position` of the last one of the page before.
///
/// # Errors
/// When the database fails.
pub async fn invitations(
    conn: &mut impl Database,
    filter: &InvitationFilter,
    before: Option<Position>,
    limit: u32,
) -> Result<Vec<Invitation>, sqlx::Error> {
    if filter.inviter.is_none() || filter.organization.is_some() || filter.state.is_some() {
        return page(conn, filter, before, limit).await;
    }
    // The index of an inviter's invitations has them by state: a page of each is read, and the newest of all are the page.
    let mut found = Vec::new();
    for state in InvitationState::ALL {
        found.append(&mut page(conn, &InvitationFilter { state: Some(*state), ..*filter }, before, limit).await?);
    }
    found.sort_by_key(|invitation| std::cmp::Reverse(invitation.position));
    found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(found)
}

async fn page(
    conn: &mut impl Database,
    filter: &InvitationFilter,
    before: Option<Position>,
    limit: u32,
) -> Result<Vec<Invitation>, sqlx::Error> {
    let mut conditions = Conditions::default();
    if let Some(inviter) = filter.inviter {
        conditions.and("inviter = ?", Json(inviter).value()?);
    }
    if let Some(organization) = filter.organization {
        conditions.and("organization = ?", text(organization));
    }
    if let Some(state) = filter.state {
        conditions.and("state = ?", text(state));
    }
    if let Some(before) = before {
        conditions.and("position < ?", before.0.value()?);
    }
    let (rest, parameters) = conditions.finish("position DESC", limit);
    select(conn, &rest, parameters).await
}
