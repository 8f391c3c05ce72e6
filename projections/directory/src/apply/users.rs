//! Users.

use domain::user::{UserEvent, UserRole};
use domain::{Contact, CredentialId, PersonId, Personal};
use projection_runtime::table::{Fold, Json};
use projection_runtime::{Envelope, ProjectionError, Tables};

use super::Of;
use crate::names::company_domain;
use crate::{OneTimePasswordState, User, UserState};

pub(super) async fn apply(conn: &mut Tables<'_>, events: &Of<'_, PersonId, UserEvent>) -> Result<(), ProjectionError> {
    if events.is_empty() {
        return Ok(());
    }
    let mut rows = Fold::<User>::load(conn, events.iter().map(|(person, ..)| (*person,)).collect()).await?;
    for (person, event, envelope) in events {
        fold(&mut rows, *person, event, envelope)?;
    }
    rows.save(conn).await?;
    Ok(())
}

fn fold(rows: &mut Fold<User>, person: PersonId, event: &UserEvent, envelope: &Envelope) -> Result<(), ProjectionError> {
    match event {
        UserEvent::Invited { organization, organization_name: _, email, expires_at } => {
            let row = rows.change_or(&(person,), || nobody(person, *organization, envelope));
            row.organization = *organization;
            row.email = email.get().map(ToString::to_string);
            row.email_domain = email.get().and_then(|email| company_domain(email.as_str()));
            row.invitation_expires_at = Some(*expires_at);
            set_state(row, UserState::Invited, envelope);
        }
        UserEvent::Created { organization, organization_name: _, user_id, contact, roles, one_time_password, origin } => {
            let row = rows.change_or(&(person,), || nobody(person, *organization, envelope));
            row.organization = *organization;
            row.user_id = Some(user_id.to_string());
            set_one_time_password(row, *one_time_password, OneTimePasswordState::Issued);
            row.origin = Some(Json(*origin));
            set_contact(row, contact);
            set_roles(row, roles.clone());
            set_state(row, UserState::PendingFirstLogin, envelope);
        }
        UserEvent::SelfRegistered { .. }
        | UserEvent::Refused { .. }
        | UserEvent::InvitationExpired {}
        | UserEvent::OneTimePasswordIssued { .. }
        | UserEvent::OneTimePasswordRedeemed { .. }
        | UserEvent::OneTimePasswordLocked { .. }
        | UserEvent::PasswordSet { .. }
        | UserEvent::ProfileConfirmed { .. }
        | UserEvent::TermsAcceptedV1 { .. }
        | UserEvent::TermsAccepted { .. }
        | UserEvent::SecondFactorAsked { .. }
        | UserEvent::SecondFactorNoLongerAsked { .. }
        | UserEvent::SecondFactorAdded { .. }
        | UserEvent::SecondFactorRemoved { .. }
        | UserEvent::Activated {}
        | UserEvent::RoleGranted { .. }
        | UserEvent::RoleRevoked { .. }
        | UserEvent::Suspended { .. }
        | UserEvent::Reinstated { .. }
        | UserEvent::Closed { .. } => change(rows.expect(&(person,), envelope)?, event, envelope),
    }
    Ok(())
}

