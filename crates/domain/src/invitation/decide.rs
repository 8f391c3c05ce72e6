//! Which events follow a command to an invitation.

use std::cmp::Ordering;

use jiff::Timestamp;

use super::{InvitationCommand, InvitationEvent, InvitationRejection, InvitationState, Invited, Link, Reminder};
use crate::days::{days_after, days_before};
use crate::{ApplicationId, Context, OrganizationId, Owner, Reason, RegistrationId, StaffId};

type Decision = Result<Vec<InvitationEvent>, InvitationRejection>;

/// The most applications that one invitation names.
const MOST_APPLICATIONS: usize = 20;
/// The most days that an invitation lives.
const MOST_DAYS: u32 = 90;

/// Decides a command.
pub(super) fn decide(state: &InvitationState, command: InvitationCommand, context: &Context) -> Decision {
    let now = context.now;
    match command {
        InvitationCommand::InviteOrg { inviter, inviter_name, company, addressee, applications, organization, expires_in_days } => {
            let expires_at = end(expires_in_days, context)?;
            check_applications(&applications)?;
            if organization.is_some_and(|organization| inviter == Owner::Partner(organization)) {
                return Err(InvitationRejection::InvitesItself);
            }
            let sent = InvitationEvent::Sent {
                inviter,
                inviter_name,
                company,
                addressee,
                applications,
                organization,
                expires_at,
                invited_by: context.actor.staff(),
            };
            invite(state, sent)
        }
        InvitationCommand::ResendInvitation { expires_in_days } => resend(state, end(expires_in_days, context)?, context.actor.staff()),
        InvitationCommand::RevokeInvitation { reason } => revoke(state, reason, now),
        InvitationCommand::OpenInvitation { generation } => open(state, generation, now),
        InvitationCommand::AcceptInvitation { generation, registration } => accept(state, generation, registration, now),
        InvitationCommand::LinkInvitationToOrganization { organization } => link(state, organization, context),
        InvitationCommand::AcceptOffer { organization } => accept_offer(state, organization, now),
        InvitationCommand::DeclineOffer { organization, reason } => decline_offer(state, organization, reason, now),
        InvitationCommand::RemindInvitation {} => remind(state, context),
        InvitationCommand::ExpireInvitation {} => expire(state, now),
    }
}

/// When an invitation of now ends.
fn end(expires_in_days: Option<u32>, context: &Context) -> Result<Timestamp, InvitationRejection> {
    match expires_in_days {
        Some(days) if !(1..=MOST_DAYS).contains(&days) => Err(InvitationRejection::LifetimeOutOfRange(days)),
        Some(days) => Ok(days_after(context.now, days)),
        None => Ok(days_after(context.now, context.policy.invitation_days)),
    }
}

fn check_applications(applications: &[ApplicationId]) -> Result<(), InvitationRejection> {
    if applications.is_empty() {
        return Err(InvitationRejection::ApplicationRequired);
    }
    if applications.len() > MOST_APPLICATIONS {
        return Err(InvitationRejection::TooManyApplications(applications.len()));
    }
    let mut sorted = applications.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    if sorted.len() < applications.len() {
        return Err(InvitationRejection::ApplicationRepeated);
    }
    Ok(())
}

fn invite(state: &InvitationState, sent: InvitationEvent) -> Decision {
    let Some(before) = state.invited() else { return Ok(vec![sent]) };
    // What was asked for is already so, if it was sent to the same with the same; its end and what became of it may differ.
    let is_the_same = match super::evolve::evolve(InvitationState::NotSent, &sent).invited() {
        Some(asked) => {
            asked.inviter == before.inviter
                && asked.company == before.company
                && asked.addressee == before.addressee
                && asked.applications == before.applications
        }
        None => false,
    };
    if is_the_same { Ok(vec![]) } else { Err(InvitationRejection::AlreadySent) }
}

fn resend(state: &InvitationState, expires_at: Timestamp, invited_by: Option<StaffId>) -> Decision {
    match state {
        InvitationState::NotSent => Err(InvitationRejection::NotFound),
        InvitationState::Open(invited) | InvitationState::Expired(invited) => {
            Ok(vec![InvitationEvent::Resent { generation: invited.generation.saturating_add(1), expires_at, invited_by }])
        }
        InvitationState::Accepted(..) => Err(InvitationRejection::AlreadyAccepted),
        InvitationState::OfferAccepted(_) => Err(InvitationRejection::OfferAlreadyAccepted),
        InvitationState::OfferDeclined(_) => Err(InvitationRejection::OfferDeclined),
        InvitationState::Revoked(_) => Err(InvitationRejection::Revoked),
    }
}

