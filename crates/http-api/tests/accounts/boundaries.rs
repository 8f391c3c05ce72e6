//! What belongs to others is not there: ids are no permission.

use axum::http::Method;
use domain::Owner;
use domain::user::UserRole;
use serde_json::json;

use crate::world::{ONE_TIME_PASSWORD, World};

#[tokio::test]
async fn a_token_that_is_none_is_refused_even_where_anyone_may_call() {
    let world = World::new().await;
    world.get("/v1/public/applications", "gh_not_a_token").await.problem(401, "unauthenticated");
    world.get_public("/v1/public/applications").await.expect(200);
}

#[tokio::test]
async fn the_users_of_another_organization_are_not_there() {
    let world = World::new().await;
    let (ours, theirs) = (world.company("Fastener Works").await, world.company("Rivet Works").await);
    let administrator = world.administrator(&ours).await;
    world.administrator(&theirs).await;
    let (person, _) = world.user(&theirs, "Bert", vec![]).await;
    let path = format!("/v1/users/{person}");
    world.get(&path, &administrator).await.problem(404, "not-found");
    let reason = json!({ "reason": "because" });
    for action in ["suspend", "reinstate", "close", "refuse"] {
        assert_eq!(world.post(&format!("{path}/{action}"), &administrator, reason.clone()).await.status, 404, "{action}");
    }
    let role = json!({ "role": "organization_administrator" });
    world.post(&format!("{path}/roles"), &administrator, role.clone()).await.problem(404, "not-found");
    assert_eq!(world.post(&format!("{path}/roles/revoke"), &administrator, json!({ "role": role, "reason": "x" })).await.status, 404);
    world.post(&format!("{path}/confirm"), &administrator, json!({})).await.problem(404, "not-found");
    let issue = json!({ "one_time_password": ONE_TIME_PASSWORD });
    world.post(&format!("{path}/one-time-password"), &administrator, issue).await.problem(404, "not-found");
    let listed = world.get("/v1/users", &administrator).await.expect(200);
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn an_application_administrator_decides_for_their_own_organization_only() {
    let world = World::new().await;
    let (ours, theirs) = (world.company("Fastener Works").await, world.company("Rivet Works").await);
    world.administrator(&ours).await;
    world.administrator(&theirs).await;
    let application = world.application("SFT", Owner::Operator, |_| {}).await;
    world.subscribed(&theirs, application).await;
    let (_, keeper) = world.user(&ours, "Kim", vec![UserRole::ApplicationAdministrator(application)]).await;
    let (person, user) = world.user(&theirs, "Bert", vec![]).await;
    let asked = world.post("/v1/accesses", &user, json!({ "application": application })).await.expect(200);
    let path = format!("/v1/accesses/{}", asked["id"].as_str().unwrap());
    world.post(&format!("{path}/grant"), &keeper, json!({})).await.problem(404, "not-found");
    world.post(&format!("{path}/deny"), &keeper, json!({ "reason": "x" })).await.problem(404, "not-found");
    assert_eq!(world.get("/v1/accesses/requests", &keeper).await.expect(200)["items"], json!([]));
    let proposal = json!({ "application": application, "user": person });
    world.post("/v1/accesses", &keeper, proposal).await.problem(404, "no-such-user");
}

#[tokio::test]
async fn another_organization_and_its_subscriptions_are_not_there() {
    let world = World::new().await;
    let (ours, theirs) = (world.company("Fastener Works").await, world.company("Rivet Works").await);
    let administrator = world.administrator(&ours).await;
    let application = world.application("SFT", Owner::Operator, |_| {}).await;
    world.subscribed(&theirs, application).await;
    world.get(&format!("/v1/organizations/{}", theirs.id), &administrator).await.problem(404, "not-found");
    let own = world.get(&format!("/v1/organizations/{}", ours.id), &administrator).await.expect(200);
    let amend = json!({ "profile": own["profile"] });
    world.put(&format!("/v1/organizations/{}/profile", theirs.id), &administrator, amend).await.problem(404, "not-found");
    let id = domain::SubscriptionId::of(theirs.id, application);
    world.post(&format!("/v1/subscriptions/{id}/end"), &administrator, json!({ "reason": "x" })).await.problem(404, "not-found");
    assert_eq!(world.get("/v1/subscriptions", &administrator).await.expect(200)["items"], json!([]));
    world.get(&format!("/v1/history/organization/{}", theirs.id), &administrator).await.problem(404, "not-found");
}

#[tokio::test]
async fn unknown_fields_and_unknown_addresses_are_refused() {
    let world = World::new().await;
    let body = json!({ "user_id": "GU-1", "secret": "x", "remember": true });
    world.post_public("/v1/sign-in", body).await.problem(400, "malformed-request");
    world.get_public("/v1/nothing").await.problem(404, "not-found");
    let request = axum::http::Request::builder().method(Method::DELETE).uri("/v1/sign-in").body(axum::body::Body::empty()).unwrap();
    assert!(world.send(request).await.status.is_client_error());
}
