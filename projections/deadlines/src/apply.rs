//! Events to rows.

use std::sync::Arc;

use domain::invitation::InvitationEvent;
use domain::registration::RegistrationEvent;
use domain::user::UserEvent;
use domain::{DomainEvent, Due};
use jiff::{SignedDuration, Timestamp};
use projection_runtime::table::{Fold, begun_before};
use projection_runtime::{Envelope, ProjectionError, Tables};

use crate::rows::{Deadline, Kind};

pub(crate) async fn apply(conn: &mut Tables<'_>, reminder: SignedDuration, events: &[Arc<Envelope>]) -> Result<(), ProjectionError> {
    let mine: Vec<(Kind, &Envelope)> = events.iter().filter_map(|envelope| Some((kind(&envelope.event)?, &**envelope))).collect();
    let before = begun_before(mine.iter().map(|(_, envelope)| ((envelope.event.key().to_string(),), envelope.version)));
    let mut rows: Fold<Deadline> = Fold::load(conn, before).await?;
    for (kind, envelope) in mine {
        let key = (envelope.event.key().to_string(),);
        let mut row = rows.get(&key).cloned().unwrap_or_else(|| Deadline::new(key.0.clone(), kind));
        match &envelope.event {
            DomainEvent::Invitation(_, event) => invitation(&mut row, event, reminder, envelope.recorded_at),
            DomainEvent::Registration(_, event) => registration(&mut row, event),
            DomainEvent::User(_, event) => user(&mut row, event),
            DomainEvent::Application(..)
            | DomainEvent::Organization(..)
            | DomainEvent::Subscription(..)
            | DomainEvent::Access(..)
            | DomainEvent::Relationship(..)
            | DomainEvent::Credential(..)
            | DomainEvent::Reservation(..)
            | DomainEvent::Person(..)
            | DomainEvent::Staff(..)
            | DomainEvent::Service(..)
            | DomainEvent::Mail(..)
            | DomainEvent::Calendar(..) => {}
        }
        row.settle();
        if row.is_needed() { rows.put(row) } else { rows.remove(&key) }
    }
    rows.save(conn).await?;
    Ok(())
}

/// What kind of row an event changes, if it changes one: most steps of a registration, and of a user's life, do not.
fn kind(event: &DomainEvent) -> Option<Kind> {
    match event {
        DomainEvent::Invitation(_, InvitationEvent::Opened {}) => None,
        DomainEvent::Invitation(..) => Some(Kind::Invitation),
        DomainEvent::Registration(_, event) => is_timed(event).then_some(Kind::Registration),
        DomainEvent::User(_, event) => is_answer(event).then_some(Kind::User),
        DomainEvent::Application(..)
        | DomainEvent::Organization(..)
        | DomainEvent::Subscription(..)
        | DomainEvent::Access(..)
        | DomainEvent::Relationship(..)
        | DomainEvent::Credential(..)
        | DomainEvent::Reservation(..)
        | DomainEvent::Person(..)
        | DomainEvent::Staff(..)
        | DomainEvent::Service(..)
        | DomainEvent::Mail(..)
        | DomainEvent::Calendar(..) => None,
    }
}

/// Whether an event sets or clears an instant of its registration.
fn is_timed(event: &RegistrationEvent) -> bool {
    match event {
        RegistrationEvent::HumanCheckPassed { .. }
        | RegistrationEvent::ProfileSaved { .. }
        | RegistrationEvent::AdministratorNominated { .. }
        | RegistrationEvent::AdministratorCorrected { .. }
        | RegistrationEvent::HandoverAcknowledged { .. }
        | RegistrationEvent::AdministratorSelected { .. }
        | RegistrationEvent::AdministratorDeselected { .. }
        | RegistrationEvent::ReviewConfirmed {}
        | RegistrationEvent::RiskRaised { .. }
        | RegistrationEvent::ApprovalProposed { .. } => false,
        RegistrationEvent::Started { .. }
        | RegistrationEvent::Submitted { .. }
        | RegistrationEvent::Resubmitted { .. }
        | RegistrationEvent::Reopened { .. }
        | RegistrationEvent::ApprovalUndone { .. }
        | RegistrationEvent::DueMoved { .. }
        | RegistrationEvent::Claimed { .. }
        | RegistrationEvent::Released { .. }
        | RegistrationEvent::ReviewDueSoon { .. }
        | RegistrationEvent::ReviewOverdue { .. }
        | RegistrationEvent::Approved { .. }
        | RegistrationEvent::InformationRequested { .. }
        | RegistrationEvent::ApprovalTookEffect { .. }
        | RegistrationEvent::Rejected { .. }
        | RegistrationEvent::LinkedToOrganization { .. }
        | RegistrationEvent::Withdrawn { .. }
        | RegistrationEvent::Expired {} => true,
    }
}

