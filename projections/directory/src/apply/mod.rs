//! Events to rows: one file per kind of thing.

mod applications;
mod credentials;
mod invitations;
mod organizations;
mod people;
mod staff;
mod users;

use std::sync::Arc;

use domain::application::ApplicationEvent;
use domain::credential::CredentialEvent;
use domain::invitation::InvitationEvent;
use domain::organization::OrganizationEvent;
use domain::person::PersonEvent;
use domain::staff::StaffEvent;
use domain::user::UserEvent;
use domain::{ApplicationId, CredentialId, DomainEvent, InvitationId, OrganizationId, PersonId, StaffId};
use projection_runtime::{Envelope, ProjectionError, Tables};

/// The events of one aggregate in a batch, in order.
type Of<'a, Id, Event> = Vec<(Id, &'a Event, &'a Envelope)>;

/// A batch, by aggregate.
#[derive(Default)]
struct Batch<'a> {
    applications: Of<'a, ApplicationId, ApplicationEvent>,
    organizations: Of<'a, OrganizationId, OrganizationEvent>,
    users: Of<'a, PersonId, UserEvent>,
    credentials: Of<'a, CredentialId, CredentialEvent>,
    staff: Of<'a, StaffId, StaffEvent>,
    invitations: Of<'a, InvitationId, InvitationEvent>,
    people: Of<'a, PersonId, PersonEvent>,
}

impl<'a> Batch<'a> {
    fn of(events: &'a [Arc<Envelope>]) -> Self {
        let mut batch = Self::default();
        for envelope in events {
            match &envelope.event {
                DomainEvent::Application(id, event) => batch.applications.push((*id, event, envelope)),
                DomainEvent::Organization(id, event) => batch.organizations.push((*id, event, envelope)),
                DomainEvent::User(id, event) => batch.users.push((*id, event, envelope)),
                DomainEvent::Credential(id, event) => batch.credentials.push((*id, event, envelope)),
                DomainEvent::Staff(id, event) => batch.staff.push((*id, event, envelope)),
                DomainEvent::Invitation(id, event) => batch.invitations.push((*id, event, envelope)),
                DomainEvent::Person(id, event) => batch.people.push((*id, event, envelope)),
                DomainEvent::Registration(..)
                | DomainEvent::Subscription(..)
                | DomainEvent::Access(..)
                | DomainEvent::Relationship(..)
                | DomainEvent::Reservation(..)
                | DomainEvent::Service(..)
                | DomainEvent::Mail(..)
                | DomainEvent::Calendar(..) => {}
            }
        }
        batch
    }
}

/// Applies a batch. Kinds are independent of each other within it, but for the partner flag, which looks at applications, and
/// forgetting, which comes last: an event that follows it has nothing personal to say of that person any more.
pub(crate) async fn apply(conn: &mut Tables<'_>, events: &[Arc<Envelope>]) -> Result<(), ProjectionError> {
    let batch = Batch::of(events);
    applications::apply(conn, &batch.applications).await?;
    organizations::apply(conn, &batch.organizations, &batch.applications).await?;
    users::apply(conn, &batch.users).await?;
    credentials::apply(conn, &batch.credentials).await?;
    staff::apply(conn, &batch.staff).await?;
    invitations::apply(conn, &batch.invitations).await?;
    people::apply(conn, &batch.people).await
}
