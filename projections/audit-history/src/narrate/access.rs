//! Subscriptions, access and relationships in words.

use domain::access::AccessEvent;
use domain::relationship::RelationshipEvent;
use domain::subscription::{SubscriptionEvent, SubscriptionOrigin};
use domain::{Actor, ApplicationId, OrganizationId, PersonId};

use super::{Deed, Glossary};

pub(super) fn subscription(names: &Glossary, event: &SubscriptionEvent) -> Deed {
    let between = |organization: &OrganizationId, application: &ApplicationId| {
        format!("{} to {}", names.organization(*organization), names.application(*application))
    };
    let way = |origin: &SubscriptionOrigin| match origin {
        SubscriptionOrigin::Registration(case) => format!("on the approval of {}", names.case(*case)),
        SubscriptionOrigin::Invitation(invitation) => format!("on accepting {}", names.invitation(*invitation)),
        SubscriptionOrigin::Account => "from inside the account".to_owned(),
    };
    match event {
        SubscriptionEvent::Requested { organization, application, origin } => {
            Deed::plain(format!("asked to subscribe {} {}", between(organization, application), way(origin)))
        }
        SubscriptionEvent::Activated { organization, application, origin } => {
            Deed::plain(format!("subscribed {} {}", between(organization, application), way(origin)))
        }
        SubscriptionEvent::Denied { organization, application, reason } => {
            Deed::because(format!("denied the subscription of {}", between(organization, application)), reason)
        }
        SubscriptionEvent::Ended { organization, application, reason } => {
            Deed::because(format!("ended the subscription of {}", between(organization, application)), reason)
        }
    }
}

pub(super) fn access(names: &Glossary, actor: &Actor, event: &AccessEvent) -> Deed {
    let between = |user: &PersonId, organization: &OrganizationId, application: &ApplicationId| {
        format!("{} of {} to {}", names.person(*user), names.organization(*organization), names.application(*application))
    };
    match event {
        AccessEvent::Requested { user, organization, application, proposed_by, reason } => {
            let proposed = match proposed_by {
                Some(other) => format!(", proposed by {}", names.person(*other)),
                None => String::new(),
            };
            Deed::perhaps_because(format!("asked for access of {}{proposed}", between(user, organization, application)), reason.as_ref())
        }
        AccessEvent::Granted { user, organization, application, granted_by, reason } => {
            let by = match granted_by {
                Some(administrator) => names.for_user(actor, *administrator),
                None => " automatically".to_owned(),
            };
            Deed::perhaps_because(format!("granted access of {}{by}", between(user, organization, application)), reason.as_ref())
        }
        AccessEvent::Denied { user, organization, application, denied_by, reason } => Deed::because(
            format!("denied access of {}{}", between(user, organization, application), names.for_user(actor, *denied_by)),
            reason,
        ),
        AccessEvent::Revoked { user, organization, application, revoked_by, reason } => {
            let by = match revoked_by {
                Some(administrator) => names.for_user(actor, *administrator),
                None => String::new(),
            };
            Deed::because(format!("revoked access of {}{by}", between(user, organization, application)), reason)
        }
    }
}

pub(super) fn relationship(names: &Glossary, event: &RelationshipEvent) -> Deed {
    match event {
        RelationshipEvent::Established { organization, partner } => Deed::plain(format!(
            "established the relationship of {} with {}",
            names.organization(*organization),
            names.organization(*partner)
        )),
        RelationshipEvent::Ended { organization, partner, reason } => Deed::because(
            format!("ended the relationship of {} with {}", names.organization(*organization), names.organization(*partner)),
            reason,
        ),
    }
}
