//! Which events follow a command to a subscription.

use super::{Subscribed, SubscriptionCommand, SubscriptionEvent, SubscriptionRejection, SubscriptionState};
use crate::Context;
use crate::registration::{About, Reviewer, Tie};

type Decision = Result<Vec<SubscriptionEvent>, SubscriptionRejection>;

/// Decides a command.
pub(super) fn decide(state: &SubscriptionState, command: SubscriptionCommand, _context: &Context) -> Decision {
    match command {
        SubscriptionCommand::SubscribeApp { organization, application, origin, needs_review } => Ok(match (state, needs_review) {
            (SubscriptionState::NotRequested | SubscriptionState::Denied(_) | SubscriptionState::Ended(_), true) => {
                vec![SubscriptionEvent::Requested { organization, application, origin }]
            }
            // What waits for review is settled by a way in that needs none, such as the owner's own invitation.
            (
                SubscriptionState::NotRequested
                | SubscriptionState::Denied(_)
                | SubscriptionState::Ended(_)
                | SubscriptionState::Requested(_),
                false,
            ) => vec![SubscriptionEvent::Activated { organization, application, origin }],
            (SubscriptionState::Requested(_), true) | (SubscriptionState::Active(_), _) => vec![],
        }),
        SubscriptionCommand::ApproveSubscription { reviewer } => match state {
            SubscriptionState::NotRequested => Err(SubscriptionRejection::NotFound),
            SubscriptionState::Requested(subscribed @ Subscribed { organization, application, origin }) => {
                uninvolved(subscribed, reviewer.as_ref())?;
                Ok(vec![SubscriptionEvent::Activated { organization: *organization, application: *application, origin: *origin }])
            }
            SubscriptionState::Active(_) => Ok(vec![]),
            SubscriptionState::Denied(_) | SubscriptionState::Ended(_) => Err(SubscriptionRejection::NotRequested),
        },
        SubscriptionCommand::DenySubscription { reviewer, reason } => match state {
            SubscriptionState::NotRequested => Err(SubscriptionRejection::NotFound),
            SubscriptionState::Requested(subscribed @ Subscribed { organization, application, origin: _ }) => {
                uninvolved(subscribed, reviewer.as_ref())?;
                Ok(vec![SubscriptionEvent::Denied { organization: *organization, application: *application, reason }])
            }
            SubscriptionState::Denied(_) => Ok(vec![]),
            SubscriptionState::Active(_) | SubscriptionState::Ended(_) => Err(SubscriptionRejection::NotRequested),
        },
        SubscriptionCommand::EndSubscription { reason } => match state {
            SubscriptionState::NotRequested => Err(SubscriptionRejection::NotFound),
            // Also while it waits: the organization closed, or does not want it any more.
            SubscriptionState::Requested(subscribed) | SubscriptionState::Active(subscribed) => {
                Ok(vec![SubscriptionEvent::Ended { organization: subscribed.organization, application: subscribed.application, reason }])
            }
            SubscriptionState::Denied(_) => Err(SubscriptionRejection::NotActive),
            SubscriptionState::Ended(_) => Ok(vec![]),
        },
    }
}

/// The reviewer does not belong to the organization. Whether a name, an identifier or an account says so is for who loads them to find out:
/// the organization's stream knows those.
fn uninvolved(subscribed: &Subscribed, reviewer: Option<&Reviewer>) -> Result<(), SubscriptionRejection> {
    let about = About { organizations: vec![(subscribed.organization, Tie::Organization)], ..About::default() };
    match reviewer.and_then(|reviewer| about.tie(reviewer)) {
        Some(tie) => Err(SubscriptionRejection::ReviewerInvolved { tie }),
        None => Ok(()),
    }
}
