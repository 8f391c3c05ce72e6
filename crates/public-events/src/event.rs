//! Every event of the published language.

use crate::events::*;
use crate::{ApplicationId, OrganizationId};

/// What the data of an event say that it is about.
pub(crate) trait About {
    /// The application, if it is about exactly one.
    fn application(&self) -> Option<ApplicationId> {
        None
    }

    /// The organization, if it is about one.
    fn organization(&self) -> Option<OrganizationId> {
        None
    }
}

/// The application, where there is only one.
pub(crate) fn only(applications: &[ApplicationId]) -> Option<ApplicationId> {
    match applications {
        [application] => Some(*application),
        _ => None,
    }
}

macro_rules! public_events {
    ($($(#[doc = $doc:literal])* $name:ident($data:ident) = $kind:literal;)*) => {
        /// What happened.
        #[derive(Debug, Clone, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum PublicEvent {
            $($(#[doc = $doc])* $name($data),)*
        }

        impl PublicEvent {
            /// The type of every event, such as `registration.submitted.v1`.
            pub const KINDS: &'static [&'static str] = &[$($kind),*];

            /// Its type.
            #[must_use]
            pub fn kind(&self) -> &'static str {
                match self {
                    $(Self::$name(_) => $kind,)*
                }
            }

            /// From its type and data; none if the type is not known.
            ///
            /// # Errors
            /// The data are not those of the type.
            pub fn decode(kind: &str, data: &str) -> Result<Option<Self>, serde_json::Error> {
                Ok(Some(match kind {
                    $($kind => Self::$name(serde_json::from_str(data)?),)*
                    _ => return Ok(None),
                }))
            }

            /// The application that it is about, if that is exactly one. The envelope has its code.
            #[must_use]
            pub fn application(&self) -> Option<ApplicationId> {
                match self {
                    $(Self::$name(data) => data.application(),)*
                }
            }

            /// The organization that it is about, if it is about one.
            #[must_use]
            pub fn organization(&self) -> Option<OrganizationId> {
                match self {
                    $(Self::$name(data) => data.organization(),)*
                }
            }

            /// Its data as JSON.
            ///
            /// # Errors
            /// None is known; serialization is fallible by type only.
            pub fn data(&self) -> Result<String, serde_json::Error> {
                match self {
                    $(Self::$name(data) => serde_json::to_string(data),)*
                }
            }
        }

        /// The JSON Schema of an event's data.
        #[cfg(feature = "schema")]
        #[derive(Debug, Clone, Copy)]
        pub struct Kind {
            /// Its type.
            pub kind: &'static str,
            /// What it means, in a sentence.
            pub meaning: &'static str,
            /// What its data are called, such as `RegistrationSubmitted`: several types may have the same.
            pub data: &'static str,
            /// The schema of its data, as derived.
            pub(crate) schema: fn() -> schemars::Schema,
        }

        /// Every event with its schema, in the order of the aggregates' lives.
        #[cfg(feature = "schema")]
        pub const KINDS: &[Kind] = &[$(Kind {
            kind: $kind,
            meaning: concat!($($doc),*).trim_ascii(),
            data: stringify!($data),
            schema: || schemars::schema_for!($data),
        }),*];
    };
}

public_events! {
    /// An application is in the catalogue.
    ApplicationPublished(CatalogueEntry) = "application.published.v1";
    /// The details of an application changed.
    ApplicationAmended(CatalogueEntry) = "application.amended.v1";
    /// An application takes no new subscriptions or access.
    ApplicationRetired(CatalogueEntry) = "application.retired.v1";

    /// A company was invited.
    InvitationSent(InvitationSent) = "invitation.sent.v1";
    /// An invitation was sent again, with a new expiry.
    InvitationResent(InvitationSent) = "invitation.resent.v1";
    /// A registration was started with the invitation.
    InvitationAccepted(InvitationAccepted) = "invitation.accepted.v1";
    /// The invited company turned out to be registered: the invitation is an offer to that organization from now on.
    InvitationOffered(InvitationOffered) = "invitation.offered.v1";
    /// The organization accepted the offer.
    InvitationOfferAccepted(InvitationOffer) = "invitation.offer_accepted.v1";
    /// The organization declined the offer.
    InvitationOfferDeclined(InvitationOffer) = "invitation.offer_declined.v1";
    /// The inviter took the invitation back.
    InvitationRevoked(InvitationEnded) = "invitation.revoked.v1";
    /// Nobody answered the invitation in time.
    InvitationExpired(InvitationEnded) = "invitation.expired.v1";

    /// Somebody began to register a company.
    RegistrationStarted(RegistrationStarted) = "registration.started.v1";
    /// The registration was submitted for approval.
    RegistrationSubmitted(RegistrationSubmitted) = "registration.submitted.v1";
    /// The registrant was asked for information; the business clock stands still.
    RegistrationInformationRequested(RegistrationMoved) = "registration.information_requested.v1";
    /// The registrant answered; the business clock goes on.
    RegistrationResubmitted(RegistrationSubmitted) = "registration.resubmitted.v1";
    /// The approval took effect: the organization comes to be.
    RegistrationApproved(RegistrationMoved) = "registration.approved.v1";
    /// The registration was rejected.
    RegistrationRejected(RegistrationMoved) = "registration.rejected.v1";
    /// A mistaken rejection was taken back: the registration is in review again.
    RegistrationReopened(RegistrationSubmitted) = "registration.reopened.v1";
    /// The company turned out to be registered: the case is closed.
    RegistrationLinkedToOrganization(RegistrationLinked) = "registration.linked_to_organization.v1";
    /// The registrant gave the registration up.
    RegistrationWithdrawn(RegistrationMoved) = "registration.withdrawn.v1";
    /// The registration was not submitted in time.
    RegistrationExpired(RegistrationMoved) = "registration.expired.v1";

    /// The organization is registered from now on.
    OrganizationApproved(OrganizationApproved) = "organization.approved.v1";
    /// Its profile changed: what a consumer keeps of it should be fetched again.
    OrganizationProfileAmended(OrganizationChanged) = "organization.profile_amended.v1";
    /// The organization was suspended: nobody of it can sign in.
    OrganizationSuspended(OrganizationChanged) = "organization.suspended.v1";
    /// The suspension of the organization was lifted.
    OrganizationReinstated(OrganizationChanged) = "organization.reinstated.v1";
    /// The organization was closed, for good.
    OrganizationClosed(OrganizationChanged) = "organization.closed.v1";

    /// The account of a user was created: first-time login is next.
    UserCreated(UserCreated) = "user.created.v1";
    /// The user has done first-time login.
    UserActivated(UserChanged) = "user.activated.v1";
    /// What is known of the user changed: what a consumer keeps of it should be fetched again.
    UserProfileConfirmed(UserChanged) = "user.profile_confirmed.v1";
    /// The user was given a role.
    UserRoleGranted(UserRole) = "user.role_granted.v1";
    /// A role was taken from the user.
    UserRoleRevoked(UserRole) = "user.role_revoked.v1";
    /// The user was suspended.
    UserSuspended(UserChanged) = "user.suspended.v1";
    /// The suspension of the user was lifted.
    UserReinstated(UserChanged) = "user.reinstated.v1";
    /// The account was closed, for good.
    UserClosed(UserChanged) = "user.closed.v1";

    /// A subscription was asked for and waits for review.
    SubscriptionRequested(Subscription) = "subscription.requested.v1";
    /// The organization is subscribed to the application.
    SubscriptionActivated(Subscription) = "subscription.activated.v1";
    /// The subscription was denied.
    SubscriptionDenied(Subscription) = "subscription.denied.v1";
    /// The subscription ended.
    SubscriptionEnded(Subscription) = "subscription.ended.v1";

    /// Access of a user to an application was asked for.
    AccessRequested(Access) = "access.requested.v1";
    /// The user may open the application.
    AccessGranted(Access) = "access.granted.v1";
    /// The access that was asked for was denied.
    AccessDenied(Access) = "access.denied.v1";
    /// The user may not open the application any more.
    AccessRevoked(Access) = "access.revoked.v1";

    /// The organization registered, or accepted an offer, on the partner's invitation.
    RelationshipEstablished(Relationship) = "relationship.established.v1";
    /// The partner ended the relationship.
    RelationshipEnded(Relationship) = "relationship.ended.v1";

    /// The person was forgotten: whoever keeps anything of them must erase it, and acknowledge that over the API.
    PersonErased(PersonErased) = "person.erased.v1";
}