fn revoke(state: &InvitationState, reason: Option<Reason>, now: Timestamp) -> Decision {
    match state {
        InvitationState::NotSent => Err(InvitationRejection::NotFound),
        InvitationState::Open(invited) => {
            in_time(invited, now)?;
            Ok(vec![InvitationEvent::Revoked { reason }])
        }
        InvitationState::Accepted(..) => Err(InvitationRejection::AlreadyAccepted),
        InvitationState::OfferAccepted(_) => Err(InvitationRejection::OfferAlreadyAccepted),
        InvitationState::OfferDeclined(_) => Err(InvitationRejection::OfferDeclined),
        InvitationState::Revoked(_) => Ok(vec![]),
        InvitationState::Expired(_) => Err(InvitationRejection::Expired),
    }
}

fn open(state: &InvitationState, generation: u32, now: Timestamp) -> Decision {
    match state {
        InvitationState::NotSent => Err(InvitationRejection::NotFound),
        InvitationState::Open(invited) => {
            works(invited, generation)?;
            in_time(invited, now)?;
            match invited.link {
                Link::Unopened => Ok(vec![InvitationEvent::Opened {}]),
                Link::Opened => Ok(vec![]),
            }
        }
        // The link goes on to serve: it leads back to the registration, or to the sign-in of the organization.
        InvitationState::Accepted(invited, _) | InvitationState::OfferAccepted(invited) => works(invited, generation).map(|()| vec![]),
        InvitationState::OfferDeclined(_) => Err(InvitationRejection::OfferDeclined),
        InvitationState::Revoked(_) => Err(InvitationRejection::Revoked),
        InvitationState::Expired(_) => Err(InvitationRejection::Expired),
    }
}

fn accept(state: &InvitationState, generation: u32, registration: RegistrationId, now: Timestamp) -> Decision {
    match state {
        InvitationState::NotSent => Err(InvitationRejection::NotFound),
        InvitationState::Open(invited) => {
            works(invited, generation)?;
            in_time(invited, now)?;
            match invited.organization {
                Some(_) => Err(InvitationRejection::IsAnOffer),
                None => Ok(vec![InvitationEvent::Accepted { registration }]),
            }
        }
        InvitationState::Accepted(invited, by) => {
            works(invited, generation)?;
            if *by == registration { Ok(vec![]) } else { Err(InvitationRejection::AlreadyAccepted) }
        }
        InvitationState::OfferAccepted(_) => Err(InvitationRejection::OfferAlreadyAccepted),
        InvitationState::OfferDeclined(_) => Err(InvitationRejection::OfferDeclined),
        InvitationState::Revoked(_) => Err(InvitationRejection::Revoked),
        InvitationState::Expired(_) => Err(InvitationRejection::Expired),
    }
}

fn link(state: &InvitationState, organization: OrganizationId, context: &Context) -> Decision {
    // The organization gets the time that an invitation gets, even where the case has used up what there was.
    let linked = |invited: &Invited| InvitationEvent::LinkedToOrganization {
        organization,
        expires_at: invited.expires_at.max(days_after(context.now, context.policy.invitation_days)),
    };
    match state {
        InvitationState::NotSent => Err(InvitationRejection::NotFound),
        InvitationState::Open(invited) => {
            in_time(invited, context.now)?;
            match invited.organization {
                None => Ok(vec![linked(invited)]),
                Some(other) => offered_to(other, organization).map(|()| vec![]),
            }
        }
        // The registration was closed in favour of the organization.
        InvitationState::Accepted(invited, _) => Ok(vec![linked(invited)]),
        InvitationState::OfferAccepted(invited) if invited.organization == Some(organization) => Ok(vec![]),
        InvitationState::OfferAccepted(_) => Err(InvitationRejection::OfferAlreadyAccepted),
        InvitationState::OfferDeclined(_) => Err(InvitationRejection::OfferDeclined),
        InvitationState::Revoked(_) => Err(InvitationRejection::Revoked),
        InvitationState::Expired(_) => Err(InvitationRejection::Expired),
    }
}

