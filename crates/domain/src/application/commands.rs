//! What can be asked of an application.

use super::events::ApplicationDetails;
use crate::{ApplicationCode, Owner, Reason};

/// What can be asked of an application of the catalogue.
#[derive(Debug, Clone)]
pub enum ApplicationCommand {
    /// Puts an application into the catalogue.
    PublishApplication {
        /// Its code.
        code: ApplicationCode,
        /// Whose it is.
        owner: Owner,
        /// The rest.
        details: ApplicationDetails,
    },
    /// Changes its details. What is already so yields nothing.
    AmendApplication {
        /// All details as they shall be.
        details: ApplicationDetails,
    },
    /// Takes it out of the catalogue for new subscriptions.
    RetireApplication {
        /// Why.
        reason: Reason,
    },
}
