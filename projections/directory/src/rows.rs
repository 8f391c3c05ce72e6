//! The rows, which are also what queries answer with.

mod people;

pub use people::*;

use domain::application::ApplicationDetails;
use domain::{ApplicationId, InvitationId, OrganizationId, OrganizationProfile, Owner, PersonId, RegistrationId};
use jiff::Timestamp;
use projection_runtime::table::Json;
use projection_runtime::{table, words};
use serde::{Deserialize, Serialize};

words! {
    /// Where an organization stands.
    pub enum OrganizationState {
        /// It takes part.
        Active = "active",
        /// Nobody of it can sign in.
        Suspended = "suspended",
        /// It is closed, for good.
        Closed = "closed",
    }
}

/// An administrator of an organization, as the organization itself knows them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Administrator {
    /// Who.
    pub person: PersonId,
    /// Whether their account is established, so that they can act.
    pub established: bool,
}

table! {
    /// A registered organization.
    pub struct Organization in "organizations" {
        key {
            /// Which one.
            pub id: OrganizationId,
        }
        /// The name in the register of companies.
        pub legal_name: String,
        /// The name it trades under.
        pub trading_name: Option<String>,
        /// The legal name as look-alikes share it ([`domain::names::comparable_name`]); lists are ordered by it.
        pub name_key: String,
        /// The trading name likewise.
        pub trading_key: Option<String>,
        /// The legal name as it looks in passing ([`domain::names::look_alike_name`]).
        pub seen_name: String,
        /// The trading name likewise.
        pub seen_trading_name: Option<String>,
        /// ISO 3166-1 alpha-2.
        pub country: String,
        /// The whole profile, with its identifiers.
        pub profile: Json<OrganizationProfile>,
        /// Where it stands.
        pub state: OrganizationState,
        /// Why it was suspended, reinstated or closed.
        pub reason: Option<String>,
        /// The case that it was approved in.
        pub registration: RegistrationId,
        /// When it was registered.
        pub approved_at: Timestamp,
        /// Whether it owns applications.
        pub is_partner: bool,
        /// The profile as it would be, if a change waits for review.
        pub amendment: Option<Json<OrganizationProfile>>,
        /// Since when it waits.
        pub amendment_requested_at: Option<Timestamp>,
        /// Its administrators, in the order in which they came.
        pub administrators: Json<Vec<Administrator>>,
    }
}

table! {
    /// A registered identifier and whose it is.
    pub struct OrganizationIdentifier in "organization_identifiers" {
        key {
            /// Which register.
            pub scheme: String,
            /// The identifier in it.
            pub value: String,
        }
        /// Whose it is.
        pub organization: OrganizationId,
    }
}

table! {
    /// An application of the catalogue.
    pub struct Application in "applications" {
        key {
            /// Which one.
            pub id: ApplicationId,
        }
        /// Its code.
        pub code: String,
        /// Whose it is.
        pub owner: Json<Owner>,
        /// Its name.
        pub name: String,
        /// All that the catalogue says of it.
        pub details: Json<ApplicationDetails>,
        /// Whether anybody may register for it.
        pub is_public: bool,
        /// Since when it is in the catalogue.
        pub published_at: Timestamp,
        /// Since when it takes no new subscriptions or access.
        pub retired_at: Option<Timestamp>,
        /// Why.
        pub retired_because: Option<String>,
    }
}

table! {
    /// The public link of an application.
    pub struct ApplicationLink in "application_links" {
        key {
            /// The public part of the link.
            pub slug: String,
            /// Where it leads.
            pub application: ApplicationId,
        }
    }
}

words! {
    /// Where an invitation stands.
    pub enum InvitationState {
        /// It was sent and waits.
        Sent = "sent",
        /// Its link was followed.
        Opened = "opened",
        /// It is an offer to a registered organization and waits.
        Offered = "offered",
        /// A registration was started with it.
        Accepted = "accepted",
        /// The organization accepted the offer.
        OfferAccepted = "offer_accepted",
        /// The organization declined the offer.
        OfferDeclined = "offer_declined",
        /// The inviter took it back.
        Revoked = "revoked",
        /// Nobody answered in time.
        Expired = "expired",
    }
}

table! {
    /// An invitation.
    pub struct Invitation in "invitations" {
        key {
            /// Which one.
            pub id: InvitationId,
        }
        /// Where its first event stands in the log: lists are paged by it.
        pub position: u64,
        /// Who invites.
        pub inviter: Json<Owner>,
        /// The inviter's company name.
        pub inviter_name: String,
        /// The company that is invited.
        pub company: String,
        /// Its name as look-alikes share it.
        pub company_key: String,
        /// The addressee.
        pub person: PersonId,
        /// The addressee's name. Personal.
        pub addressee_name: Option<String>,
        /// The addressee's e-mail address. Personal.
        pub addressee_email: Option<String>,
        /// The words meant for the addressee. Personal.
        pub message: Option<String>,
        /// To which applications.
        pub applications: Json<Vec<ApplicationId>>,
        /// Where it stands.
        pub state: InvitationState,
        /// Why it was declined or taken back.
        pub reason: Option<String>,
        /// Which link works now; the first one is 0.
        pub generation: u32,
        /// Until when it can be accepted.
        pub expires_at: Timestamp,
        /// When it was sent first.
        pub sent_at: Timestamp,
        /// When its link was first followed.
        pub opened_at: Option<Timestamp>,
        /// When the addressee was last reminded.
        pub reminded_at: Option<Timestamp>,
        /// When the state changed last.
        pub since: Timestamp,
        /// The registered organization that it is an offer to.
        pub organization: Option<OrganizationId>,
        /// The registration that was started with it.
        pub registration: Option<RegistrationId>,
    }
}
