//! Approves, denies and ends subscriptions.

use axum::extract::State;
use domain::SubscriptionId;
use domain::subscription::{Subscribed, Subscription, SubscriptionCommand};

use crate::body::Body;
use crate::caller::Caller;
use crate::command::{Accepted, Incoming};
use crate::extract::Path;
use crate::fields::{Because, Done};
use crate::permits::owner_of;
use crate::problem::Problem;
use crate::services::Services;

/// The subscription, if the caller speaks for the application's owner; any other is not there.
async fn of_owner(services: &Services, caller: &Caller, id: SubscriptionId) -> Result<Subscribed, Problem> {
    let subscribed = services.handlers.inspect::<Subscription, _>(id.0, |state, _| state.subscribed().copied()).await?.flatten();
    let subscribed = subscribed.ok_or_else(|| Problem::not_found("subscription"))?;
    let owner = owner_of(services, subscribed.application).await?;
    if caller.speaks_for(owner) { Ok(subscribed) } else { Err(Problem::not_found("subscription")) }
}

/// Approve a subscription
///
/// By the owner of the application.
#[utoipa::path(
    post,
    path = "/v1/subscriptions/{id}/approve",
    tag = "Subscriptions",
    operation_id = "approve",
    params(("id" = Uuid, Path, description = "Which subscription")),
    responses(
        (status = 200, description = "The organization is subscribed", body = Done),
        (status = 404, description = "There is none, or its application is not the caller's", body = Problem),
        (status = 409, description = "It does not wait for review", body = Problem),
    )
)]
pub(super) async fn approve_subscription(
    State(services): State<Services>,
    incoming: Incoming,
    Path(id): Path<SubscriptionId>,
) -> Result<Accepted<Done>, Problem> {
    of_owner(&services, &incoming.caller, id).await?;
    let sent = incoming.sent(&services, &format!("approve subscription {id}"), &());
    let answer = services.handlers.handle::<Subscription>(id.0, SubscriptionCommand::ApproveSubscription {}, &sent).await?;
    Ok(Accepted::new(&services, &answer, Done { id: id.0 }))
}

/// Deny a subscription
///
/// By the owner of the application; the organization's administrators are told why.
#[utoipa::path(
    post,
    path = "/v1/subscriptions/{id}/deny",
    tag = "Subscriptions",
    operation_id = "deny",
    params(("id" = Uuid, Path, description = "Which subscription")),
    request_body = Because,
    responses(
        (status = 200, description = "It is denied", body = Done),
        (status = 404, description = "There is none, or its application is not the caller's", body = Problem),
        (status = 409, description = "It does not wait for review", body = Problem),
    )
)]
pub(super) async fn deny_subscription(
    State(services): State<Services>,
    incoming: Incoming,
    Path(id): Path<SubscriptionId>,
    Body(body): Body<Because>,
) -> Result<Accepted<Done>, Problem> {
    of_owner(&services, &incoming.caller, id).await?;
    let sent = incoming.sent(&services, &format!("deny subscription {id}"), &body);
    let command = SubscriptionCommand::DenySubscription { reason: body.parse()? };
    let answer = services.handlers.handle::<Subscription>(id.0, command, &sent).await?;
    Ok(Accepted::new(&services, &answer, Done { id: id.0 }))
}

/// End a subscription
///
/// By the owner of the application, or by an administrator of the organization.
#[utoipa::path(
    post,
    path = "/v1/subscriptions/{id}/end",
    tag = "Subscriptions",
    operation_id = "end",
    params(("id" = Uuid, Path, description = "Which subscription")),
    request_body = Because,
    responses(
        (status = 200, description = "It is ended", body = Done),
        (status = 404, description = "There is none, or it is not the caller's", body = Problem),
    )
)]
pub(super) async fn end_subscription(
    State(services): State<Services>,
    incoming: Incoming,
    Path(id): Path<SubscriptionId>,
    Body(body): Body<Because>,
) -> Result<Accepted<Done>, Problem> {
    if matches!(incoming.caller, Caller::User { .. }) {
        let (_, organization) = incoming.caller.organization_administrator(&services).await?;
        let of = services.handlers.inspect::<Subscription, _>(id.0, |state, _| state.subscribed().map(|of| of.organization)).await?;
        if of.flatten() != Some(organization) {
            return Err(Problem::not_found("subscription"));
        }
    } else {
        of_owner(&services, &incoming.caller, id).await?;
    }
    let sent = incoming.sent(&services, &format!("end subscription {id}"), &body);
    let command = SubscriptionCommand::EndSubscription { reason: body.parse()? };
    let answer = services.handlers.handle::<Subscription>(id.0, command, &sent).await?;
    Ok(Accepted::new(&services, &answer, Done { id: id.0 }))
}
