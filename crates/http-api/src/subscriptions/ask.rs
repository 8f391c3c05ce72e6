//! `POST /v1/subscriptions`: registers the organization for a public application, from inside an account.

use axum::extract::State;
use domain::ApplicationId;
use domain::subscription::SubscriptionEvent;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::access::{By, OrganizationAdministrator};
use crate::applications::public::CHECK_WITH_BUYER;
use crate::body::Body;
use crate::command::{Accepted, Incoming};
use crate::problem::Problem;
use crate::services::Services;

/// To what.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Subscribe {
    /// The application.
    pub application: Uuid,
}

/// The subscription.
#[derive(Debug, Serialize, ToSchema)]
pub struct SubscriptionAsked {
    /// Its id.
    pub id: Uuid,
    /// `active`: the organization is subscribed; `requested`: the application's owner decides; `unchanged`: it was so.
    pub outcome: &'static str,
    /// To be shown.
    pub notice: &'static str,
}

/// Subscribe the organization
///
/// To a public application that is offered from inside an account. Where its owner reviews, it waits for their decision.
#[utoipa::path(
    post,
    path = "/v1/subscriptions",
    tag = "Subscriptions",
    request_body = Subscribe,
    responses(
        (status = 200, description = "Subscribed, or waiting for the owner", body = SubscriptionAsked),
        (status = 403, description = "Not an administrator, or the application is not offered in this way", body = Problem),
        (status = 410, description = "The application is retired", body = Problem),
    )
)]
pub(super) async fn subscribe(
    State(services): State<Services>,
    By(OrganizationAdministrator { organization, .. }): By<OrganizationAdministrator>,
    incoming: Incoming,
    Body(body): Body<Subscribe>,
) -> Result<Accepted<SubscriptionAsked>, Problem> {
    let sent = incoming.sent(&services, "subscribe", &body);
    let (id, answer) = services.workflows.subscribe(organization, ApplicationId(body.application), &sent).await?;
    let outcome = match answer.events.first() {
        Some(SubscriptionEvent::Activated { .. }) => "active",
        Some(SubscriptionEvent::Requested { .. }) => "requested",
        Some(SubscriptionEvent::Denied { .. } | SubscriptionEvent::Ended { .. }) | None => "unchanged",
    };
    Ok(Accepted::new(&services, &answer, SubscriptionAsked { id: id.0, outcome, notice: CHECK_WITH_BUYER }))
}
