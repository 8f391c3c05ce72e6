//! Where a mail's link leads.

use domain::{InvitationId, PersonId, RegistrationId};
use serde::{Deserialize, Serialize};

/// Where a mail's link leads. Holds no token and no host: both are added while the mail is being sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "to", rename_all = "snake_case")]
pub enum Link {
    /// The invitation: registering begins there and is resumed there.
    Invitation {
        /// Which one.
        invitation: InvitationId,
        /// Which of its links; those of earlier generations do not work any more.
        generation: u32,
    },
    /// The offer of an invitation, after sign-in.
    Offer {
        /// Which invitation.
        invitation: InvitationId,
    },
    /// The registration, to go on with it.
    Registration {
        /// Which one.
        registration: RegistrationId,
    },
    /// The public page that says where a case stands.
    CaseStatus {
        /// The case's number.
        case_number: String,
    },
    /// The self-registration of an invited user.
    SelfRegistration {
        /// Who was invited.
        person: PersonId,
    },
    /// First-time login.
    FirstTimeLogin,
    /// Back to credentialing: the next step of this user.
    Credentialing,
    /// Where a user's applications are.
    Home,
    /// Where application administrators decide on access.
    AccessRequests,
    /// A case in the review queue.
    Review {
        /// Which one.
        registration: RegistrationId,
    },
    /// Nowhere: there is nothing to do.
    Nowhere,
}
