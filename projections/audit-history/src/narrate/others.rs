//! The rest in words.

use domain::application::{ApplicationEvent, RegistrationPolicy};
use domain::calendar::CalendarEvent;
use domain::credential::{CredentialEvent, CredentialKind};
use domain::mail::MailEvent;
use domain::person::PersonEvent;
use domain::registration::Affiliation;
use domain::reservation::{ReservationEvent, ReservationKind};
use domain::service::{Sees, ServiceEvent};
use domain::staff::StaffEvent;
use domain::{Actor, ApplicationId, CredentialId, PersonId, ServiceId, StaffId, StaffRole};

use super::{Deed, Glossary, full_name};

pub(super) fn application(names: &Glossary, id: ApplicationId, event: &ApplicationEvent) -> Deed {
    match event {
        ApplicationEvent::Published { code, owner, details } => {
            let policy = match details.registration {
                RegistrationPolicy::InvitationOnly => "by invitation only",
                RegistrationPolicy::Public => "open to the public",
            };
            Deed::plain(format!("published the application {code} ({}) of {}, {policy}", details.name, names.owner(*owner)))
        }
        ApplicationEvent::Amended { details } => {
            Deed::plain(format!("amended what the catalogue says of {} ({})", names.application(id), details.name))
        }
        ApplicationEvent::Retired { reason } => Deed::because(format!("retired {} from the catalogue", names.application(id)), reason),
    }
}

pub(super) fn credential(names: &Glossary, id: CredentialId, event: &CredentialEvent) -> Deed {
    match event {
        CredentialEvent::Registered { user, kind, label } => {
            let kind = match kind {
                CredentialKind::Authenticator => "an authenticator app".to_owned(),
                CredentialKind::Passkey => "a passkey".to_owned(),
                CredentialKind::Token { serial } => format!("a one-time-password token with serial number {serial}"),
                CredentialKind::RecoveryCodes => "a set of recovery codes".to_owned(),
            };
            Deed::plain(format!("registered {kind}, called \"{label}\", for {}", names.person(*user)))
        }
        CredentialEvent::Activated { user } => {
            Deed::plain(format!("used the credential {id} of {} for the first time: it works", names.person(*user)))
        }
        CredentialEvent::Renamed { label } => Deed::plain(format!("renamed the credential {id} to \"{label}\"")),
        CredentialEvent::Revoked { user, reason } => {
            Deed::because(format!("revoked the credential {id} of {}", names.person(*user)), reason)
        }
    }
}

pub(super) fn reservation(names: &Glossary, event: &ReservationEvent) -> Deed {
    match event {
        ReservationEvent::Taken { kind, owner } => {
            let kind = match kind {
                ReservationKind::UserId => "a User ID",
                ReservationKind::RegisteredIdentifier => "a registered identifier",
                ReservationKind::OpenInvitation => "the one open invitation of a company",
                ReservationKind::ApplicationCode => "an application code",
                ReservationKind::CommandPerson => "the person first mentioned by a command",
                ReservationKind::StaffIdentity => "an identity at the provider",
            };
            Deed::plain(format!("reserved {kind} for {}", names.name("owner", *owner)))
        }
        ReservationEvent::Released { owner } => Deed::plain(format!("released what was reserved for {}", names.name("owner", *owner))),
    }
}

pub(super) fn person(names: &Glossary, actor: &Actor, id: PersonId, event: &PersonEvent) -> Deed {
    match event {
        PersonEvent::ForgettingStarted { reason } => Deed::because(format!("began to forget {}", names.person(id)), reason),
        PersonEvent::Forgotten {} => Deed::plain(format!("destroyed the key of person {id}: everything about them reads as erased")),
        PersonEvent::ErasureAcknowledged { service } => {
            let whose = if matches!(actor, Actor::Service(_)) { String::new() } else { format!(" for {}", names.service(*service)) };
            Deed::plain(format!("acknowledged{whose} that nothing of person {id} is kept any more"))
        }
    }
}

