//! Access.

use std::sync::Arc;

use domain::access::AccessEvent;
use domain::{AccessId, ApplicationId, DomainEvent, OrganizationId, PersonId, Reason};
use projection_runtime::table::Fold;
use projection_runtime::{Envelope, ProjectionError, Tables};

use crate::{Access, AccessState};

pub(super) async fn apply(conn: &mut Tables<'_>, events: &[Arc<Envelope>]) -> Result<(), ProjectionError> {
    let mine: Vec<(AccessId, &AccessEvent, &Envelope)> = events.iter().filter_map(of).collect();
    if mine.is_empty() {
        return Ok(());
    }
    let keys = mine.iter().map(|(_, event, _)| between(event)).map(|(person, _, application)| (person, application)).collect();
    let mut rows = Fold::<Access>::load(conn, keys).await?;
    for (id, event, envelope) in mine {
        fold(&mut rows, id, event, envelope);
    }
    rows.save(conn).await?;
    Ok(())
}

fn of(envelope: &Arc<Envelope>) -> Option<(AccessId, &AccessEvent, &Envelope)> {
    match &envelope.event {
        DomainEvent::Access(id, event) => Some((*id, event, envelope)),
        DomainEvent::Application(..)
        | DomainEvent::Invitation(..)
        | DomainEvent::Registration(..)
        | DomainEvent::Organization(..)
        | DomainEvent::User(..)
        | DomainEvent::Subscription(..)
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

/// The user, the organization and the application, which every event names.
fn between(event: &AccessEvent) -> (PersonId, OrganizationId, ApplicationId) {
    match event {
        AccessEvent::Requested { user, organization, application, .. }
        | AccessEvent::Granted { user, organization, application, .. }
        | AccessEvent::Denied { user, organization, application, .. }
        | AccessEvent::Revoked { user, organization, application, .. } => (*user, *organization, *application),
    }
}

fn fold(rows: &mut Fold<Access>, id: AccessId, event: &AccessEvent, envelope: &Envelope) {
    let (person, organization, application) = between(event);
    let row = rows.change_or(&(person, application), || Access {
        person,
        application,
        id,
        organization,
        state: AccessState::Requested,
        proposed_by: None,
        requested_because: None,
        requested_at: None,
        requested_position: None,
        decided_by: None,
        reason: None,
        since: envelope.recorded_at,
    });
    row.organization = organization;
    row.since = envelope.recorded_at;
    match event {
        AccessEvent::Requested { proposed_by, reason, .. } => {
            row.state = AccessState::Requested;
            row.proposed_by = *proposed_by;
            row.requested_because = reason.as_ref().map(ToString::to_string);
            row.requested_at = Some(envelope.recorded_at);
            row.requested_position = Some(envelope.position.0);
            row.decided_by = None;
            row.reason = None;
        }
        AccessEvent::Granted { granted_by, reason, .. } => decide(row, AccessState::Granted, *granted_by, reason.as_ref()),
        AccessEvent::Denied { denied_by, reason, .. } => decide(row, AccessState::Denied, Some(*denied_by), Some(reason)),
        AccessEvent::Revoked { revoked_by, reason, .. } => decide(row, AccessState::Revoked, *revoked_by, Some(reason)),
    }
}

fn decide(row: &mut Access, state: AccessState, by: Option<PersonId>, reason: Option<&Reason>) {
    row.state = state;
    row.decided_by = by;
    row.reason = reason.map(ToString::to_string);
    row.requested_position = None;
}
