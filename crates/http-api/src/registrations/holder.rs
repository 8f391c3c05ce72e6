//! Whose a registration is: an id is no permission.

use std::cmp::Ordering;

use domain::RegistrationId;
use domain::invitation::{Invitation, InvitationRejection, InvitationState, Invited};

use crate::caller::Caller;
use crate::problem::Problem;
use crate::services::Services;

/// The caller is the registrant of this registration: they hold the link that it began with, and that link still works.
///
/// # Errors
/// 404 for anybody else, as if there were none; 410 if the link was replaced or the invitation taken back.
pub(super) async fn check(caller: &Caller, registration: RegistrationId, services: &Services) -> Result<(), Problem> {
    match caller {
        Caller::Registrant { registration: theirs } if *theirs == registration => Ok(()),
        Caller::Addressee { invitation, generation } => {
            // The registration that an invitation leads to has an id that follows from the invitation's.
            if RegistrationId::derive(invitation.0, "registration") != registration {
                return Err(Problem::not_found("registration"));
            }
            let worked = services.handlers.inspect::<Invitation, _>(invitation.0, |state, _| works(state, *generation)).await?;
            match worked {
                Some(Ok(())) => Ok(()),
                Some(Err(rejection)) => Err(Problem::from_rejection(&rejection)),
                None => Err(Problem::not_found("registration")),
            }
        }
        Caller::Registrant { .. }
        | Caller::Anyone
        | Caller::Staff { .. }
        | Caller::Partner { .. }
        | Caller::Service { .. }
        | Caller::Invitee { .. }
        | Caller::User { .. } => Err(Problem::not_found("registration")),
    }
}

/// The link of this generation leads to the invitation's registration.
fn works(state: &InvitationState, generation: u32) -> Result<(), InvitationRejection> {
    let is_current = |invited: &Invited| match generation.cmp(&invited.generation) {
        Ordering::Equal => Ok(()),
        Ordering::Less => Err(InvitationRejection::LinkReplaced),
        Ordering::Greater => Err(InvitationRejection::NotFound),
    };
    match state {
        InvitationState::Accepted(invited, _) => is_current(invited),
        // The case was closed in favour of a registered organization: its registrant may still see that.
        InvitationState::Open(invited) | InvitationState::OfferAccepted(invited) | InvitationState::OfferDeclined(invited)
            if invited.organization.is_some() =>
        {
            is_current(invited)
        }
        InvitationState::NotSent | InvitationState::Open(_) | InvitationState::OfferAccepted(_) | InvitationState::OfferDeclined(_) => {
            Err(InvitationRejection::NotFound)
        }
        InvitationState::Revoked(_) => Err(InvitationRejection::Revoked),
        InvitationState::Expired(_) => Err(InvitationRejection::Expired),
    }
}
