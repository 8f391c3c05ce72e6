//! Subscriptions.

use std::sync::Arc;

use domain::subscription::{SubscriptionEvent, SubscriptionOrigin};
use domain::{ApplicationId, DomainEvent, OrganizationId, Reason, SubscriptionId};
use projection_runtime::table::{Fold, Json};
use projection_runtime::{Envelope, ProjectionError, Tables};

use crate::{Subscription, SubscriptionState};

pub(super) async fn apply(conn: &mut Tables<'_>, events: &[Arc<Envelope>]) -> Result<(), ProjectionError> {
    let mine: Vec<(SubscriptionId, &SubscriptionEvent, &Envelope)> = events.iter().filter_map(of).collect();
    if mine.is_empty() {
        return Ok(());
    }
    let mut rows = Fold::<Subscription>::load(conn, mine.iter().map(|(_, event, _)| between(event)).collect()).await?;
    for (id, event, envelope) in mine {
        fold(&mut rows, id, event, envelope);
    }
    rows.save(conn).await?;
    Ok(())
}

fn of(envelope: &Arc<Envelope>) -> Option<(SubscriptionId, &SubscriptionEvent, &Envelope)> {
    match &envelope.event {
        DomainEvent::Subscription(id, event) => Some((*id, event, envelope)),
        DomainEvent::Application(..)
        | DomainEvent::Invitation(..)
        | DomainEvent::Registration(..)
        | DomainEvent::Organization(..)
        | DomainEvent::User(..)
        | DomainEvent::Access(..)
        | DomainEvent::Relationship(..)
        | DomainEvent::Credential(..)
        | DomainEvent::Reservation(..)
        | DomainEvent::Person(..)
        | DomainEvent::Staff(..)
        | DomainEvent::Service(..)
        | DomainEvent::Mail(..)
        | DomainEvent::Calendar(..) => None,
    }
}

/// The organization and the application, which every event names.
pub(super) fn between(event: &SubscriptionEvent) -> (OrganizationId, ApplicationId) {
    match event {
        SubscriptionEvent::Requested { organization, application, origin: _ }
        | SubscriptionEvent::Activated { organization, application, origin: _ }
        | SubscriptionEvent::Denied { organization, application, reason: _ }
        | SubscriptionEvent::Ended { organization, application, reason: _ } => (*organization, *application),
    }
}

fn fold(rows: &mut Fold<Subscription>, id: SubscriptionId, event: &SubscriptionEvent, envelope: &Envelope) {
    let (organization, application) = between(event);
    let row = rows.change_or(&(organization, application), || Subscription {
        organization,
        application,
        id,
        state: SubscriptionState::Requested,
        origin: None,
        reason: None,
        requested_at: None,
        activated_at: None,
        since: envelope.recorded_at,
    });
    let mut set = |state: SubscriptionState, origin: Option<SubscriptionOrigin>, reason: Option<&Reason>| {
        row.state = state;
        row.reason = reason.map(ToString::to_string);
        row.since = envelope.recorded_at;
        if let Some(origin) = origin {
            row.origin = Some(Json(origin));
        }
    };
    match event {
        SubscriptionEvent::Requested { origin, .. } => {
            set(SubscriptionState::Requested, Some(*origin), None);
            row.requested_at = Some(envelope.recorded_at);
        }
        SubscriptionEvent::Activated { origin, .. } => {
            set(SubscriptionState::Active, Some(*origin), None);
            row.activated_at = Some(envelope.recorded_at);
        }
        SubscriptionEvent::Denied { reason, .. } => set(SubscriptionState::Denied, None, Some(reason)),
        SubscriptionEvent::Ended { reason, .. } => set(SubscriptionState::Ended, None, Some(reason)),
    }
}