fn change(row: &mut User, event: &UserEvent, envelope: &Envelope) {
    match event {
        // These make the row.
        UserEvent::Invited { .. } | UserEvent::Created { .. } => {}
        UserEvent::SelfRegistered { contact, one_time_password } => {
            set_contact(row, contact);
            set_one_time_password(row, *one_time_password, OneTimePasswordState::Issued);
            set_state(row, UserState::SelfRegistered, envelope);
        }
        UserEvent::Refused { reason } => {
            row.one_time_password = None;
            row.one_time_password_state = None;
            set_state_because(row, UserState::Refused, reason, envelope);
        }
        UserEvent::InvitationExpired {} => set_state(row, UserState::InvitationExpired, envelope),
        UserEvent::OneTimePasswordIssued { one_time_password } => {
            set_one_time_password(row, *one_time_password, OneTimePasswordState::Issued);
        }
        UserEvent::OneTimePasswordRedeemed { one_time_password } => {
            set_one_time_password(row, *one_time_password, OneTimePasswordState::Redeemed);
        }
        UserEvent::OneTimePasswordLocked { one_time_password } => {
            set_one_time_password(row, *one_time_password, OneTimePasswordState::Locked);
        }
        UserEvent::PasswordSet { password, replaces: _ } => {
            row.password = Some(*password);
            row.one_time_password_state = Some(OneTimePasswordState::Spent);
        }
        UserEvent::ProfileConfirmed { contact } => {
            set_contact(row, contact);
            row.profile_confirmed = true;
        }
        UserEvent::TermsAcceptedV1 { version } | UserEvent::TermsAccepted { version, renew_from: _ } => {
            row.terms_version = Some(version.to_string());
            row.terms_accepted_at = Some(envelope.recorded_at);
        }
        UserEvent::Activated {} => {
            row.established_at = Some(envelope.recorded_at);
            set_state(row, UserState::Active, envelope);
        }
        // Who asks for one is in the log; here is who has one.
        UserEvent::SecondFactorAsked { application: _ } | UserEvent::SecondFactorNoLongerAsked { application: _ } => {}
        UserEvent::SecondFactorAdded { credential } => row.second_factors.0.push(*credential),
        UserEvent::SecondFactorRemoved { credential } => row.second_factors.0.retain(|known| known != credential),
        UserEvent::RoleGranted { role } => {
            let mut roles = row.roles.0.clone();
            roles.push(*role);
            set_roles(row, roles);
        }
        UserEvent::RoleRevoked { role, reason: _ } => row.roles.0.retain(|known| known != role),
        UserEvent::Suspended { reason } => set_state_because(row, UserState::Suspended, reason, envelope),
        UserEvent::Reinstated { reason } => {
            let before = if row.established_at.is_some() { UserState::Active } else { UserState::PendingFirstLogin };
            set_state_because(row, before, reason, envelope);
        }
        UserEvent::Closed { reason } => set_state_because(row, UserState::Closed, reason, envelope),
    }
}

/// A row of which nothing is known yet.
fn nobody(person: PersonId, organization: domain::OrganizationId, envelope: &Envelope) -> User {
    User {
        person,
        organization,
        user_id: None,
        given_name: None,
        family_name: None,
        email: None,
        email_domain: None,
        phone: None,
        job_title: None,
        roles: Json(Vec::new()),
        state: UserState::Invited,
        reason: None,
        origin: None,
        one_time_password: None,
        one_time_password_state: None,
        password: None,
        second_factors: Json(Vec::new()),
        profile_confirmed: false,
        terms_version: None,
        terms_accepted_at: None,
        established_at: None,
        invitation_expires_at: None,
        since: envelope.recorded_at,
    }
}

fn set_state(row: &mut User, state: UserState, envelope: &Envelope) {
    row.state = state;
    row.reason = None;
    row.since = envelope.recorded_at;
}

fn set_state_because(row: &mut User, state: UserState, reason: &domain::Reason, envelope: &Envelope) {
    set_state(row, state, envelope);
    row.reason = Some(reason.to_string());
}

fn set_one_time_password(row: &mut User, id: CredentialId, state: OneTimePasswordState) {
    row.one_time_password = Some(id);
    row.one_time_password_state = Some(state);
}

fn set_roles(row: &mut User, mut roles: Vec<UserRole>) {
    roles.sort_unstable();
    roles.dedup();
    row.roles = Json(roles);
}

/// An erased contact blanks the columns.
fn set_contact(row: &mut User, contact: &Personal<Contact>) {
    let contact = contact.get();
    row.given_name = contact.map(|contact| contact.given_name.to_string());
    row.family_name = contact.map(|contact| contact.family_name.to_string());
    row.email = contact.map(|contact| contact.email.to_string());
    row.email_domain = contact.and_then(|contact| company_domain(contact.email.as_str()));
    row.phone = contact.and_then(|contact| contact.phone.as_ref()).map(ToString::to_string);
    row.job_title = contact.and_then(|contact| contact.job_title.as_ref()).map(ToString::to_string);
}
