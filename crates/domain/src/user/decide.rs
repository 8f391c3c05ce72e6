//! Which events follow a command to a user. How an account comes to be is in `coming`, first-time login in `login`,
//! second factors in `factors`.

mod coming;
mod factors;
mod login;

use super::{Account, UserCommand, UserEvent, UserRejection, UserRole, UserState};
use crate::{Context, Reason};

type Decision = Result<Vec<UserEvent>, UserRejection>;

/// Decides a command.
pub(super) fn decide(state: &UserState, command: UserCommand, context: &Context) -> Decision {
    match command {
        UserCommand::InviteUser { organization, organization_name, email } => {
            coming::invite(state, organization, organization_name, email, context)
        }
        UserCommand::SelfRegister { contact, one_time_password } => coming::self_register(state, contact, one_time_password, context.now),
        UserCommand::ConfirmSelfRegistration { user_id, administrator } => coming::confirm(state, user_id, administrator),
        UserCommand::RefuseSelfRegistration { reason } => coming::refuse(state, reason),
        UserCommand::ExpireUserInvitation {} => coming::expire(state, context.now),
        UserCommand::CreateUser { organization, organization_name, user_id, contact, mut roles, one_time_password, origin } => {
            roles.sort_unstable();
            roles.dedup();
            let created = UserEvent::Created { organization, organization_name, user_id, contact, roles, one_time_password, origin };
            coming::create(state, created)
        }
        UserCommand::IssueOneTimePassword { one_time_password } => login::issue(state, one_time_password),
        UserCommand::RedeemOneTimePassword { one_time_password } => login::redeem(state, one_time_password),
        UserCommand::LockOneTimePassword { one_time_password } => login::lock(state, one_time_password),
        UserCommand::SetPassword { password } => login::set_password(state, password),
        UserCommand::ConfirmProfile { contact } => login::confirm_profile(state, contact),
        UserCommand::AcceptTerms { version } => login::accept_terms(state, version, context),
        UserCommand::AskSecondFactor { application } => factors::ask(state, application),
        UserCommand::StopAskingSecondFactor { application } => factors::stop_asking(state, application, context),
        UserCommand::AddSecondFactor { credential } => factors::add(state, credential, context),
        UserCommand::RemoveSecondFactor { credential } => factors::remove(state, credential, context),
        UserCommand::ResetSecondFactors {} => factors::reset(state),
        UserCommand::CompleteFirstLogin {} => login::complete(state, context),
        UserCommand::GrantRole { role } => {
            let account = usable(state)?;
            Ok(if account.roles.contains(&role) { vec![] } else { vec![UserEvent::RoleGranted { role }] })
        }
        UserCommand::RevokeRole { role, reason } => revoke_role(state, role, reason),
        UserCommand::SuspendUser { reason } => suspend(state, reason),
        UserCommand::ReinstateUser { reason } => reinstate(state, reason),
        UserCommand::CloseUser { reason } => close(state, reason),
    }
}

fn revoke_role(state: &UserState, role: UserRole, reason: Reason) -> Decision {
    let account = open(state)?;
    Ok(if account.roles.contains(&role) { vec![UserEvent::RoleRevoked { role, reason }] } else { vec![] })
}

fn suspend(state: &UserState, reason: Reason) -> Decision {
    match state {
        UserState::PendingFirstLogin(_) | UserState::Active(_) => Ok(vec![UserEvent::Suspended { reason }]),
        UserState::Suspended(..) => Ok(vec![]),
        UserState::Unknown
        | UserState::Invited(_)
        | UserState::SelfRegistered(_)
        | UserState::Refused(_)
        | UserState::InvitationExpired(_)
        | UserState::Closed(_) => Err(why_not(state)),
    }
}

fn reinstate(state: &UserState, reason: Reason) -> Decision {
    match state {
        UserState::Suspended(..) => Ok(vec![UserEvent::Reinstated { reason }]),
        UserState::PendingFirstLogin(_) | UserState::Active(_) => Ok(vec![]),
        UserState::Unknown
        | UserState::Invited(_)
        | UserState::SelfRegistered(_)
        | UserState::Refused(_)
        | UserState::InvitationExpired(_)
        | UserState::Closed(_) => Err(why_not(state)),
    }
}

fn close(state: &UserState, reason: Reason) -> Decision {
    match state {
        UserState::PendingFirstLogin(_) | UserState::Active(_) | UserState::Suspended(..) => Ok(vec![UserEvent::Closed { reason }]),
        UserState::Closed(_) => Ok(vec![]),
        UserState::Unknown
        | UserState::Invited(_)
        | UserState::SelfRegistered(_)
        | UserState::Refused(_)
        | UserState::InvitationExpired(_) => Err(why_not(state)),
    }
}

/// The account, if it is not closed.
fn open(state: &UserState) -> Result<&Account, UserRejection> {
    state.open_account().ok_or_else(|| why_not(state))
}

/// The account of a user who is neither suspended nor closed.
fn usable(state: &UserState) -> Result<&Account, UserRejection> {
    state.can_sign_in().ok_or_else(|| why_not(state))
}

/// Why there is no account to use in this state.
fn why_not(state: &UserState) -> UserRejection {
    match state {
        UserState::Unknown => UserRejection::NotFound,
        UserState::Invited(_) | UserState::SelfRegistered(_) | UserState::PendingFirstLogin(_) | UserState::Active(_) => {
            UserRejection::NoAccountYet
        }
        UserState::Refused(_) => UserRejection::Refused,
        UserState::InvitationExpired(_) => UserRejection::InvitationExpired,
        UserState::Suspended(..) => UserRejection::Suspended,
        UserState::Closed(_) => UserRejection::Closed,
    }
}