pub(super) fn staff(names: &Glossary, id: StaffId, event: &StaffEvent) -> Deed {
    let member = names.staff(id);
    match event {
        StaffEvent::Appointed { contact, roles } => {
            let roles = roles.iter().map(|role| role_of(*role)).collect::<Vec<_>>().join(", ");
            Deed::plain(format!("appointed {} to the staff as {roles}", full_name(contact)))
        }
        StaffEvent::RoleGranted { role } => Deed::plain(format!("made {member} {}", role_of(*role))),
        StaffEvent::RoleRevoked { role, reason } => Deed::because(format!("took from {member} the role of {}", role_of(*role)), reason),
        StaffEvent::AffiliationsDeclared { affiliations } if affiliations.is_empty() => {
            Deed::plain(format!("declared that {member} belongs to no organization"))
        }
        StaffEvent::AffiliationsDeclared { affiliations } => {
            let all = affiliations.iter().map(|affiliation| affiliation_of(names, affiliation)).collect::<Vec<_>>().join(", ");
            Deed::plain(format!("declared that {member} belongs to {all}"))
        }
        StaffEvent::OneTimePasswordIssued { user_id, one_time_password: _ } => {
            Deed::plain(format!("issued a one-time password for {member}, who signs in as {user_id}"))
        }
        StaffEvent::OneTimePasswordRedeemed { one_time_password: _ } => {
            Deed::plain(format!("signed in as {member} with the one-time password"))
        }
        StaffEvent::OneTimePasswordLocked { one_time_password: _ } => {
            Deed::plain(format!("locked the one-time password of {member} after wrong guesses"))
        }
        StaffEvent::PasswordSet { password: _, replaces: None } => Deed::plain(format!("set the first password of {member}")),
        StaffEvent::PasswordSet { password: _, replaces: Some(_) } => Deed::plain(format!("changed the password of {member}")),
        StaffEvent::SecondFactorAdded { credential } => {
            Deed::plain(format!("made the credential {credential} a second factor of {member}"))
        }
        StaffEvent::SecondFactorRemoved { credential } => {
            Deed::plain(format!("took the credential {credential} from the second factors of {member}"))
        }
        StaffEvent::IdentityLinked { identity: _ } => Deed::plain(format!("let {member} sign in by the identity provider")),
        StaffEvent::IdentityUnlinked { identity: _ } => Deed::plain(format!("let {member} sign in by the identity provider no more")),
        StaffEvent::Dismissed { reason } => Deed::because(format!("dismissed {member} from the staff"), reason),
    }
}

fn role_of(role: StaffRole) -> &'static str {
    match role {
        StaffRole::Reviewer => "reviewer",
        StaffRole::ReviewLead => "review lead",
        StaffRole::Auditor => "auditor",
        StaffRole::Administrator => "administrator",
    }
}

fn affiliation_of(names: &Glossary, affiliation: &Affiliation) -> String {
    match affiliation {
        Affiliation::Organization(organization) => names.organization(*organization),
        Affiliation::Identifier(identifier) => format!("the company with {} {}", identifier.scheme, identifier.value),
        Affiliation::Company(company) => company.to_string(),
    }
}

pub(super) fn service(names: &Glossary, id: ServiceId, event: &ServiceEvent) -> Deed {
    let scope = |sees: &Sees| match sees {
        Sees::Everything => "all public events".to_owned(),
        Sees::Applications(applications) => format!("the events about {}", names.applications(applications.iter().copied())),
    };
    match event {
        ServiceEvent::Registered { name, sees } => Deed::plain(format!("registered the service {name}, which is shown {}", scope(sees))),
        ServiceEvent::ScopeChanged { sees } => Deed::plain(format!("showed {} {} from then on", names.service(id), scope(sees))),
        ServiceEvent::Retired { reason } => Deed::because(format!("retired {}", names.service(id)), reason),
    }
}

pub(super) fn mail(event: &MailEvent) -> Deed {
    let tries = |attempts: &u32| if *attempts == 1 { "1 attempt".to_owned() } else { format!("{attempts} attempts") };
    match event {
        MailEvent::Sent { cause: _, template, attempts } => Deed::plain(format!("sent the mail {template} after {}", tries(attempts))),
        MailEvent::Refused { cause: _, template, answer, attempts } => {
            Deed { what: format!("noted that the mail {template} was refused after {}", tries(attempts)), why: Some(answer.clone()) }
        }
        MailEvent::GivenUp { cause: _, template, reason, attempts } => {
            Deed { what: format!("gave up the mail {template} after {}", tries(attempts)), why: Some(reason.clone()) }
        }
    }
}

pub(super) fn calendar(event: &CalendarEvent) -> Deed {
    match event {
        CalendarEvent::Adopted { calendar } => Deed::plain(format!(
            "put version {} of the business calendar in force ({}, {} to {})",
            calendar.version, calendar.time_zone, calendar.opens, calendar.closes
        )),
    }
}
