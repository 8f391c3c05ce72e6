//! J4 and J5: subscriptions from inside an account, access asked for and decided, and what *Home* shows of it.

use domain::application::{AccessPolicy, CredentialStrength, RegistrationPolicy, Way};
use domain::registration::Affiliation;
use domain::testing::email;
use domain::user::UserRole;
use domain::{Contact, Owner, StaffRole};
use serde_json::json;

use crate::world::World;

#[tokio::test]
async fn a_user_asks_an_application_administrator_grants_and_home_opens_the_application() {
    let world = World::new().await;
    let company = world.company("Fastener Works").await;
    world.administrator(&company).await;
    let application = world.application("SFT", Owner::Operator, |_| {}).await;
    world.subscribed(&company, application).await;
    let (_, keeper) = world.user(&company, "Kim", vec![UserRole::ApplicationAdministrator(application)]).await;
    let (_, user) = world.user(&company, "Bert", vec![]).await;

    let before = world.get("/v1/home", &user).await.expect(200);
    assert_eq!((&before["applications"][0]["can_ask"], &before["applications"][0]["launch_url"]), (&json!(true), &json!(null)));
    let asked = world.post("/v1/accesses", &user, json!({ "application": application, "reason": "drawings" })).await.expect(200);
    assert_eq!(asked["outcome"], "requested");
    let requests = world.get("/v1/accesses/requests", &keeper).await.expect(200);
    assert_eq!((&requests["items"][0]["name"], &requests["items"][0]["requested_because"]), (&json!("Bert Example"), &json!("drawings")));
    let id = asked["id"].as_str().unwrap();
    world.post(&format!("/v1/accesses/{id}/grant"), &keeper, json!({})).await.expect(200);
    let home = world.get("/v1/home", &user).await.expect(200);
    assert_eq!(home["applications"][0]["launch_url"], "https://application.example/start");
    assert_eq!(world.get("/v1/accesses/requests", &keeper).await.expect(200)["items"], json!([]));

    world.post(&format!("/v1/accesses/{id}/revoke"), &keeper, json!({ "reason": "moved on" })).await.expect(200);
    let home = world.get("/v1/home", &user).await.expect(200);
    let shown = &home["applications"][0];
    assert_eq!((&shown["launch_url"], &shown["access"], &shown["reason"]), (&json!(null), &json!("revoked"), &json!("moved on")));
}

#[tokio::test]
async fn a_denial_needs_a_reason_and_access_can_be_asked_for_again() {
    let world = World::new().await;
    let company = world.company("Fastener Works").await;
    world.administrator(&company).await;
    let application = world.application("SFT", Owner::Operator, |_| {}).await;
    world.subscribed(&company, application).await;
    let (_, keeper) = world.user(&company, "Kim", vec![UserRole::ApplicationAdministrator(application)]).await;
    let (_, user) = world.user(&company, "Bert", vec![]).await;
    let asked = world.post("/v1/accesses", &user, json!({ "application": application })).await.expect(200);
    let path = format!("/v1/accesses/{}/deny", asked["id"].as_str().unwrap());
    world.post(&path, &keeper, json!({ "reason": " " })).await.problem(422, "invalid-fields");
    world.post(&path, &keeper, json!({ "reason": "not yet" })).await.expect(200);
    let again = world.post("/v1/accesses", &user, json!({ "application": application })).await.expect(200);
    assert_eq!(again["outcome"], "requested");
}

