//! The rows.

use domain::{ApplicationId, EventId, InvitationId, OrganizationId, PersonId, RegistrationId};
use jiff::Timestamp;
use projection_runtime::table;
use projection_runtime::table::Json;
use public_events::snapshot::{AccessState, ApplicationState, OrganizationState, RelationshipState, SubscriptionState, UserState};
use public_events::{AccessPolicy, AssignedRole, RegistrationPolicy};

table! {
    /// A public event.
    pub(crate) struct Event in "public_events" {
        key {
            /// Its place in the log.
            pub position: u64,
        }
        /// The place of the public event before it; 0 for the first.
        pub previous: u64,
        /// The id of the stored event.
        pub id: EventId,
        /// Such as `registration.submitted.v1`.
        pub kind: String,
        /// Such as `registration/0192…`.
        pub subject: String,
        /// When it was recorded.
        pub recorded_at: Timestamp,
        /// The code of the application, if it is about exactly one.
        pub application: Option<String>,
        /// The organization, if it is about one.
        pub organization: Option<OrganizationId>,
        /// JSON.
        pub data: String,
    }
}

table! {
    /// An application as it is.
    pub(crate) struct Application in "applications" {
        key {
            /// Which.
            pub application: ApplicationId,
        }
        /// Its code.
        pub code: String,
        /// Whose it is; none: the operator's.
        pub partner: Option<OrganizationId>,
        /// Who may register for it.
        pub registration: Json<RegistrationPolicy>,
        /// How access to it is granted.
        pub access: Json<AccessPolicy>,
        /// Where it stands.
        pub state: Json<ApplicationState>,
    }
}

table! {
    /// What later events of an invitation are told with.
    pub(crate) struct Invitation in "invitations" {
        key {
            /// Which.
            pub invitation: InvitationId,
        }
        /// Who invites; none: the operator.
        pub partner: Option<OrganizationId>,
        /// Whom it is offered to, if it is an offer.
        pub organization: Option<OrganizationId>,
        /// To which applications.
        pub applications: Json<Vec<public_events::ApplicationId>>,
    }
}

table! {
    /// What later events of a registration are told with.
    pub(crate) struct Registration in "registrations" {
        key {
            /// Which.
            pub registration: RegistrationId,
        }
        /// The organization-to-be.
        pub organization: OrganizationId,
        /// For which applications.
        pub applications: Json<Vec<public_events::ApplicationId>>,
    }
}

table! {
    /// An organization as it is.
    pub(crate) struct Organization in "organizations" {
        key {
            /// Which.
            pub organization: OrganizationId,
        }
        /// Where it stands.
        pub state: Json<OrganizationState>,
    }
}

table! {
    /// A user as they are.
    pub(crate) struct User in "users" {
        key {
            /// Who.
            pub person: PersonId,
        }
        /// Of which organization.
        pub organization: OrganizationId,
        /// Where the account stands.
        pub state: Json<UserState>,
        /// Whether first-time login was done.
        pub activated: bool,
        /// In their order.
        pub roles: Json<Vec<AssignedRole>>,
    }
}

table! {
    /// A subscription as it is.
    pub(crate) struct Subscription in "subscriptions" {
        key {
            /// To which application.
            pub application: ApplicationId,
            /// Which organization.
            pub organization: OrganizationId,
        }
        /// Where it stands.
        pub state: Json<SubscriptionState>,
    }
}

table! {
    /// Access as it is.
    pub(crate) struct Access in "accesses" {
        key {
            /// To which application.
            pub application: ApplicationId,
            /// Who.
            pub person: PersonId,
        }
        /// Of which organization.
        pub organization: OrganizationId,
        /// Where it stands.
        pub state: Json<AccessState>,
    }
}

table! {
    /// A relationship as it is.
    pub(crate) struct Relationship in "relationships" {
        key {
            /// Which organization.
            pub organization: OrganizationId,
            /// With which partner.
            pub partner: OrganizationId,
        }
        /// Where it stands.
        pub state: Json<RelationshipState>,
    }
}
