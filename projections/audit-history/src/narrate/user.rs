//! Users in words.

use domain::PersonId;
use domain::user::{UserEvent, UserOrigin, UserRole};

use super::{Deed, Glossary};

pub(super) fn tell(names: &Glossary, person: PersonId, event: &UserEvent) -> Deed {
    let user = names.person(person);
    match event {
        UserEvent::Invited { organization: _, organization_name, email: _, expires_at } => {
            Deed::plain(format!("invited {user} to register as a user of {organization_name}, until {expires_at}"))
        }
        UserEvent::SelfRegistered { contact: _, one_time_password: _ } => {
            Deed::plain(format!("filled in who they are, as {user}, and chose a one-time password"))
        }
        UserEvent::Refused { reason } => Deed::because(format!("refused {user}, who had registered"), reason),
        UserEvent::InvitationExpired {} => Deed::plain(format!("noted that the invitation of {user} expired")),
        UserEvent::Created { organization: _, organization_name, user_id, contact: _, roles, one_time_password: _, origin } => {
            let roles: String = roles.iter().map(|role| format!(", {}", role_of(names, *role))).collect();
            let origin = match origin {
                UserOrigin::Approval(case) => format!("with the approval of {}", names.case(*case)),
                UserOrigin::Administrator(administrator) => format!("on behalf of {}", names.person(*administrator)),
                UserOrigin::SelfRegistration(administrator) => {
                    format!("after they registered themselves, confirmed by {}", names.person(*administrator))
                }
            };
            Deed::plain(format!("created the account {user_id} of {user} at {organization_name}{roles}, {origin}"))
        }
        UserEvent::OneTimePasswordIssued { one_time_password: _ } => Deed::plain(format!("issued a new one-time password for {user}")),
        UserEvent::OneTimePasswordRedeemed { one_time_password: _ } => {
            Deed::plain(format!("signed in as {user} with the one-time password"))
        }
        UserEvent::OneTimePasswordLocked { one_time_password: _ } => {
            Deed::plain(format!("locked the one-time password of {user} after wrong guesses"))
        }
        UserEvent::PasswordSet { password: _, replaces: None } => Deed::plain(format!("set the first password of {user}")),
        UserEvent::PasswordSet { password: _, replaces: Some(_) } => Deed::plain(format!("changed the password of {user}")),
        UserEvent::ProfileConfirmed { contact: _ } => Deed::plain(format!("confirmed the profile of {user}")),
        UserEvent::TermsAcceptedV1 { version } | UserEvent::TermsAccepted { version, renew_from: _ } => {
            Deed::plain(format!("accepted the terms of use, version {version}, as {user}"))
        }
        UserEvent::SecondFactorAsked { application } => {
            Deed::plain(format!("asked {user} for a second factor, which {} needs", names.application(*application)))
        }
        UserEvent::SecondFactorNoLongerAsked { application } => {
            Deed::plain(format!("asked {user} for no second factor any more for {}", names.application(*application)))
        }
        UserEvent::SecondFactorAdded { credential } => Deed::plain(format!("made the credential {credential} a second factor of {user}")),
        UserEvent::SecondFactorRemoved { credential } => {
            Deed::plain(format!("took the credential {credential} from the second factors of {user}"))
        }
        UserEvent::Activated {} => Deed::plain(format!("completed the first-time login of {user}: the account is established")),
        UserEvent::RoleGranted { role } => Deed::plain(format!("made {user} {}", role_of(names, *role))),
        UserEvent::RoleRevoked { role, reason } => Deed::because(format!("took from {user} the role of {}", role_of(names, *role)), reason),
        UserEvent::Suspended { reason } => Deed::because(format!("suspended the account of {user}"), reason),
        UserEvent::Reinstated { reason } => Deed::because(format!("reinstated the account of {user}"), reason),
        UserEvent::Closed { reason } => Deed::because(format!("closed the account of {user} for good"), reason),
    }
}

fn role_of(names: &Glossary, role: UserRole) -> String {
    match role {
        UserRole::OrganizationAdministrator => "organization administrator".to_owned(),
        UserRole::ApplicationAdministrator(application) => format!("administrator of {}", names.application(application)),
    }
}
