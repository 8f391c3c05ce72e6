//! Invitations in words.

use domain::InvitationId;
use domain::invitation::InvitationEvent;

use super::{Deed, Glossary};

pub(super) fn tell(names: &Glossary, id: InvitationId, event: &InvitationEvent) -> Deed {
    let invitation = names.invitation(id);
    match event {
        InvitationEvent::Sent { inviter, inviter_name, company, addressee, applications, organization, expires_at, invited_by: _ } => {
            let to = names.person(addressee.person());
            let applications = names.applications(applications.iter().copied());
            let offer = match organization {
                Some(organization) => format!(" as an offer to the registered organization {}", names.organization(*organization)),
                None => String::new(),
            };
            let inviter = match inviter {
                domain::Owner::Partner(_) => inviter_name.to_string(),
                domain::Owner::Operator => format!("the operator ({inviter_name})"),
            };
            Deed::plain(format!("invited {company} for {inviter} to {applications}, addressed to {to}, until {expires_at}{offer}"))
        }
        InvitationEvent::Resent { generation, expires_at, invited_by: _ } => {
            Deed::plain(format!("sent {invitation} again with link {generation}, until {expires_at}; the link before stopped working"))
        }
        InvitationEvent::Reminded {} => Deed::plain(format!("reminded the addressee of {invitation}")),
        InvitationEvent::Opened {} => Deed::plain(format!("followed the link of {invitation} for the first time")),
        InvitationEvent::Accepted { registration } => {
            Deed::plain(format!("accepted {invitation} by starting {}", names.case(*registration)))
        }
        InvitationEvent::LinkedToOrganization { organization, expires_at } => Deed::plain(format!(
            "turned {invitation} into an offer to the registered organization {}, until {expires_at}",
            names.organization(*organization)
        )),
        InvitationEvent::OfferAccepted { organization } => {
            Deed::plain(format!("accepted {invitation}, an offer to {}", names.organization(*organization)))
        }
        InvitationEvent::OfferDeclined { organization, reason } => {
            Deed::perhaps_because(format!("declined {invitation}, an offer to {}", names.organization(*organization)), reason.as_ref())
        }
        InvitationEvent::Revoked { reason } => Deed::perhaps_because(format!("revoked {invitation}"), reason.as_ref()),
        InvitationEvent::Expired {} => Deed::plain(format!("noted that {invitation} expired unanswered")),
    }
}
