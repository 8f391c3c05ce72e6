//! `GET /v1/subscriptions/{id}`: a subscription as it is now, for downstream services.

use axum::extract::State;
use domain::SubscriptionId;
use domain::subscription::{Subscribed, Subscription, SubscriptionState};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::access::{DesiredSubscription, The};
use crate::found::Found;
use crate::problem::Problem;
use crate::services::Services;

/// A subscription as it is now.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub struct SubscriptionNow {
    /// Its id, as the `subject` of events has it.
    pub id: Uuid,
    /// Of which organization.
    pub organization: Uuid,
    /// To which application.
    pub application: Uuid,
    /// Where it stands: `requested`, `active`, `denied`, `ended`.
    #[schema(example = "active")]
    pub state: &'static str,
}

fn now(id: SubscriptionId, state: &SubscriptionState) -> Option<SubscriptionNow> {
    let (state, Subscribed { organization, application, origin: _ }) = match state {
        SubscriptionState::NotRequested => return None,
        SubscriptionState::Requested(subscribed) => ("requested", subscribed),
        SubscriptionState::Active(subscribed) => ("active", subscribed),
        SubscriptionState::Denied(subscribed) => ("denied", subscribed),
        SubscriptionState::Ended(subscribed) => ("ended", subscribed),
    };
    Some(SubscriptionNow { id: id.0, organization: organization.0, application: application.0, state })
}

/// Show a subscription
///
/// As it is at this moment, whatever events are still on their way. A service that is limited to applications sees those to them.
#[utoipa::path(
    get,
    path = "/v1/subscriptions/{id}",
    tag = "Subscriptions",
    operation_id = "show",
    params(("id" = Uuid, Path, description = "Which subscription")),
    responses(
        (status = 200, description = "The subscription", body = SubscriptionNow),
        (status = 404, description = "There is no such subscription, or not for the caller", body = Problem),
    )
)]
pub(super) async fn subscription(
    State(services): State<Services>,
    The(subscription): The<DesiredSubscription>,
) -> Result<Found<SubscriptionNow>, Problem> {
    let id = subscription.id;
    let found = services.handlers.inspect::<Subscription, _>(id.0, |state, _| now(id, state)).await?.flatten();
    Ok(Found::now(&services, found.ok_or_else(|| Problem::not_found("subscription"))?))
}
