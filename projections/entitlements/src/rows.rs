//! The rows, which are also what queries answer with.

use domain::subscription::SubscriptionOrigin;
use domain::{AccessId, ApplicationId, InvitationId, OrganizationId, Owner, PersonId, SubscriptionId};
use jiff::Timestamp;
use projection_runtime::table::Json;
use projection_runtime::{table, words};

table! {
    /// Whose an application is.
    pub struct ApplicationOwner in "application_owners" {
        key {
            /// Which application.
            pub application: ApplicationId,
        }
        /// Whose it is.
        pub owner: Json<Owner>,
    }
}

table! {
    /// A partner's invitation, and the registered organization that it is an offer to.
    pub struct InvitationOffer in "invitation_offers" {
        key {
            /// Which invitation.
            pub invitation: InvitationId,
        }
        /// The partner.
        pub partner: OrganizationId,
        /// The organization, once the invitation is an offer to one.
        pub organization: Option<OrganizationId>,
    }
}

words! {
    /// Where a subscription stands.
    pub enum SubscriptionState {
        /// It waits for review.
        Requested = "requested",
        /// The organization is subscribed.
        Active = "active",
        /// It was denied.
        Denied = "denied",
        /// It ended.
        Ended = "ended",
    }
}

table! {
    /// A subscription of an organization to an application.
    pub struct Subscription in "subscriptions" {
        key {
            /// Of which organization.
            pub organization: OrganizationId,
            /// To which application.
            pub application: ApplicationId,
        }
        /// Its own id.
        pub id: SubscriptionId,
        /// Where it stands.
        pub state: SubscriptionState,
        /// What led to it.
        pub origin: Option<Json<SubscriptionOrigin>>,
        /// Why it was denied or ended.
        pub reason: Option<String>,
        /// When it was asked for, if it was.
        pub requested_at: Option<Timestamp>,
        /// When the organization was subscribed last.
        pub activated_at: Option<Timestamp>,
        /// When the state changed last.
        pub since: Timestamp,
    }
}

words! {
    /// Where a user's access stands.
    pub enum AccessState {
        /// It waits for an application administrator.
        Requested = "requested",
        /// The user may open the application.
        Granted = "granted",
        /// It was denied.
        Denied = "denied",
        /// The user may not open it any more.
        Revoked = "revoked",
    }
}

table! {
    /// The access of a user to an application.
    pub struct Access in "accesses" {
        key {
            /// Whose.
            pub person: PersonId,
            /// To which application.
            pub application: ApplicationId,
        }
        /// Its own id.
        pub id: AccessId,
        /// Of which organization the user is.
        pub organization: OrganizationId,
        /// Where it stands.
        pub state: AccessState,
        /// Who proposed it, if not the user.
        pub proposed_by: Option<PersonId>,
        /// Why it is needed, as whoever asked says.
        pub requested_because: Option<String>,
        /// When it was asked for last.
        pub requested_at: Option<Timestamp>,
        /// Where the open request stands in the log: requests are paged by it. None: nothing waits.
        pub requested_position: Option<u64>,
        /// Who granted, denied or revoked it. None: automatic, or not decided yet.
        pub decided_by: Option<PersonId>,
        /// Why it was granted, denied or revoked.
        pub reason: Option<String>,
        /// When the state changed last.
        pub since: Timestamp,
    }
}

words! {
    /// Where the relationship of an organization with a partner stands. It belongs to the partner: it says nothing of whether
    /// the partner will do business with the organization.
    pub enum RelationshipState {
        /// The partner has made an offer, which waits.
        Invited = "invited",
        /// The organization registered, or accepted an offer, on the partner's invitation.
        Registered = "registered",
        /// The organization is subscribed to at least one application of the partner.
        Subscribed = "subscribed",
        /// The partner ended it, or nothing of it is left.
        Ended = "ended",
    }
}

table! {
    /// The relationship of an organization with a partner.
    pub struct Relationship in "relationships" {
        key {
            /// The organization.
            pub organization: OrganizationId,
            /// The partner.
            pub partner: OrganizationId,
        }
        /// Where it stands.
        pub state: RelationshipState,
        /// Why the partner ended it.
        pub reason: Option<String>,
        /// The partner's invitations that wait for the organization's answer.
        pub open_offers: Json<Vec<InvitationId>>,
        /// The partner's applications that the organization is subscribed to.
        pub subscriptions: Json<Vec<ApplicationId>>,
        /// When it was established last.
        pub established_at: Option<Timestamp>,
        /// When the partner ended it.
        pub ended_at: Option<Timestamp>,
        /// When the state changed last.
        pub since: Timestamp,
    }
}

impl Relationship {
    /// What the facts of it add up to.
    #[must_use]
    pub fn standing(&self) -> RelationshipState {
        if self.ended_at.is_some() {
            RelationshipState::Ended
        } else if !self.subscriptions.0.is_empty() {
            RelationshipState::Subscribed
        } else if self.established_at.is_some() {
            RelationshipState::Registered
        } else if !self.open_offers.0.is_empty() {
            RelationshipState::Invited
        } else {
            RelationshipState::Ended
        }
    }
}