/// Whether an event is the invitation of a user, or can be the answer to one: what comes after the account is there is not.
fn is_answer(event: &UserEvent) -> bool {
    match event {
        UserEvent::Invited { .. }
        | UserEvent::SelfRegistered { .. }
        | UserEvent::Refused { .. }
        | UserEvent::InvitationExpired {}
        | UserEvent::Created { .. }
        | UserEvent::Closed { .. } => true,
        UserEvent::OneTimePasswordIssued { .. }
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
        | UserEvent::Reinstated { .. } => false,
    }
}

fn invitation(row: &mut Deadline, event: &InvitationEvent, reminder: SignedDuration, at: Timestamp) {
    match event {
        InvitationEvent::Sent { expires_at, .. }
        | InvitationEvent::Resent { expires_at, .. }
        | InvitationEvent::LinkedToOrganization { expires_at, .. } => {
            row.expires_at = Some(*expires_at);
            row.remind_at = expires_at.checked_sub(reminder).ok().filter(|remind| reminder > SignedDuration::ZERO && *remind > at);
        }
        InvitationEvent::Reminded {} => row.remind_at = None,
        InvitationEvent::Opened {} => {}
        InvitationEvent::Accepted { .. }
        | InvitationEvent::OfferAccepted { .. }
        | InvitationEvent::OfferDeclined { .. }
        | InvitationEvent::Revoked { .. }
        | InvitationEvent::Expired {} => row.clear(),
    }
}

fn registration(row: &mut Deadline, event: &RegistrationEvent) {
    match event {
        RegistrationEvent::Started { expires_at, .. } => row.expires_at = Some(*expires_at),
        RegistrationEvent::Submitted { due, .. } | RegistrationEvent::Resubmitted { due, .. } | RegistrationEvent::Reopened { due, .. } => {
            row.clear();
            run(row, due);
        }
        RegistrationEvent::ApprovalUndone { due, .. } => {
            row.effective_at = None;
            run(row, due);
        }
        RegistrationEvent::DueMoved { due } => run(row, due),
        RegistrationEvent::Claimed { until, .. } => row.claim_until = Some(*until),
        RegistrationEvent::Released { .. } => row.claim_until = None,
        RegistrationEvent::ReviewDueSoon { .. } => row.soon_at = None,
        RegistrationEvent::ReviewOverdue { .. } => {
            row.soon_at = None;
            row.due_at = None;
        }
        RegistrationEvent::Approved { effective_at, .. } => {
            row.clear();
            row.effective_at = Some(*effective_at);
        }
        RegistrationEvent::InformationRequested { .. }
        | RegistrationEvent::ApprovalTookEffect { .. }
        | RegistrationEvent::Rejected { .. }
        | RegistrationEvent::LinkedToOrganization { .. }
        | RegistrationEvent::Withdrawn { .. }
        | RegistrationEvent::Expired {} => row.clear(),
        RegistrationEvent::HumanCheckPassed { .. }
        | RegistrationEvent::ProfileSaved { .. }
        | RegistrationEvent::AdministratorNominated { .. }
        | RegistrationEvent::AdministratorCorrected { .. }
        | RegistrationEvent::HandoverAcknowledged { .. }
        | RegistrationEvent::AdministratorSelected { .. }
        | RegistrationEvent::AdministratorDeselected { .. }
        | RegistrationEvent::ReviewConfirmed {}
        | RegistrationEvent::RiskRaised { .. }
        | RegistrationEvent::ApprovalProposed { .. } => {}
    }
}

/// The business clock runs.
fn run(row: &mut Deadline, due: &Due) {
    row.soon_at = Some(due.soon_at);
    row.due_at = Some(due.at);
    row.review_due = Some(due.at);
}

fn user(row: &mut Deadline, event: &UserEvent) {
    match event {
        UserEvent::Invited { expires_at, .. } => row.expires_at = Some(*expires_at),
        UserEvent::SelfRegistered { .. }
        | UserEvent::Refused { .. }
        | UserEvent::InvitationExpired {}
        | UserEvent::Created { .. }
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
        | UserEvent::Closed { .. } => row.clear(),
    }
}
