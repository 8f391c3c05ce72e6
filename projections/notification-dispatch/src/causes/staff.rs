//! What is learnt of the operator's staff.

use domain::StaffId;
use domain::staff::StaffEvent;

use projection_runtime::Envelope;
use serde_json::json;

use super::{Applied, learn_contact, variables};
use crate::batch::{Batch, Draft};
use crate::facts::{Member, Roster};
use crate::{Link, Template};

pub(super) async fn apply(batch: &mut Batch<'_>, envelope: &Envelope, id: StaffId, event: &StaffEvent) -> Applied {
    match event {
        StaffEvent::Appointed { contact, roles } => {
            learn_contact(batch, contact).await?;
            let member = Member { person: contact.person(), roles: roles.iter().copied().collect() };
            batch
                .change::<Roster>(Roster::ID, |roster| {
                    roster.members.insert(id, member);
                })
                .await
        }
        StaffEvent::RoleGranted { role } => {
            batch
                .change::<Roster>(Roster::ID, |roster| {
                    if let Some(member) = roster.members.get_mut(&id) {
                        member.roles.insert(*role);
                    }
                })
                .await
        }
        StaffEvent::RoleRevoked { role, reason: _ } => {
            batch
                .change::<Roster>(Roster::ID, |roster| {
                    if let Some(member) = roster.members.get_mut(&id) {
                        member.roles.remove(role);
                    }
                })
                .await
        }
        StaffEvent::Dismissed { reason: _ } => {
            batch
                .change::<Roster>(Roster::ID, |roster| {
                    roster.members.remove(&id);
                })
                .await
        }
        // The first password belongs to the first sign-in; a change is told.
        StaffEvent::PasswordSet { password: _, replaces: None }
        | StaffEvent::AffiliationsDeclared { affiliations: _ }
        | StaffEvent::OneTimePasswordIssued { .. }
        | StaffEvent::OneTimePasswordRedeemed { .. }
        | StaffEvent::OneTimePasswordLocked { .. }
        | StaffEvent::SecondFactorAdded { .. }
        | StaffEvent::SecondFactorRemoved { .. }
        | StaffEvent::IdentityLinked { .. }
        | StaffEvent::IdentityUnlinked { .. } => Ok(()),
        StaffEvent::PasswordSet { password: _, replaces: Some(_) } => {
            let member = batch.get::<Roster>(Roster::ID).await?.members.get(&id).map(|member| member.person);
            let Some(recipient) = member else { return Ok(()) };
            let variables = variables(json!({ "happened_at": envelope.recorded_at.to_string() }));
            let template = Template::PasswordChanged;
            batch.owe(envelope, Draft { template, recipient, about: None, link: Link::Credentialing, variables }).await?;
            Ok(())
        }
    }
}
