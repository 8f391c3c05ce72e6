//! Identifiers. Each kind of thing has its own type, so that one cannot be passed for another.
//!
//! Ids are UUIDs. An id that follows from another (a new stream's from its command's, an event's from its command's) is
//! derived, not drawn, so that the same command given twice names the same things ([`derive()`]). An id is never a
//! permission.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// Derives an id from another and a label: the same two give the same id, always.
///
/// The first 48 bits, which hold the time in a time-ordered UUID, are kept, so that what a command creates sorts near it
/// and indexes grow at their end. The rest is SHA-256 of both. The result is a version 8 UUID (RFC 9562).
#[must_use]
pub fn derive(seed: Uuid, label: &str) -> Uuid {
    let digest = Sha256::new().chain_update(seed.as_bytes()).chain_update(label.as_bytes()).finalize();
    let mut bytes = *seed.as_bytes();
    for (to, from) in bytes.iter_mut().skip(6).zip(digest) {
        *to = from;
    }
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
        #[serde(transparent)]
        pub struct $name(#[schemars(with = "String", extend("format" = "uuid"))] pub Uuid);

        impl $name {
            /// The id that follows from `seed` under this label, as [`derive()`] has it.
            #[must_use]
            pub fn derive(seed: Uuid, label: &str) -> Self {
                Self(derive(seed, label))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    )*};
}

ids! {
    /// A command: the retry key. From the `Idempotency-Key` and its scope, or from the event that caused it.
    CommandId;
    /// An event in the log.
    EventId;
    /// An application of the catalogue.
    ApplicationId;
    /// An invitation of one company by one partner.
    InvitationId;
    /// A registration case.
    RegistrationId;
    /// An organization.
    OrganizationId;
    /// A person, from the first mention on: addressee, registrant, nominee and user are one person with one id. Also
    /// names the user's stream. Allotted by the key ring, which holds the person's key under it.
    PersonId;
    /// A subscription: organization × application.
    SubscriptionId;
    /// Access: user × application.
    AccessId;
    /// A partner relationship: organization × partner.
    RelationshipId;
    /// A credential of a user; its secret lies in the vault under this id.
    CredentialId;
    /// A member of the operator's staff.
    StaffId;
    /// A downstream service. Follows from its name.
    ServiceId;
    /// A reservation of a unique value, named by an HMAC of the value.
    ReservationId;
    /// A mail that is owed for one cause to one recipient.
    MailId;
    /// A business calendar.
    CalendarId;
}

impl SubscriptionId {
    /// The one subscription of this organization to this application.
    #[must_use]
    pub fn of(organization: OrganizationId, application: ApplicationId) -> Self {
        Self::derive(organization.0, &format!("subscription:{application}"))
    }
}

impl AccessId {
    /// The one access of this user to this application.
    #[must_use]
    pub fn of(user: PersonId, application: ApplicationId) -> Self {
        Self::derive(user.0, &format!("access:{application}"))
    }
}

impl RelationshipId {
    /// The one relationship of this organization with this partner.
    #[must_use]
    pub fn of(organization: OrganizationId, partner: OrganizationId) -> Self {
        Self::derive(organization.0, &format!("relationship:{partner}"))
    }
}

impl ServiceId {
    /// The one service of this name.
    #[must_use]
    pub fn of(name: &crate::ServiceName) -> Self {
        Self::derive(Uuid::from_u128(0x0000_0000_0000_8000_8000_0000_005e_541c), &format!("service:{name}"))
    }
}

impl MailId {
    /// The mail that this event owes to this recipient. `recipient` tells apart the mails of one event.
    #[must_use]
    pub fn of(cause: EventId, recipient: &str) -> Self {
        Self::derive(cause.0, &format!("mail:{recipient}"))
    }
}

impl CalendarId {
    /// The operator's business calendar: there is one.
    pub const OPERATOR: Self = Self(Uuid::from_u128(0x0000_0000_0000_8000_8000_0000_0000_ca1e));
}
