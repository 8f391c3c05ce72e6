//! Invitations.

use domain::invitation::InvitationEvent;
use domain::names::comparable_name;
use domain::{InvitationId, Reason};
use projection_runtime::table::{Fold, Json, begun_before};
use projection_runtime::{Envelope, ProjectionError, Tables};

use super::Of;
use crate::{Invitation, InvitationState};

pub(super) async fn apply(conn: &mut Tables<'_>, events: &Of<'_, InvitationId, InvitationEvent>) -> Result<(), ProjectionError> {
    if events.is_empty() {
        return Ok(());
    }
    let before = begun_before(events.iter().map(|(id, _, envelope)| ((*id,), envelope.version)));
    let mut rows = Fold::<Invitation>::load(conn, before).await?;
    for (id, event, envelope) in events {
        fold(&mut rows, *id, event, envelope)?;
    }
    rows.save(conn).await?;
    Ok(())
}

fn fold(rows: &mut Fold<Invitation>, id: InvitationId, event: &InvitationEvent, envelope: &Envelope) -> Result<(), ProjectionError> {
    if let InvitationEvent::Sent { inviter, inviter_name, company, addressee, applications, organization, expires_at, invited_by: _ } =
        event
    {
        let person = addressee.person();
        let addressee = addressee.get();
        rows.put(Invitation {
            id,
            position: envelope.position.0,
            inviter: Json(*inviter),
            inviter_name: inviter_name.to_string(),
            company: company.to_string(),
            company_key: comparable_name(company.as_str()),
            person,
            addressee_name: addressee.and_then(|addressee| addressee.name.as_ref()).map(ToString::to_string),
            addressee_email: addressee.map(|addressee| addressee.email.to_string()),
            message: addressee.and_then(|addressee| addressee.message.as_ref()).map(ToString::to_string),
            applications: Json(applications.clone()),
            state: if organization.is_some() { InvitationState::Offered } else { InvitationState::Sent },
            reason: None,
            generation: 0,
            expires_at: *expires_at,
            sent_at: envelope.recorded_at,
            opened_at: None,
            reminded_at: None,
            since: envelope.recorded_at,
            organization: *organization,
            registration: None,
        });
        return Ok(());
    }
    change(rows.expect(&(id,), envelope)?, event, envelope);
    Ok(())
}

fn change(row: &mut Invitation, event: &InvitationEvent, envelope: &Envelope) {
    match event {
        // Makes the row.
        InvitationEvent::Sent { .. } => {}
        InvitationEvent::Resent { generation, expires_at, invited_by: _ } => {
            row.generation = *generation;
            row.expires_at = *expires_at;
            let again = if row.organization.is_some() { InvitationState::Offered } else { InvitationState::Sent };
            set_state(row, again, None, envelope);
        }
        InvitationEvent::Reminded {} => row.reminded_at = Some(envelope.recorded_at),
        InvitationEvent::Opened {} => {
            row.opened_at = Some(envelope.recorded_at);
            // An offer stays one until the organization's administrator answers.
            if row.state == InvitationState::Sent {
                set_state(row, InvitationState::Opened, None, envelope);
            }
        }
        InvitationEvent::Accepted { registration } => {
            row.registration = Some(*registration);
            set_state(row, InvitationState::Accepted, None, envelope);
        }
        InvitationEvent::LinkedToOrganization { organization, expires_at } => {
            row.expires_at = *expires_at;
            row.organization = Some(*organization);
            set_state(row, InvitationState::Offered, None, envelope);
        }
        InvitationEvent::OfferAccepted { organization } => {
            row.organization = Some(*organization);
            set_state(row, InvitationState::OfferAccepted, None, envelope);
        }
        InvitationEvent::OfferDeclined { organization, reason } => {
            row.organization = Some(*organization);
            set_state(row, InvitationState::OfferDeclined, reason.as_ref(), envelope);
        }
        InvitationEvent::Revoked { reason } => set_state(row, InvitationState::Revoked, reason.as_ref(), envelope),
        InvitationEvent::Expired {} => set_state(row, InvitationState::Expired, None, envelope),
    }
}

fn set_state(row: &mut Invitation, state: InvitationState, reason: Option<&Reason>, envelope: &Envelope) {
    row.state = state;
    row.reason = reason.map(ToString::to_string);
    row.since = envelope.recorded_at;
}