fn accept_offer(state: &InvitationState, organization: OrganizationId, now: Timestamp) -> Decision {
    let invited = offer(state, organization)?;
    match state {
        InvitationState::NotSent => Err(InvitationRejection::NotFound),
        InvitationState::Open(_) => {
            in_time(invited, now)?;
            Ok(vec![InvitationEvent::OfferAccepted { organization }])
        }
        InvitationState::OfferAccepted(_) => Ok(vec![]),
        InvitationState::Accepted(..) => Err(InvitationRejection::AlreadyAccepted),
        InvitationState::OfferDeclined(_) => Err(InvitationRejection::OfferDeclined),
        InvitationState::Revoked(_) => Err(InvitationRejection::Revoked),
        InvitationState::Expired(_) => Err(InvitationRejection::Expired),
    }
}

fn decline_offer(state: &InvitationState, organization: OrganizationId, reason: Option<Reason>, now: Timestamp) -> Decision {
    let invited = offer(state, organization)?;
    match state {
        InvitationState::NotSent => Err(InvitationRejection::NotFound),
        InvitationState::Open(_) => {
            in_time(invited, now)?;
            Ok(vec![InvitationEvent::OfferDeclined { organization, reason }])
        }
        InvitationState::OfferDeclined(_) => Ok(vec![]),
        InvitationState::Accepted(..) => Err(InvitationRejection::AlreadyAccepted),
        InvitationState::OfferAccepted(_) => Err(InvitationRejection::OfferAlreadyAccepted),
        InvitationState::Revoked(_) => Err(InvitationRejection::Revoked),
        InvitationState::Expired(_) => Err(InvitationRejection::Expired),
    }
}

fn remind(state: &InvitationState, context: &Context) -> Decision {
    match state {
        InvitationState::NotSent => Err(InvitationRejection::NotFound),
        InvitationState::Open(invited) => {
            let days = context.policy.invitation_reminder_days;
            let is_time = days > 0 && context.now >= days_before(invited.expires_at, days) && !invited.is_over_at(context.now);
            Ok(match invited.reminder {
                Reminder::NotSent if is_time => vec![InvitationEvent::Reminded {}],
                Reminder::NotSent | Reminder::Sent => vec![],
            })
        }
        InvitationState::Accepted(..)
        | InvitationState::OfferAccepted(_)
        | InvitationState::OfferDeclined(_)
        | InvitationState::Revoked(_)
        | InvitationState::Expired(_) => Ok(vec![]),
    }
}

fn expire(state: &InvitationState, now: Timestamp) -> Decision {
    match state {
        InvitationState::NotSent => Err(InvitationRejection::NotFound),
        InvitationState::Open(invited) if invited.is_over_at(now) => Ok(vec![InvitationEvent::Expired {}]),
        InvitationState::Open(_)
        | InvitationState::Accepted(..)
        | InvitationState::OfferAccepted(_)
        | InvitationState::OfferDeclined(_)
        | InvitationState::Revoked(_)
        | InvitationState::Expired(_) => Ok(vec![]),
    }
}

/// The link of this generation is the one that works.
fn works(invited: &Invited, generation: u32) -> Result<(), InvitationRejection> {
    match generation.cmp(&invited.generation) {
        Ordering::Equal => Ok(()),
        Ordering::Less => Err(InvitationRejection::LinkReplaced),
        // Never handed out.
        Ordering::Greater => Err(InvitationRejection::NotFound),
    }
}

/// Judged by the clock, since the event that records the end may be a while in coming.
fn in_time(invited: &Invited, now: Timestamp) -> Result<(), InvitationRejection> {
    if invited.is_over_at(now) { Err(InvitationRejection::Expired) } else { Ok(()) }
}

/// It is an offer, and to this organization.
fn offer(state: &InvitationState, organization: OrganizationId) -> Result<&Invited, InvitationRejection> {
    let invited = state.invited().ok_or(InvitationRejection::NotFound)?;
    offered_to(invited.organization.ok_or(InvitationRejection::NotAnOffer)?, organization)?;
    Ok(invited)
}

fn offered_to(offered: OrganizationId, organization: OrganizationId) -> Result<(), InvitationRejection> {
    if offered == organization { Ok(()) } else { Err(InvitationRejection::OfferedToAnother) }
}
