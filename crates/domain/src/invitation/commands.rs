//! What can be asked of an invitation.

use crate::{Addressee, ApplicationId, CompanyName, OrganizationId, Owner, Personal, Reason, RegistrationId};

/// What can be asked of an invitation.
#[derive(Debug, Clone)]
pub enum InvitationCommand {
    /// Invites a company to one or more applications.
    InviteOrg {
        /// Who invites.
        inviter: Owner,
        /// The inviter's company name.
        inviter_name: CompanyName,
        /// The company.
        company: CompanyName,
        /// To whom the mail goes.
        addressee: Personal<Addressee>,
        /// To which applications. At least one, at most 20, each once.
        applications: Vec<ApplicationId>,
        /// The registered organization, if the inviter picked it from the likely duplicates.
        organization: Option<OrganizationId>,
        /// Days until it expires (1 to 90); none: as policy says.
        expires_in_days: Option<u32>,
    },
    /// Sends it again with a new link and a new expiry.
    ResendInvitation {
        /// Days until it expires; none: as policy says.
        expires_in_days: Option<u32>,
    },
    /// Takes it back.
    RevokeInvitation {
        /// Why.
        reason: Option<Reason>,
    },
    /// Notes that its link was followed.
    OpenInvitation {
        /// The generation that the link bears.
        generation: u32,
    },
    /// Accepts it by starting a registration.
    AcceptInvitation {
        /// The generation that the link bears.
        generation: u32,
        /// The registration, which derives from the invitation.
        registration: RegistrationId,
    },
    /// Turns it into an offer to a registered organization.
    LinkInvitationToOrganization {
        /// Which organization.
        organization: OrganizationId,
    },
    /// Accepts the offer for the organization.
    AcceptOffer {
        /// The organization of the administrator who accepts.
        organization: OrganizationId,
    },
    /// Declines the offer for the organization.
    DeclineOffer {
        /// The organization of the administrator who declines.
        organization: OrganizationId,
        /// Why.
        reason: Option<Reason>,
    },
    /// Reminds the addressee, if it is time and nobody did.
    RemindInvitation {},
    /// Notes that nobody answered in time, if so.
    ExpireInvitation {},
}
