//! Relationships of organizations with partners.

use domain::OrganizationId;
use projection_runtime::sql::Database;
use projection_runtime::table::select;

use super::{Conditions, text};
use crate::{Relationship, RelationshipState};

/// The relationship of an organization with a partner.
///
/// # Errors
/// When the database fails.
pub async fn relationship(
    conn: &mut impl Database,
    organization: OrganizationId,
    partner: OrganizationId,
) -> Result<Option<Relationship>, sqlx::Error> {
    let found = select(conn, "WHERE organization = $1 AND partner = $2", vec![text(organization), text(partner)]).await?;
    Ok(found.into_iter().next())
}

/// The relationships of a partner, by organization. `after`: the organization of the last row before.
///
/// # Errors
/// When the database fails.
pub async fn relationships_of_partner(
    conn: &mut impl Database,
    partner: OrganizationId,
    state: Option<RelationshipState>,
    after: Option<OrganizationId>,
    limit: u32,
) -> Result<Vec<Relationship>, sqlx::Error> {
    let (rest, parameters) = Conditions::default()
        .and("partner = ?", [text(partner)])
        .and_if("state = ?", state, |state| vec![text(state)])
        .and_if("organization > ?", after, |after| vec![text(after)])
        .finish("organization", limit);
    select(conn, &rest, parameters).await
}

/// The relationships of an organization, by partner. `after`: the partner of the last row before.
///
/// # Errors
/// When the database fails.
pub async fn relationships_of_organization(
    conn: &mut impl Database,
    organization: OrganizationId,
    after: Option<OrganizationId>,
    limit: u32,
) -> Result<Vec<Relationship>, sqlx::Error> {
    let (rest, parameters) = Conditions::default()
        .and("organization = ?", [text(organization)])
        .and_if("partner > ?", after, |after| vec![text(after)])
        .finish("partner", limit);
    select(conn, &rest, parameters).await
}
