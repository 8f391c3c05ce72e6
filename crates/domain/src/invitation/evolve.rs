//! How the events of an invitation change it.

use super::{InvitationEvent, InvitationState, Invited, Link, Reminder};

/// The state after an event.
pub(super) fn evolve(state: InvitationState, event: &InvitationEvent) -> InvitationState {
    match event {
        InvitationEvent::Sent { inviter, inviter_name, company, addressee, applications, organization, expires_at, invited_by } => {
            InvitationState::Open(Invited {
                inviter: *inviter,
                inviter_name: inviter_name.clone(),
                company: company.clone(),
                addressee: addressee.clone(),
                applications: applications.clone(),
                invited_by: invited_by.iter().copied().collect(),
                organization: *organization,
                expires_at: *expires_at,
                generation: 0,
                link: Link::Unopened,
                reminder: Reminder::NotSent,
            })
        }
        // A new link with a new end: it was neither followed yet nor the addressee reminded of it.
        InvitationEvent::Resent { generation, expires_at, invited_by } => after(state, |mut invited| {
            invited.invited_by.extend(invited_by);
            InvitationState::Open(Invited {
                generation: *generation,
                expires_at: *expires_at,
                link: Link::Unopened,
                reminder: Reminder::NotSent,
                ..invited
            })
        }),
        InvitationEvent::Reminded {} => while_open(state, |invited| Invited { reminder: Reminder::Sent, ..invited }),
        InvitationEvent::Opened {} => while_open(state, |invited| Invited { link: Link::Opened, ..invited }),
        InvitationEvent::Accepted { registration } => after(state, |invited| InvitationState::Accepted(invited, *registration)),
        // Others are asked now, who were not reminded yet.
        InvitationEvent::LinkedToOrganization { organization, expires_at } => after(state, |invited| {
            InvitationState::Open(Invited {
                organization: Some(*organization),
                expires_at: *expires_at,
                reminder: Reminder::NotSent,
                ..invited
            })
        }),
        InvitationEvent::OfferAccepted { organization } => {
            after(state, |invited| InvitationState::OfferAccepted(Invited { organization: Some(*organization), ..invited }))
        }
        InvitationEvent::OfferDeclined { organization, reason: _ } => {
            after(state, |invited| InvitationState::OfferDeclined(Invited { organization: Some(*organization), ..invited }))
        }
        InvitationEvent::Revoked { reason: _ } => after(state, InvitationState::Revoked),
        InvitationEvent::Expired {} => after(state, InvitationState::Expired),
    }
}

/// What comes next for an invitation that was sent; before that, nothing comes next.
fn after(state: InvitationState, next: impl FnOnce(Invited) -> InvitationState) -> InvitationState {
    match state {
        InvitationState::NotSent => InvitationState::NotSent,
        InvitationState::Open(invited)
        | InvitationState::Accepted(invited, _)
        | InvitationState::OfferAccepted(invited)
        | InvitationState::OfferDeclined(invited)
        | InvitationState::Revoked(invited)
        | InvitationState::Expired(invited) => next(invited),
    }
}

/// A change of an invitation that stays open.
fn while_open(state: InvitationState, change: impl FnOnce(Invited) -> Invited) -> InvitationState {
    match state {
        InvitationState::Open(invited) => InvitationState::Open(change(invited)),
        InvitationState::NotSent
        | InvitationState::Accepted(..)
        | InvitationState::OfferAccepted(_)
        | InvitationState::OfferDeclined(_)
        | InvitationState::Revoked(_)
        | InvitationState::Expired(_) => state,
    }
}
