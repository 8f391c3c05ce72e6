//! Which rules a command to an invitation can break.

use crate::{Rejection, RejectionKind};

/// A rule that a command to an invitation broke.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvitationRejection {
    /// There is none.
    #[error("There is no such invitation.")]
    NotFound,
    /// One of another content has this id.
    #[error("This invitation was sent already, with other details.")]
    AlreadySent,
    /// It must name an application.
    #[error("An invitation names at least one application.")]
    ApplicationRequired,
    /// It names too many applications.
    #[error("An invitation names at most 20 applications, not {0}.")]
    TooManyApplications(usize),
    /// It names an application twice.
    #[error("An invitation names each application once.")]
    ApplicationRepeated,
    /// It lives 1 to 90 days.
    #[error("An invitation lives 1 to 90 days, not {0}.")]
    LifetimeOutOfRange(u32),
    /// A partner does not invite itself.
    #[error("A company does not invite itself.")]
    InvitesItself,
    /// A newer link was sent.
    #[error("This link was replaced by a newer one. Please use the link in the latest mail.")]
    LinkReplaced,
    /// Its time is over.
    #[error("This invitation has expired. Please ask the company that invited you for a new one.")]
    Expired,
    /// The inviter took it back.
    #[error("This invitation was taken back by the company that sent it.")]
    Revoked,
    /// A registration was started with it.
    #[error("This invitation was accepted already: it serves once.")]
    AlreadyAccepted,
    /// The organization accepted the offer.
    #[error("The organization has accepted this offer already.")]
    OfferAlreadyAccepted,
    /// The organization declined the offer.
    #[error("The organization has declined this offer.")]
    OfferDeclined,
    /// The company is registered: it answers the offer, and does not register again.
    #[error("This company is registered already: its administrator accepts the invitation after signing in.")]
    IsAnOffer,
    /// The company is not registered: its invitation is accepted by registering.
    #[error("This invitation is not an offer to a registered organization.")]
    NotAnOffer,
    /// It is offered to another organization.
    #[error("This invitation is offered to another organization.")]
    OfferedToAnother,
}

impl Rejection for InvitationRejection {
    fn kind(&self) -> RejectionKind {
        match self {
            Self::NotFound => RejectionKind::NotFound,
            Self::ApplicationRequired
            | Self::TooManyApplications(_)
            | Self::ApplicationRepeated
            | Self::LifetimeOutOfRange(_)
            | Self::InvitesItself => RejectionKind::Invalid,
            Self::LinkReplaced
            | Self::Expired
            | Self::Revoked
            | Self::AlreadyAccepted
            | Self::OfferAlreadyAccepted
            | Self::OfferDeclined => RejectionKind::Gone,
            Self::AlreadySent | Self::IsAnOffer | Self::NotAnOffer => RejectionKind::Conflict,
            Self::OfferedToAnother => RejectionKind::Forbidden,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NotFound => "invitation-not-found",
            Self::AlreadySent => "invitation-already-sent",
            Self::ApplicationRequired => "invitation-application-required",
            Self::TooManyApplications(_) => "invitation-too-many-applications",
            Self::ApplicationRepeated => "invitation-application-repeated",
            Self::LifetimeOutOfRange(_) => "invitation-lifetime-out-of-range",
            Self::InvitesItself => "invitation-invites-itself",
            Self::LinkReplaced => "invitation-link-replaced",
            Self::Expired => "invitation-expired",
            Self::Revoked => "invitation-revoked",
            Self::AlreadyAccepted => "invitation-already-accepted",
            Self::OfferAlreadyAccepted => "offer-already-accepted",
            Self::OfferDeclined => "offer-declined",
            Self::IsAnOffer => "invitation-is-an-offer",
            Self::NotAnOffer => "invitation-not-an-offer",
            Self::OfferedToAnother => "offered-to-another-organization",
        }
    }

    fn field(&self) -> Option<String> {
        let field = match self {
            Self::ApplicationRequired | Self::TooManyApplications(_) | Self::ApplicationRepeated => "/applications",
            Self::LifetimeOutOfRange(_) => "/expires_in_days",
            Self::InvitesItself => "/organization",
            Self::NotFound
            | Self::AlreadySent
            | Self::LinkReplaced
            | Self::Expired
            | Self::Revoked
            | Self::AlreadyAccepted
            | Self::OfferAlreadyAccepted
            | Self::OfferDeclined
            | Self::IsAnOffer
            | Self::NotAnOffer
            | Self::OfferedToAnother => return None,
        };
        Some(field.to_owned())
    }
}
