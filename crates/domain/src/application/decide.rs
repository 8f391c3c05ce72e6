//! Which events follow a command to an application.

use super::{ApplicationCommand, ApplicationDetails, ApplicationEvent, ApplicationRejection, ApplicationState, RegistrationPolicy, Way};
use crate::Context;

type Decision = Result<Vec<ApplicationEvent>, ApplicationRejection>;

/// Decides a command.
pub(super) fn decide(state: &ApplicationState, command: ApplicationCommand, _context: &Context) -> Decision {
    match command {
        ApplicationCommand::PublishApplication { code, owner, details } => match state {
            ApplicationState::NotPublished => {
                check(&details)?;
                Ok(vec![ApplicationEvent::Published { code, owner, details }])
            }
            ApplicationState::Published(before) if before.code == code && before.owner == owner && before.details == details => Ok(vec![]),
            ApplicationState::Published(_) => Err(ApplicationRejection::AlreadyPublished),
            ApplicationState::Retired(_) => Err(ApplicationRejection::Retired),
        },
        ApplicationCommand::AmendApplication { details } => match state {
            ApplicationState::NotPublished => Err(ApplicationRejection::NotFound),
            ApplicationState::Published(before) if before.details == details => Ok(vec![]),
            ApplicationState::Published(_) => {
                check(&details)?;
                Ok(vec![ApplicationEvent::Amended { details }])
            }
            ApplicationState::Retired(_) => Err(ApplicationRejection::Retired),
        },
        ApplicationCommand::RetireApplication { reason } => match state {
            ApplicationState::NotPublished => Err(ApplicationRejection::NotFound),
            ApplicationState::Published(_) => Ok(vec![ApplicationEvent::Retired { reason }]),
            ApplicationState::Retired(_) => Ok(vec![]),
        },
    }
}

/// The ways in agree with each other and with who may register.
fn check(details: &ApplicationDetails) -> Result<(), ApplicationRejection> {
    if details.ways.is_empty() {
        return Err(ApplicationRejection::WayRequired);
    }
    if details.ways.iter().enumerate().any(|(at, way)| details.ways.iter().take(at).any(|before| before == way)) {
        return Err(ApplicationRejection::WayRepeated);
    }
    match details.registration {
        RegistrationPolicy::Public => Ok(()),
        RegistrationPolicy::InvitationOnly if details.ways.iter().all(|way| *way == Way::Invitation) => Ok(()),
        RegistrationPolicy::InvitationOnly => Err(ApplicationRejection::WayNeedsPublicRegistration),
    }
}
