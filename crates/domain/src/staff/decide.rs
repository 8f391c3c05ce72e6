//! Which events follow a command about a member of the staff. By what they sign in is in `account`.

mod account;

use super::{Member, StaffCommand, StaffEvent, StaffRejection, StaffState};
use crate::registration::Affiliation;
use crate::{Contact, Context, Personal, StaffRole};

type Decision = Result<Vec<StaffEvent>, StaffRejection>;

/// Decides a command.
pub(super) fn decide(state: &StaffState, command: StaffCommand, _context: &Context) -> Decision {
    match command {
        StaffCommand::AppointStaff { contact, roles } => appoint(state, contact, roles),
        StaffCommand::GrantStaffRole { role } => {
            Ok(if member(state)?.roles.contains(&role) { vec![] } else { vec![StaffEvent::RoleGranted { role }] })
        }
        StaffCommand::RevokeStaffRole { role, reason } => {
            Ok(if member(state)?.roles.contains(&role) { vec![StaffEvent::RoleRevoked { role, reason }] } else { vec![] })
        }
        StaffCommand::DeclareAffiliations { affiliations } => {
            let affiliations = each_once(affiliations);
            Ok(if member(state)?.affiliations == affiliations { vec![] } else { vec![StaffEvent::AffiliationsDeclared { affiliations }] })
        }
        StaffCommand::IssueStaffOneTimePassword { user_id, one_time_password } => account::issue(state, user_id, one_time_password),
        StaffCommand::RedeemStaffOneTimePassword { one_time_password } => account::redeem(state, one_time_password),
        StaffCommand::LockStaffOneTimePassword { one_time_password } => account::lock(state, one_time_password),
        StaffCommand::SetStaffPassword { password } => account::set_password(state, password),
        StaffCommand::AddStaffSecondFactor { credential } => account::add_second_factor(state, credential),
        StaffCommand::RemoveStaffSecondFactor { credential } => account::remove_second_factor(state, credential),
        StaffCommand::ResetStaffSecondFactors {} => account::reset_second_factors(state),
        StaffCommand::LinkStaffIdentity { identity } => account::link_identity(state, identity),
        StaffCommand::UnlinkStaffIdentity {} => Ok(unlink(member(state)?)),
        StaffCommand::DismissStaff { reason } => match state {
            StaffState::NotAppointed => Err(StaffRejection::NotFound),
            StaffState::Member(member) => {
                let mut events = unlink(member);
                events.push(StaffEvent::Dismissed { reason });
                Ok(events)
            }
            StaffState::Dismissed(_) => Ok(vec![]),
        },
    }
}

fn appoint(state: &StaffState, contact: Personal<Contact>, mut roles: Vec<StaffRole>) -> Decision {
    match state {
        StaffState::NotAppointed => {
            roles.sort_unstable();
            roles.dedup();
            if roles.is_empty() {
                return Err(StaffRejection::RoleRequired);
            }
            if contact.is_erased() {
                return Err(StaffRejection::PersonForgotten);
            }
            Ok(vec![StaffEvent::Appointed { contact, roles }])
        }
        // Roles change by commands of their own.
        StaffState::Member(member) if member.contact == contact => Ok(vec![]),
        StaffState::Member(_) => Err(StaffRejection::AlreadyAppointed),
        StaffState::Dismissed(_) => Err(StaffRejection::Dismissed),
    }
}

fn member(state: &StaffState) -> Result<&Member, StaffRejection> {
    match state {
        StaffState::NotAppointed => Err(StaffRejection::NotFound),
        StaffState::Member(member) => Ok(member),
        StaffState::Dismissed(_) => Err(StaffRejection::Dismissed),
    }
}

/// Who they were at the identity provider can be somebody else's here.
fn unlink(member: &Member) -> Vec<StaffEvent> {
    member.identity.map(|identity| StaffEvent::IdentityUnlinked { identity }).into_iter().collect()
}

fn each_once(affiliations: Vec<Affiliation>) -> Vec<Affiliation> {
    let mut once = Vec::with_capacity(affiliations.len());
    for affiliation in affiliations {
        if !once.contains(&affiliation) {
            once.push(affiliation);
        }
    }
    once
}
