//! What can be asked of access.

use crate::{ApplicationId, OrganizationId, PersonId, Reason};

/// What can be asked of a user's access to an application.
#[derive(Debug, Clone)]
pub enum AccessCommand {
    /// Asks for it; granted at once where the application grants automatically.
    RequestAccess {
        /// For whom.
        user: PersonId,
        /// Of which organization.
        organization: OrganizationId,
        /// To which application.
        application: ApplicationId,
        /// Who proposes it, if not the user.
        proposed_by: Option<PersonId>,
        /// Why it is needed.
        reason: Option<Reason>,
        /// Whether the application grants automatically.
        automatic: bool,
    },
    /// Grants it, asked for or not.
    GrantAccess {
        /// To whom.
        user: PersonId,
        /// Of which organization.
        organization: OrganizationId,
        /// To which application.
        application: ApplicationId,
        /// By whom.
        administrator: PersonId,
        /// Why.
        reason: Option<Reason>,
    },
    /// Denies what was asked for.
    DenyAccess {
        /// By whom.
        administrator: PersonId,
        /// Why.
        reason: Reason,
    },
    /// Takes it away.
    RevokeAccess {
        /// By whom; none: because the subscription or the account ended.
        administrator: Option<PersonId>,
        /// Why.
        reason: Reason,
    },
}