#[tokio::test]
async fn only_the_administrator_of_that_application_decides() {
    let world = World::new().await;
    let company = world.company("Fastener Works").await;
    let organization_administrator = world.administrator(&company).await;
    let application = world.application("SFT", Owner::Operator, |_| {}).await;
    let another = world.application("BSCP", Owner::Operator, |_| {}).await;
    world.subscribed(&company, application).await;
    let (_, keeper_of_another) = world.user(&company, "Kim", vec![UserRole::ApplicationAdministrator(another)]).await;
    let (_, user) = world.user(&company, "Bert", vec![]).await;
    let asked = world.post("/v1/accesses", &user, json!({ "application": application })).await.expect(200);
    let path = format!("/v1/accesses/{}/grant", asked["id"].as_str().unwrap());
    for token in [&organization_administrator, &user] {
        world.post(&path, token, json!({})).await.problem(403, "forbidden");
    }
    world.post(&path, &keeper_of_another, json!({})).await.problem(404, "not-found");
    world.get("/v1/accesses/requests", &user).await.problem(403, "forbidden");
    assert_eq!(world.get("/v1/accesses/requests", &keeper_of_another).await.expect(200)["items"], json!([]));
    assert_eq!(world.get("/v1/accesses/requests", &organization_administrator).await.expect(200)["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn an_administrator_proposes_access_and_others_may_not() {
    let world = World::new().await;
    let company = world.company("Fastener Works").await;
    let administrator = world.administrator(&company).await;
    let application = world.application("SFT", Owner::Operator, |_| {}).await;
    world.subscribed(&company, application).await;
    let (person, user) = world.user(&company, "Bert", vec![]).await;
    let (_, another) = world.user(&company, "Kim", vec![]).await;
    let proposal = json!({ "application": application, "user": person });
    world.post("/v1/accesses", &another, proposal.clone()).await.problem(403, "forbidden");
    world.post("/v1/accesses", &administrator, proposal).await.expect(200);
    assert_eq!(world.get("/v1/home", &user).await.expect(200)["applications"][0]["access"], "requested");
}

#[tokio::test]
async fn automatic_access_is_granted_at_once_and_only_with_a_subscription() {
    let world = World::new().await;
    let company = world.company("Fastener Works").await;
    world.administrator(&company).await;
    let application = world.application("SFT", Owner::Operator, |details| details.access = AccessPolicy::Automatic).await;
    let (_, user) = world.user(&company, "Bert", vec![]).await;
    world.post("/v1/accesses", &user, json!({ "application": application })).await.problem(409, "not-subscribed");
    world.subscribed(&company, application).await;
    let asked = world.post("/v1/accesses", &user, json!({ "application": application })).await.expect(200);
    assert_eq!(asked["outcome"], "granted");
}

#[tokio::test]
async fn an_application_that_needs_a_stronger_credential_is_opened_when_that_was_shown() {
    let world = World::new().await;
    let company = world.company("Fastener Works").await;
    world.administrator(&company).await;
    let stronger = |details: &mut domain::application::ApplicationDetails| {
        details.access = AccessPolicy::Automatic;
        details.credential_strength = CredentialStrength::OneTimePassword;
    };
    let application = world.application("SFT", Owner::Operator, stronger).await;
    world.subscribed(&company, application).await;
    let (_, user) = world.user(&company, "Bert", vec![]).await;
    world.post("/v1/accesses", &user, json!({ "application": application })).await.expect(200);
    let home = world.get("/v1/home", &user).await.expect(200);
    let shown = &home["applications"][0];
    assert_eq!(
        (&shown["access"], &shown["missing_credential"], &shown["launch_url"]),
        (&json!("granted"), &json!("one_time_password"), &json!(null))
    );
    let (_, _, token) = crate::second_factors::authenticator(&world, &user).await;
    let home = world.get("/v1/home", &token).await.expect(200);
    let shown = &home["applications"][0];
    assert_eq!((&shown["missing_credential"], &shown["launch_url"]), (&json!(null), &json!("https://application.example/start")));
}

#[tokio::test]
async fn an_organization_subscribes_from_inside_an_account_where_that_is_offered() {
    let world = World::new().await;
    let company = world.company("Fastener Works").await;
    let administrator = world.administrator(&company).await;
    let open = world.application("OPEN", Owner::Operator, |_| {}).await;
    let link_only = world.application("LINK", Owner::Operator, |details| details.ways = vec![Way::PublicRegistration]).await;
    let invited_only = |details: &mut domain::application::ApplicationDetails| {
        details.registration = RegistrationPolicy::InvitationOnly;
        details.ways = vec![Way::Invitation];
    };
    let closed = world.application("CLOSED", Owner::Operator, invited_only).await;
    let by_its_link = |details: &mut domain::application::ApplicationDetails| {
        details.ways = vec![Way::PublicLink(domain::testing::text(domain::Slug::parse, "boeing-787"))];
    };
    let linked = world.application("B787", Owner::Operator, by_its_link).await;
    let ways = [(link_only, "on the public page"), (linked, "by the application's own link"), (closed, "its owner must invite you")];
    for (application, instead) in ways {
        let refused = world.post("/v1/subscriptions", &administrator, json!({ "application": application })).await;
        let problem = refused.problem(403, "not-open-this-way");
        assert!(problem["detail"].as_str().unwrap().contains(instead), "{problem:#}");
        assert_eq!(problem["errors"][0]["pointer"], "/application");
    }
    let unknown = json!({ "application": uuid::Uuid::nil() });
    for path in ["/v1/subscriptions", "/v1/accesses"] {
        let problem = world.post(path, &administrator, unknown.clone()).await.problem(422, "unknown-application");
        assert_eq!(problem["errors"][0]["pointer"], "/application");
    }
    let subscribed = world.post("/v1/subscriptions", &administrator, json!({ "application": open })).await.expect(200);
    assert_eq!(subscribed["outcome"], "active");
    assert!(subscribed["notice"].as_str().unwrap().contains("check with your buyer"));
    let (_, user) = world.user(&company, "Bert", vec![]).await;
    world.post("/v1/subscriptions", &user, json!({ "application": open })).await.problem(403, "forbidden");
}

#[tokio::test]
async fn the_owner_of_an_application_decides_on_subscriptions_that_are_reviewed() {
    let world = World::new().await;
    let partner = world.company("Meridian Aerospace").await;
    let another_partner = world.company("Zenith Aerospace").await;
    let company = world.company("Fastener Works").await;
    let administrator = world.administrator(&company).await;
    let application = world.application("MSP", Owner::Partner(partner.id), |details| details.subscription_review = true).await;
    let asked = world.post("/v1/subscriptions", &administrator, json!({ "application": application })).await.expect(200);
    assert_eq!(asked["outcome"], "requested");
    let path = format!("/v1/subscriptions/{}", asked["id"].as_str().unwrap());
    let operator = world.staff(&[StaffRole::Administrator]).await;
    let stranger = world.partner(another_partner.id).await;
    for token in [&operator, &stranger] {
        world.post(&format!("{path}/approve"), token, json!({})).await.problem(404, "not-found");
    }
    let owner = world.partner(partner.id).await;
    let waiting = world.get("/v1/subscriptions?state=requested", &owner).await.expect(200);
    assert_eq!(waiting["items"][0]["organization_name"], "Fastener Works");
    world.post(&format!("{path}/approve"), &owner, json!({})).await.expect(200);
    let shown = world.get("/v1/subscriptions", &administrator).await.expect(200);
    assert_eq!(shown["items"][0]["state"], "active");
    world.post(&format!("{path}/end"), &administrator, json!({ "reason": "not needed" })).await.expect(200);
    assert_eq!(world.get("/v1/subscriptions", &owner).await.expect(200)["items"][0]["state"], "ended");
}

#[tokio::test]
async fn nobody_of_the_staff_decides_on_a_subscription_of_an_organization_that_they_belong_to() {
    let world = World::new().await;
    let company = world.company("Fastener Works").await;
    let administrator = world.administrator(&company).await;
    let application = world.application("FIS", Owner::Operator, |details| details.subscription_review = true).await;
    let asked = world.post("/v1/subscriptions", &administrator, json!({ "application": application })).await.expect(200);
    let path = format!("/v1/subscriptions/{}", asked["id"].as_str().unwrap());
    let address = world.get("/v1/me", &administrator).await.expect(200)["contact"]["email"].as_str().unwrap().to_owned();
    let herself = Contact { email: email(&address), ..world.somebody("Anna") };
    let by_name = vec![Affiliation::Company(domain::testing::company("FASTENER WORKS"))];
    for (contact, affiliations) in [(herself, vec![]), (world.somebody("Otto"), by_name)] {
        let involved = world.member_of_staff(&[StaffRole::Administrator], contact, affiliations).await;
        world.post(&format!("{path}/approve"), &involved, json!({})).await.problem(403, "reviewer-involved");
        world.post(&format!("{path}/deny"), &involved, json!({ "reason": "no" })).await.problem(403, "reviewer-involved");
    }
    let operator = world.staff(&[StaffRole::Administrator]).await;
    world.post(&format!("{path}/approve"), &operator, json!({})).await.expect(200);
}
