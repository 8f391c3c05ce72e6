//! The operator's staff.

use domain::staff::StaffEvent;
use domain::{StaffId, StaffRole};
use projection_runtime::table::{Fold, Json};
use projection_runtime::{ProjectionError, Tables};

use super::Of;
use crate::StaffMember;

pub(super) async fn apply(conn: &mut Tables<'_>, events: &Of<'_, StaffId, StaffEvent>) -> Result<(), ProjectionError> {
    if events.is_empty() {
        return Ok(());
    }
    let mut rows = Fold::<StaffMember>::load(conn, events.iter().map(|(id, ..)| (*id,)).collect()).await?;
    for (id, event, envelope) in events {
        match event {
            StaffEvent::Appointed { contact, roles } => {
                let person = contact.person();
                let contact = contact.get();
                rows.put(StaffMember {
                    id: *id,
                    person,
                    given_name: contact.map(|contact| contact.given_name.to_string()),
                    family_name: contact.map(|contact| contact.family_name.to_string()),
                    email: contact.map(|contact| contact.email.to_string()),
                    phone: contact.and_then(|contact| contact.phone.as_ref()).map(ToString::to_string),
                    job_title: contact.and_then(|contact| contact.job_title.as_ref()).map(ToString::to_string),
                    roles: Json(in_order(roles.clone())),
                    affiliations: Json(Vec::new()),
                    user_id: None,
                    second_factors: Json(Vec::new()),
                    appointed_at: envelope.recorded_at,
                    dismissed_at: None,
                });
            }
            StaffEvent::RoleGranted { role } => {
                let row = rows.expect(&(*id,), envelope)?;
                let mut roles = row.roles.0.clone();
                roles.push(*role);
                row.roles = Json(in_order(roles));
            }
            StaffEvent::RoleRevoked { role, reason: _ } => rows.expect(&(*id,), envelope)?.roles.0.retain(|known| known != role),
            StaffEvent::AffiliationsDeclared { affiliations } => {
                rows.expect(&(*id,), envelope)?.affiliations = Json(affiliations.clone());
            }
            StaffEvent::OneTimePasswordIssued { user_id, one_time_password: _ } => {
                rows.expect(&(*id,), envelope)?.user_id = Some(user_id.to_string());
            }
            StaffEvent::SecondFactorAdded { credential } => rows.expect(&(*id,), envelope)?.second_factors.0.push(*credential),
            StaffEvent::SecondFactorRemoved { credential } => {
                rows.expect(&(*id,), envelope)?.second_factors.0.retain(|known| known != credential);
            }
            StaffEvent::OneTimePasswordRedeemed { .. }
            | StaffEvent::OneTimePasswordLocked { .. }
            | StaffEvent::PasswordSet { .. }
            | StaffEvent::IdentityLinked { .. }
            | StaffEvent::IdentityUnlinked { .. } => {}
            StaffEvent::Dismissed { reason: _ } => rows.expect(&(*id,), envelope)?.dismissed_at = Some(envelope.recorded_at),
        }
    }
    rows.save(conn).await?;
    Ok(())
}

fn in_order(mut roles: Vec<StaffRole>) -> Vec<StaffRole> {
    roles.sort_unstable();
    roles.dedup();
    roles
}
