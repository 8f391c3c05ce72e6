//! How an account comes to be: created, or by an invitation that somebody followed and an administrator confirmed.

use jiff::Timestamp;

use super::Decision;
use crate::days::days_after;
use crate::user::{SelfRegistration, UserEvent, UserInvitation, UserOrigin, UserRejection, UserState};
use crate::{CompanyName, Contact, Context, CredentialId, Email, OrganizationId, PersonId, Personal, Reason, UserId};

pub(super) fn invite(
    state: &UserState,
    organization: OrganizationId,
    organization_name: CompanyName,
    email: Personal<Email>,
    context: &Context,
) -> Decision {
    let expires_at = days_after(context.now, context.policy.self_registration_days);
    let is_again_for = |invitation: &UserInvitation| invitation.organization == organization && invitation.email == email;
    match state {
        UserState::Invited(invitation) if !is_over_at(invitation, context.now) => {
            return if is_again_for(invitation) { Ok(vec![]) } else { Err(UserRejection::AlreadyInvited) };
        }
        // Whoever did not come in time, or was refused by mistake, can be invited again, by the same organization.
        UserState::Invited(before) | UserState::Refused(before) | UserState::InvitationExpired(before) => {
            if before.organization != organization {
                return Err(UserRejection::AlreadyInvited);
            }
        }
        UserState::SelfRegistered(_) => return Err(UserRejection::AlreadySelfRegistered),
        UserState::PendingFirstLogin(_) | UserState::Active(_) | UserState::Suspended(..) | UserState::Closed(_) => {
            return Err(UserRejection::AlreadyAUser);
        }
        UserState::Unknown => {}
    }
    if email.is_erased() {
        return Err(UserRejection::PersonForgotten);
    }
    Ok(vec![UserEvent::Invited { organization, organization_name, email, expires_at }])
}

pub(super) fn self_register(state: &UserState, contact: Personal<Contact>, one_time_password: CredentialId, now: Timestamp) -> Decision {
    match state {
        UserState::Unknown => Err(UserRejection::NotFound),
        UserState::Invited(invitation) => {
            if is_over_at(invitation, now) {
                return Err(UserRejection::InvitationExpired);
            }
            if contact.is_erased() {
                return Err(UserRejection::PersonForgotten);
            }
            if contact.person() != invitation.email.person() {
                return Err(UserRejection::AnotherPerson);
            }
            Ok(vec![UserEvent::SelfRegistered { contact, one_time_password }])
        }
        UserState::SelfRegistered(before) if before.contact == contact && before.one_time_password == one_time_password => Ok(vec![]),
        UserState::SelfRegistered(_) => Err(UserRejection::AlreadySelfRegistered),
        UserState::Refused(_) => Err(UserRejection::Refused),
        UserState::InvitationExpired(_) => Err(UserRejection::InvitationExpired),
        UserState::PendingFirstLogin(_) | UserState::Active(_) | UserState::Suspended(..) | UserState::Closed(_) => {
            Err(UserRejection::AlreadyAUser)
        }
    }
}

pub(super) fn confirm(state: &UserState, user_id: UserId, administrator: PersonId) -> Decision {
    match state {
        UserState::Unknown => Err(UserRejection::NotFound),
        UserState::Invited(_) => Err(UserRejection::NotSelfRegistered),
        UserState::SelfRegistered(SelfRegistration { invitation, contact, one_time_password }) => {
            if contact.is_erased() {
                return Err(UserRejection::PersonForgotten);
            }
            Ok(vec![UserEvent::Created {
                organization: invitation.organization,
                organization_name: invitation.organization_name.clone(),
                user_id,
                contact: contact.clone(),
                roles: vec![],
                one_time_password: *one_time_password,
                origin: UserOrigin::SelfRegistration(administrator),
            }])
        }
        UserState::Refused(_) => Err(UserRejection::Refused),
        UserState::InvitationExpired(_) => Err(UserRejection::InvitationExpired),
        UserState::PendingFirstLogin(account)
        | UserState::Active(account)
        | UserState::Suspended(account, _)
        | UserState::Closed(account) => {
            if account.user_id == user_id {
                Ok(vec![])
            } else {
                Err(UserRejection::AlreadyAUser)
            }
        }
    }
}

pub(super) fn refuse(state: &UserState, reason: Reason) -> Decision {
    match state {
        UserState::Unknown => Err(UserRejection::NotFound),
        UserState::Invited(_) => Err(UserRejection::NotSelfRegistered),
        UserState::SelfRegistered(_) => Ok(vec![UserEvent::Refused { reason }]),
        UserState::Refused(_) => Ok(vec![]),
        UserState::InvitationExpired(_) => Err(UserRejection::InvitationExpired),
        UserState::PendingFirstLogin(_) | UserState::Active(_) | UserState::Suspended(..) | UserState::Closed(_) => {
            Err(UserRejection::AlreadyAUser)
        }
    }
}

pub(super) fn expire(state: &UserState, now: Timestamp) -> Decision {
    match state {
        UserState::Unknown => Err(UserRejection::NotFound),
        UserState::Invited(invitation) if is_over_at(invitation, now) => Ok(vec![UserEvent::InvitationExpired {}]),
        UserState::Invited(_)
        | UserState::SelfRegistered(_)
        | UserState::Refused(_)
        | UserState::InvitationExpired(_)
        | UserState::PendingFirstLogin(_)
        | UserState::Active(_)
        | UserState::Suspended(..)
        | UserState::Closed(_) => Ok(vec![]),
    }
}

/// `created` is the event that follows if there is no account yet.
pub(super) fn create(state: &UserState, created: UserEvent) -> Decision {
    match state {
        UserState::Unknown => match crate::user::evolve::evolve(UserState::Unknown, &created).account() {
            Some(account) if account.contact.is_erased() => Err(UserRejection::PersonForgotten),
            Some(_) | None => Ok(vec![created]),
        },
        UserState::Invited(_) | UserState::SelfRegistered(_) | UserState::Refused(_) | UserState::InvitationExpired(_) => {
            Err(UserRejection::AlreadyInvited)
        }
        UserState::PendingFirstLogin(account)
        | UserState::Active(account)
        | UserState::Suspended(account, _)
        | UserState::Closed(account) => match crate::user::evolve::evolve(UserState::Unknown, &created).account() {
            Some(asked) if asked.user_id == account.user_id && asked.organization == account.organization => Ok(vec![]),
            Some(_) | None => Err(UserRejection::AlreadyAUser),
        },
    }
}

fn is_over_at(invitation: &UserInvitation, now: Timestamp) -> bool {
    now >= invitation.expires_at
}
