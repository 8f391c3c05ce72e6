//! What is learnt of the operator's staff.

use domain::StaffId;
use domain::staff::StaffEvent;

use super::{Applied, learn_contact};
use crate::batch::Batch;
use crate::facts::{Member, Roster};

pub(super) async fn apply(batch: &mut Batch<'_>, id: StaffId, event: &StaffEvent) -> Applied {
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
        StaffEvent::AffiliationsDeclared { affiliations: _ } => Ok(()),
    }
}
