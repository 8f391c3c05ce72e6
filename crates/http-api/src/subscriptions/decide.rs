//! Approves, denies and ends subscriptions.

use axum::extract::State;
use domain::registration::Reviewer;
use domain::staff::Staff;
use domain::subscription::{Subscription, SubscriptionCommand};

use crate::access::{DesiredSubscription, The};
use crate::body::Body;
use crate::command::{Accepted, Incoming};
use crate::fields::{Because, Done};
use crate::problem::Problem;
use crate::services::Services;

/// Who decides, if it is somebody of the staff: with what they have to do with the organization.
async fn reviewer(services: &Services, incoming: &Incoming, subscription: &DesiredSubscription) -> Result<Option<Reviewer>, Problem> {
    let Some(staff) = incoming.caller.actor().staff() else { return Ok(None) };
    let reviewer = services.handlers.inspect::<Staff, _>(staff.0, |state, _| state.reviewer(staff)).await?.flatten();
    // Left the staff since they were recognized.
    let reviewer = reviewer.ok_or_else(Problem::unauthenticated)?;
    Ok(Some(services.workflows.reviewer_about(reviewer, subscription.organization()).await?))
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
        (status = 403, description = "The caller is of the staff and belongs to the organization", body = Problem),
        (status = 404, description = "There is none, or its application is not the caller's", body = Problem),
        (status = 409, description = "It does not wait for review", body = Problem),
    )
)]
pub(super) async fn approve_subscription(
    State(services): State<Services>,
    The(subscription): The<DesiredSubscription>,
    incoming: Incoming,
) -> Result<Accepted<Done>, Problem> {
    let id = subscription.id;
    let sent = incoming.sent(&services, &format!("approve subscription {id}"), &());
    let command = SubscriptionCommand::ApproveSubscription { reviewer: reviewer(&services, &incoming, &subscription).await? };
    let answer = services.handlers.handle::<Subscription>(id.0, command, &sent).await?;
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
        (status = 403, description = "The caller is of the staff and belongs to the organization", body = Problem),
        (status = 404, description = "There is none, or its application is not the caller's", body = Problem),
        (status = 409, description = "It does not wait for review", body = Problem),
    )
)]
pub(super) async fn deny_subscription(
    State(services): State<Services>,
    The(subscription): The<DesiredSubscription>,
    incoming: Incoming,
    Body(body): Body<Because>,
) -> Result<Accepted<Done>, Problem> {
    let id = subscription.id;
    let sent = incoming.sent(&services, &format!("deny subscription {id}"), &body);
    let reviewer = reviewer(&services, &incoming, &subscription).await?;
    let command = SubscriptionCommand::DenySubscription { reviewer, reason: body.parse()? };
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
    The(subscription): The<DesiredSubscription>,
    incoming: Incoming,
    Body(body): Body<Because>,
) -> Result<Accepted<Done>, Problem> {
    let id = subscription.id;
    let sent = incoming.sent(&services, &format!("end subscription {id}"), &body);
    let command = SubscriptionCommand::EndSubscription { reason: body.parse()? };
    let answer = services.handlers.handle::<Subscription>(id.0, command, &sent).await?;
    Ok(Accepted::new(&services, &answer, Done { id: id.0 }))
}
