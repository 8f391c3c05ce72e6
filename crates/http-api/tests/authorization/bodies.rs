//! What a query or a body names is no permission either.

use domain::{PersonId, StaffRole};
use serde_json::json;

use super::callers::{OURS, THEIRS, Who};
use super::matrix::World;
use super::walk::invitation;

impl World {
    async fn token(&self, who: Who) -> String {
        self.callers.token(who, &self.api, &self.sides[OURS]).await.unwrap()
    }
}

#[tokio::test]
async fn an_application_administrator_sees_and_proposes_access_to_their_applications_only() {
    let world = World::new().await;
    let (api, [ours, theirs, _]) = (&world.api, &world.sides);
    let keeper = world.token(Who::ApplicationAdministrator).await;
    api.get(format!("/v1/accesses?application={}", ours.application)).by(&keeper).send().await.ok();
    for filter in ["/v1/accesses?application=", "/v1/accesses/requests?application="] {
        api.get(format!("{filter}{}", theirs.application)).by(&keeper).send().await.refused(403, "forbidden");
    }
    let propose = |application, user: PersonId| json!({ "application": application, "user": user });
    let reply = api.post("/v1/accesses").by(&keeper).json(&propose(theirs.application, ours.administrator)).send().await;
    reply.refused(403, "forbidden");
    api.post("/v1/accesses").by(&keeper).json(&propose(ours.application, theirs.user)).send().await.refused(404, "no-such-user");
    api.post("/v1/accesses").by(&keeper).json(&propose(ours.application, ours.administrator)).send().await.ok();
}

#[tokio::test]
async fn a_user_asks_for_themselves_only() {
    let world = World::new().await;
    let (api, ours) = (&world.api, &world.sides[OURS]);
    let user = world.token(Who::User).await;
    let for_another = json!({ "application": ours.application, "user": ours.keeper });
    api.post("/v1/accesses").by(&user).json(&for_another).send().await.refused(403, "forbidden");
    api.post("/v1/accesses").by(&user).json(&json!({ "application": ours.application })).send().await.ok();
}

#[tokio::test]
async fn a_partner_invites_to_its_own_applications_and_lists_its_own_invitations_only() {
    let world = World::new().await;
    let (api, theirs) = (&world.api, &world.sides[THEIRS]);
    let partner = world.token(Who::Partner).await;
    let reply = api.post("/v1/invitations").by(&partner).json(&invitation("Rivet Forge", &[theirs.application])).send().await;
    assert!(matches!(reply.status.as_u16(), 403 | 404 | 422), "{reply:?}");
    api.get(format!("/v1/invitations?partner={}", theirs.partner.unwrap())).by(&partner).send().await.refused(403, "forbidden");
    let of_theirs = api.get(format!("/v1/invitations?organization={}", theirs.organization)).by(&partner).send().await.ok();
    assert_eq!(of_theirs["items"], json!([]));
}

#[tokio::test]
async fn an_organization_subscribes_to_nothing_that_is_by_invitation_only() {
    let world = World::new().await;
    let (api, theirs) = (&world.api, &world.sides[THEIRS]);
    let administrator = world.token(Who::OrganizationAdministrator).await;
    let reply = api.post("/v1/subscriptions").by(&administrator).json(&json!({ "application": theirs.application })).send().await;
    assert_eq!(reply.status, 403, "{reply:?}");
}

#[tokio::test]
async fn a_role_that_was_taken_opens_nothing_from_then_on() {
    use domain::testing::reason;
    let world = World::new().await;
    let api = &world.api;
    let (staff, token) = api.staff("Vera", &[StaffRole::Reviewer, StaffRole::Auditor]).await;
    api.get("/v1/review/queue").by(&token).send().await.ok();
    let revoke = domain::staff::StaffCommand::RevokeStaffRole { role: StaffRole::Reviewer, reason: reason("moved") };
    api.services.handlers.handle::<domain::staff::Staff>(staff.0, revoke, &api.sent()).await.unwrap();
    api.get("/v1/review/queue").by(&token).send().await.refused(403, "forbidden");
    api.get("/v1/mails").by(&token).send().await.ok();
}
