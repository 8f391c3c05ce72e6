//! The application catalogue.

use domain::application::{RegistrationPolicy, Way};
use domain::{Owner, Slug, StaffRole};
use serde_json::{Value, json};

use crate::world::World;

fn application(code: &str) -> Value {
    json!({
        "code": code,
        "owner": { "owner": "operator" },
        "details": {
            "name": "Secure File Transfer",
            "description": "Moves drawings.",
            "registration": "public",
            "access": "automatic",
            "ways": [{ "way": "account" }, { "way": "public_link", "slug": "sft" }],
            "credential_strength": "password",
            "prerequisites": "Install the client plug-in first.",
            "launch_url": "https://sft.example/start",
        },
    })
}

#[tokio::test]
async fn an_application_is_published_amended_and_retired() {
    let world = World::new().await;
    let operator = world.staff(&[StaffRole::Administrator]).await;
    let published = world.post("/v1/applications", &operator, application("SFT")).await.expect(201);
    world.post("/v1/applications", &operator, application("sft")).await.problem(409, "taken");
    let path = format!("/v1/applications/{}", published["id"].as_str().unwrap());
    let mut details = application("SFT")["details"].clone();
    details["name"] = json!("Safe File Transfer");
    world.put(&path, &operator, json!({ "details": details })).await.expect(200);
    let shown = world.get(&path, &operator).await.expect(200);
    assert_eq!((&shown["details"]["name"], &shown["code"]), (&json!("Safe File Transfer"), &json!("SFT")));
    let by_link = world.get_public("/v1/public/applications/sft").await.expect(200);
    assert!(by_link["notice"].as_str().unwrap().contains("check with your buyer"));
    world.post(&format!("{path}/retire"), &operator, json!({ "reason": "replaced" })).await.expect(200);
    world.get_public("/v1/public/applications/sft").await.problem(404, "not-found");
}

#[tokio::test]
async fn ways_that_do_not_fit_are_refused() {
    let world = World::new().await;
    let operator = world.staff(&[StaffRole::Administrator]).await;
    let mut wrong = application("SFT");
    wrong["details"]["registration"] = json!("invitation_only");
    world.post("/v1/applications", &operator, wrong).await.problem(422, "application-way-needs-public-registration");
    let mut wrong = application("S");
    wrong["details"]["launch_url"] = json!("javascript:alert(1)");
    let problem = world.post("/v1/applications", &operator, wrong).await.problem(422, "invalid-fields");
    assert_eq!(problem["errors"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn the_public_catalogue_shows_what_the_general_page_registers_for_and_no_launch_address() {
    let world = World::new().await;
    world.application("OPEN", Owner::Operator, |_| {}).await;
    let link = |details: &mut domain::application::ApplicationDetails| {
        details.ways = vec![Way::PublicLink(domain::testing::text(Slug::parse, "by-link"))];
    };
    world.application("LINK", Owner::Operator, link).await;
    let invited = |details: &mut domain::application::ApplicationDetails| {
        details.registration = RegistrationPolicy::InvitationOnly;
        details.ways = vec![Way::Invitation];
    };
    world.application("CLOSED", Owner::Operator, invited).await;
    let catalogue = world.get_public("/v1/public/applications").await.expect(200);
    let codes: Vec<&str> = catalogue["items"].as_array().unwrap().iter().map(|item| item["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["OPEN"]);
    assert!(!catalogue.to_string().contains("application.example"));
}

#[tokio::test]
async fn a_partner_sees_its_own_applications_only() {
    let world = World::new().await;
    let partner = world.company("Meridian Aerospace").await;
    let own = world.application("MSP", Owner::Partner(partner.id), |_| {}).await;
    let other = world.application("OPEN", Owner::Operator, |_| {}).await;
    let token = world.partner(partner.id).await;
    let shown = world.get("/v1/applications", &token).await.expect(200);
    assert_eq!(shown["items"].as_array().unwrap().len(), 1);
    world.get(&format!("/v1/applications/{own}"), &token).await.expect(200);
    world.get(&format!("/v1/applications/{other}"), &token).await.problem(404, "not-found");
}
