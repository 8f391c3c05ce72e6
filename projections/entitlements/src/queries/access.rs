//! Access.

use std::collections::BTreeMap;

use domain::{ApplicationId, OrganizationId, PersonId};
use projection_runtime::Position;
use projection_runtime::sql::Database;
use projection_runtime::table::{Column, select};
use serde::Serialize;

use super::{Conditions, subscriptions_of, text};
use crate::{Access, AccessState, Subscription, SubscriptionState};

/// The access of a user to an application.
///
/// # Errors
/// When the database fails.
pub async fn access(conn: &mut impl Database, person: PersonId, application: ApplicationId) -> Result<Option<Access>, sqlx::Error> {
    let found = select(conn, "WHERE person = $1 AND application = $2", vec![text(person), text(application)]).await?;
    Ok(found.into_iter().next())
}

/// All access of a user, by application: as much as the catalogue has applications, at most.
///
/// # Errors
/// When the database fails.
pub async fn access_of(conn: &mut impl Database, person: PersonId) -> Result<Vec<Access>, sqlx::Error> {
    select(conn, "WHERE person = $1 ORDER BY application", vec![text(person)]).await
}

/// An application on the *Home* page of a user.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HomeApplication {
    /// Which application.
    pub application: ApplicationId,
    /// The organization's subscription, if there is or was one.
    pub subscription: Option<Subscription>,
    /// The user's access, if it was asked for or given.
    pub access: Option<Access>,
    /// Whether *Open application* works: the organization is subscribed and the user has access.
    pub can_open: bool,
    /// Whether the user can ask for access: the organization is subscribed and the user neither has it nor waits for it.
    pub can_ask: bool,
}

/// The *Home* page of a user: every application that their organization or they themselves have to do with, by application.
///
/// # Errors
/// When the database fails.
pub async fn home(conn: &mut impl Database, person: PersonId, organization: OrganizationId) -> Result<Vec<HomeApplication>, sqlx::Error> {
    let mut both: BTreeMap<ApplicationId, (Option<Subscription>, Option<Access>)> = BTreeMap::new();
    for subscription in subscriptions_of(conn, organization).await? {
        let application = subscription.application;
        both.entry(application).or_default().0 = Some(subscription);
    }
    for access in access_of(conn, person).await? {
        let application = access.application;
        both.entry(application).or_default().1 = Some(access);
    }
    let home = both.into_iter().map(|(application, (subscription, access))| {
        let subscribed = subscription.as_ref().is_some_and(|subscription| subscription.state == SubscriptionState::Active);
        let state = access.as_ref().map(|access| access.state);
        let waits_or_has = match state {
            Some(AccessState::Requested | AccessState::Granted) => true,
            Some(AccessState::Denied | AccessState::Revoked) | None => false,
        };
        HomeApplication {
            application,
            subscription,
            access,
            can_open: subscribed && state == Some(AccessState::Granted),
            can_ask: subscribed && !waits_or_has,
        }
    });
    Ok(home.collect())
}

/// The requests for access that wait in an organization, the oldest first: for one application, or for all.
/// `after`: the `requested_position` of the last row before.
///
/// # Errors
/// When the database fails.
pub async fn access_requests(
    conn: &mut impl Database,
    organization: OrganizationId,
    application: Option<ApplicationId>,
    after: Option<Position>,
    limit: u32,
) -> Result<Vec<Access>, sqlx::Error> {
    let after = after.unwrap_or(Position::START).0.value()?;
    let (rest, parameters) = Conditions::default()
        .and("organization = ?", [text(organization)])
        .and("requested_position > ?", [after])
        .and_if("application = ?", application, |application| vec![text(application)])
        .finish("requested_position", limit);
    select(conn, &rest, parameters).await
}

/// Who of an organization has, had or asks for access to an application, by person. `after`: the person of the last row before.
///
/// # Errors
/// When the database fails.
pub async fn access_to(
    conn: &mut impl Database,
    organization: OrganizationId,
    application: ApplicationId,
    state: Option<AccessState>,
    after: Option<PersonId>,
    limit: u32,
) -> Result<Vec<Access>, sqlx::Error> {
    let (rest, parameters) = Conditions::default()
        .and("organization = ? AND application = ?", [text(organization), text(application)])
        .and_if("state = ?", state, |state| vec![text(state)])
        .and_if("person > ?", after, |after| vec![text(after)])
        .finish("person", limit);
    select(conn, &rest, parameters).await
}
