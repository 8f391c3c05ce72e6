//! Subscriptions.

use domain::{ApplicationId, OrganizationId, Owner};
use projection_runtime::sql::Database;
use projection_runtime::table::{Column, Json, select};

use super::{Conditions, text};
use crate::{Subscription, SubscriptionState};

/// The subscription of an organization to an application.
///
/// # Errors
/// When the database fails.
pub async fn subscription(
    conn: &mut impl Database,
    organization: OrganizationId,
    application: ApplicationId,
) -> Result<Option<Subscription>, sqlx::Error> {
    let found = select(conn, "WHERE organization = $1 AND application = $2", vec![text(organization), text(application)]).await?;
    Ok(found.into_iter().next())
}

/// All subscriptions of an organization, by application: as many as the catalogue has applications, at most.
///
/// # Errors
/// When the database fails.
pub async fn subscriptions_of(conn: &mut impl Database, organization: OrganizationId) -> Result<Vec<Subscription>, sqlx::Error> {
    select(conn, "WHERE organization = $1 ORDER BY application", vec![text(organization)]).await
}

/// The subscriptions to an application, by organization. `after`: the organization of the last row before.
///
/// # Errors
/// When the database fails.
pub async fn subscriptions_to(
    conn: &mut impl Database,
    application: ApplicationId,
    state: Option<SubscriptionState>,
    after: Option<OrganizationId>,
    limit: u32,
) -> Result<Vec<Subscription>, sqlx::Error> {
    let (rest, parameters) = Conditions::default()
        .and("application = ?", [text(application)])
        .and_if("state = ?", state, |state| vec![text(state)])
        .and_if("organization > ?", after, |after| vec![text(after)])
        .finish("organization", limit);
    select(conn, &rest, parameters).await
}

/// The subscriptions to all applications of one owner, by application and organization. `after`: both of the last row before.
///
/// # Errors
/// When the database fails.
pub async fn subscriptions_of_owner(
    conn: &mut impl Database,
    owner: Owner,
    state: Option<SubscriptionState>,
    after: Option<(ApplicationId, OrganizationId)>,
    limit: u32,
) -> Result<Vec<Subscription>, sqlx::Error> {
    let (rest, parameters) = Conditions::default()
        .and("application IN (SELECT application FROM application_owners WHERE owner = ?)", [Json(owner).value()?])
        .and_if("state = ?", state, |state| vec![text(state)])
        .and_if("(application, organization) > (?, ?)", after, |(application, organization)| vec![text(application), text(organization)])
        .finish("application, organization", limit);
    select(conn, &rest, parameters).await
}
