//! What the events of an invitation fold to.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::{Addressee, ApplicationId, CompanyName, OrganizationId, Owner, Personal, RegistrationId, StaffId};

/// Where an invitation stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum InvitationState {
    /// There is none.
    #[default]
    NotSent,
    /// It waits for an answer, until it expires.
    Open(Invited),
    /// A registration was started with it.
    Accepted(Invited, RegistrationId),
    /// The organization that it was offered to accepted it.
    OfferAccepted(Invited),
    /// The organization that it was offered to declined it.
    OfferDeclined(Invited),
    /// The inviter took it back.
    Revoked(Invited),
    /// Nobody answered in time.
    Expired(Invited),
}

/// Who is invited by whom to what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invited {
    /// Who invites.
    pub inviter: Owner,
    /// The inviter's company name, as mails bear it.
    pub inviter_name: CompanyName,
    /// The company that is invited.
    pub company: CompanyName,
    /// To whom the mail goes.
    pub addressee: Personal<Addressee>,
    /// To which applications, in the inviter's order. At least one.
    pub applications: Vec<ApplicationId>,
    /// The members of the operator's staff who sent it, the first time or again.
    pub invited_by: BTreeSet<StaffId>,
    /// The registered organization that it is an offer to.
    pub organization: Option<OrganizationId>,
    /// Until when it can be accepted.
    pub expires_at: Timestamp,
    /// Which link works; the first one is 0.
    pub generation: u32,
    /// Whether the link that works was followed.
    pub link: Link,
    /// Whether the addressee was reminded of the link that works.
    pub reminder: Reminder,
}

/// Whether a link was followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Link {
    /// Nobody followed it yet.
    Unopened,
    /// Somebody did.
    Opened,
}

/// Whether a reminder was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reminder {
    /// Not yet.
    NotSent,
    /// It was, and is not sent again.
    Sent,
}

impl Invited {
    /// Whether its time is over, whether or not that was recorded.
    #[must_use]
    pub fn is_over_at(&self, now: Timestamp) -> bool {
        now >= self.expires_at
    }
}

impl InvitationState {
    /// Who is invited by whom to what; none before it was sent.
    #[must_use]
    pub fn invited(&self) -> Option<&Invited> {
        match self {
            Self::NotSent => None,
            Self::Open(invited)
            | Self::Accepted(invited, _)
            | Self::OfferAccepted(invited)
            | Self::OfferDeclined(invited)
            | Self::Revoked(invited)
            | Self::Expired(invited) => Some(invited),
        }
    }

    /// The registration that was started with it, which its link resumes.
    #[must_use]
    pub fn registration(&self) -> Option<RegistrationId> {
        match self {
            Self::Accepted(_, registration) => Some(*registration),
            Self::NotSent | Self::Open(_) | Self::OfferAccepted(_) | Self::OfferDeclined(_) | Self::Revoked(_) | Self::Expired(_) => None,
        }
    }

    /// Whether it can still be accepted at this instant.
    #[must_use]
    pub fn is_open_at(&self, now: Timestamp) -> bool {
        match self {
            Self::Open(invited) => !invited.is_over_at(now),
            Self::NotSent | Self::Accepted(..) | Self::OfferAccepted(_) | Self::OfferDeclined(_) | Self::Revoked(_) | Self::Expired(_) => {
                false
            }
        }
    }
}
