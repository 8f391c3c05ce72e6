//! What is so at a position: where a consumer begins that does not replay from the first event.
//!
//! A snapshot is lines of JSON. The first says which position it reflects, the last how many lines there are, so that one that was cut
//! off is noticed. The events after that position go on from there; the first of them names it as its `previous`, if the consumer sees
//! everything. A consumer that is limited to some applications finds these, who is subscribed to them and has access to them.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{AccessPolicy, ApplicationCode, ApplicationId, AssignedRole, OrganizationId, PersonId, Position, RegistrationPolicy};

/// One line of a snapshot. Kinds that are not known are passed over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Line {
    /// The first line.
    Begin(Begin),
    /// An application of the catalogue.
    Application(Application),
    /// An organization that is or was registered.
    Organization(Organization),
    /// A user, or who was one.
    User(User),
    /// A subscription.
    Subscription(Subscription),
    /// Access.
    Access(Access),
    /// A relationship.
    Relationship(Relationship),
    /// The last line.
    End(End),
    /// A kind that this version of the language does not know.
    #[serde(other)]
    #[cfg_attr(feature = "schema", schemars(skip))]
    Unknown,
}

/// What the snapshot reflects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(inline))]
pub struct Begin {
    /// The position of the last event that it reflects; 0: there is none yet. The events after it go on from here.
    pub position: Position,
    /// Which history of the log that position belongs to.
    #[cfg_attr(feature = "schema", schemars(with = "String", extend("format" = "uuid")))]
    pub epoch: Uuid,
}

/// An application as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(inline))]
pub struct Application {
    /// Which application.
    pub application: ApplicationId,
    /// Its code, which never changes.
    pub code: ApplicationCode,
    /// The partner that it belongs to; none: the operator itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partner: Option<OrganizationId>,
    /// Who may register for it.
    pub registration: RegistrationPolicy,
    /// How access to it is granted.
    pub access: AccessPolicy,
    /// Whether it takes new subscriptions and access.
    pub state: ApplicationState,
}

/// An organization as it is. What it is called is asked for over the API.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(inline))]
pub struct Organization {
    /// Which organization.
    pub organization: OrganizationId,
    /// Whether its users can sign in.
    pub state: OrganizationState,
}

/// A user as they are. Who that is, is asked for over the API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(inline))]
pub struct User {
    /// Which user.
    pub user: PersonId,
    /// Of which organization.
    pub organization: OrganizationId,
    /// Where the account stands.
    pub state: UserState,
    /// Whether first-time login was done: what a reinstated account is again, `active` or `pending_first_login`.
    pub activated: bool,
    /// The roles that the user has, in no order.
    pub roles: Vec<AssignedRole>,
}

/// A subscription as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(inline))]
pub struct Subscription {
    /// Which organization.
    pub organization: OrganizationId,
    /// To which application.
    pub application: ApplicationId,
    /// Where it stands.
    pub state: SubscriptionState,
}

/// Access as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(inline))]
pub struct Access {
    /// Which user.
    pub user: PersonId,
    /// Of which organization.
    pub organization: OrganizationId,
    /// To which application.
    pub application: ApplicationId,
    /// Where it stands.
    pub state: AccessState,
}

/// A relationship as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(inline))]
pub struct Relationship {
    /// Which organization.
    pub organization: OrganizationId,
    /// With which partner.
    pub partner: OrganizationId,
    /// Where it stands.
    pub state: RelationshipState,
}

/// That the snapshot is whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(inline))]
pub struct End {
    /// How many lines there are, the first and this one included.
    pub lines: u64,
}

macro_rules! states {
    ($($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident,)* })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[cfg_attr(feature = "schema", schemars(inline))]
        #[serde(rename_all = "snake_case")]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)*
            /// A value that this version of the language does not know.
            #[serde(other)]
            #[cfg_attr(feature = "schema", schemars(skip))]
            Unknown,
        }
    )*};
}

states! {
    /// Where an application stands.
    ApplicationState {
        /// It is in the catalogue.
        Published,
        /// It takes no new subscriptions or access.
        Retired,
    }
    /// Where an organization stands.
    OrganizationState {
        /// It is registered.
        Registered,
        /// Nobody of it can sign in.
        Suspended,
        /// It is closed, for good.
        Closed,
    }
    /// Where the account of a user stands.
    UserState {
        /// First-time login is next.
        PendingFirstLogin,
        /// First-time login was done.
        Active,
        /// The user cannot sign in.
        Suspended,
        /// The account is closed, for good.
        Closed,
        /// The person was forgotten: nothing that a consumer knows of them may be kept. No other state follows.
        Erased,
    }
    /// Where a subscription stands.
    SubscriptionState {
        /// It waits for review.
        Requested,
        /// The organization is subscribed.
        Active,
        /// It was denied.
        Denied,
        /// It ended.
        Ended,
    }
    /// Where access stands.
    AccessState {
        /// It waits for a decision.
        Requested,
        /// The user may open the application.
        Granted,
        /// It was denied.
        Denied,
        /// The user may not open the application any more.
        Revoked,
    }
    /// Where a relationship stands.
    RelationshipState {
        /// The organization registered, or accepted an offer, on the partner's invitation.
        Established,
        /// The partner ended it.
        Ended,
    }
}
