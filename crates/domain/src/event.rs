//! All events of the domain, by aggregate.

use uuid::Uuid;

use crate::access::AccessEvent;
use crate::application::ApplicationEvent;
use crate::calendar::CalendarEvent;
use crate::credential::CredentialEvent;
use crate::invitation::InvitationEvent;
use crate::mail::MailEvent;
use crate::organization::OrganizationEvent;
use crate::person::PersonEvent;
use crate::registration::RegistrationEvent;
use crate::relationship::RelationshipEvent;
use crate::reservation::ReservationEvent;
use crate::service::ServiceEvent;
use crate::staff::StaffEvent;
use crate::subscription::SubscriptionEvent;
use crate::user::UserEvent;
use crate::{
    AccessId, ApplicationId, CalendarId, CredentialId, InvitationId, MailId, OrganizationId, PersonId, RegistrationId, RelationshipId,
    ReservationId, ServiceId, StaffId, SubscriptionId,
};

macro_rules! events {
    ($($(#[$doc:meta])* $name:ident($id:ident, $event:ident) = $category:literal;)*) => {
        /// An event of any aggregate, with the id of what it happened to.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum DomainEvent {
            $($(#[$doc])* $name($id, $event),)*
        }

        impl DomainEvent {
            /// Every category of stream, with the name of its aggregate.
            pub const CATEGORIES: &'static [&'static str] = &[$($category),*];

            /// The category of its stream, such as `registration`.
            #[must_use]
            pub fn category(&self) -> &'static str {
                match self {
                    $(Self::$name(..) => $category,)*
                }
            }

            /// The key of its stream.
            #[must_use]
            pub fn key(&self) -> Uuid {
                match self {
                    $(Self::$name(id, _) => id.0,)*
                }
            }
        }

        $(
            impl From<($id, $event)> for DomainEvent {
                fn from((id, event): ($id, $event)) -> Self {
                    Self::$name(id, event)
                }
            }
        )*

        /// Calls the given macro with one `(Name, Id, Event, "category")` for each aggregate, so that what must cover all
        /// of them (the codec, the schemas) cannot forget one.
        #[macro_export]
        macro_rules! for_each_aggregate {
            ($with:ident) => {
                $with! { $(($name, $id, $event, $category))* }
            };
        }
    };
}

events! {
    /// An application of the catalogue.
    Application(ApplicationId, ApplicationEvent) = "application";
    /// An invitation.
    Invitation(InvitationId, InvitationEvent) = "invitation";
    /// A registration.
    Registration(RegistrationId, RegistrationEvent) = "registration";
    /// An organization.
    Organization(OrganizationId, OrganizationEvent) = "organization";
    /// A user.
    User(PersonId, UserEvent) = "user";
    /// A subscription.
    Subscription(SubscriptionId, SubscriptionEvent) = "subscription";
    /// Access.
    Access(AccessId, AccessEvent) = "access";
    /// A partner relationship.
    Relationship(RelationshipId, RelationshipEvent) = "relationship";
    /// A credential.
    Credential(CredentialId, CredentialEvent) = "credential";
    /// A reservation.
    Reservation(ReservationId, ReservationEvent) = "reservation";
    /// The personal data of a person.
    Person(PersonId, PersonEvent) = "person";
    /// A member of the staff.
    Staff(StaffId, StaffEvent) = "staff";
    /// A downstream service.
    Service(ServiceId, ServiceEvent) = "service";
    /// A mail.
    Mail(MailId, MailEvent) = "mail";
    /// The business calendar.
    Calendar(CalendarId, CalendarEvent) = "calendar";
}
