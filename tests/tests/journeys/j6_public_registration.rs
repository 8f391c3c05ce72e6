//! J6: registration for public applications, without an invitation.

use serde_json::json;

use crate::support::cast::Cast;
use crate::support::registrant::{Company, Registrant};
use crate::support::review::{approve, queue, status};
use crate::support::user::establish;

#[tokio::test]
async fn a_company_registers_without_an_invitation_after_a_warning_to_check_with_the_buyer() {
    let cast = Cast::assemble().await;
    let world = &cast.world;
    let company = Company::named("Solo Machining");

    // The page warns first, and lists what is open to all.
    let page = world.get("/v1/public/applications").send().await.ok();
    assert!(page.text("notice").contains("check with your buyer"), "{page}");
    let codes: Vec<&str> = page.items().iter().map(|application| application["code"].as_str().unwrap()).collect();
    assert!(codes.contains(&"BSCP") && codes.contains(&"SOURCEPASS") && codes.contains(&"FIS"), "{codes:?}");
    assert!(!codes.contains(&"PARTS"), "by invitation only: {codes:?}");
    assert!(!codes.contains(&"B787SCP"), "by a link of its own only: {codes:?}");

    // What is by invitation only stays so, whatever is sent.
    let person =
        |applications: serde_json::Value| json!({ "name": "Ada Moreau", "email": company.registrant, "applications": applications });
    world.post("/v1/registrations").json(person(json!([cast.parts_portal]))).send().await.refused(403, "not-open-this-way");
    let wrong = world.post("/v1/registrations").json(json!({ "name": "", "email": "nobody", "applications": ["BSCP"] })).send().await;
    assert_eq!(wrong.refused(422, "invalid-fields").pointers(), ["/email", "/name"]);

    let started = world.post("/v1/registrations").json(person(json!(["SOURCEPASS"]))).send().await.ok();
    assert!(started.text("advice").contains("Check with the buyer first"), "{started}");
    let registrant = Registrant::of(world, &started.text("token"), &started.text("id"));
    assert!(started.text("resume_at").starts_with("https://gateway.example/registration/"), "{started}");
    // A case is its registrant's only.
    world.get(registrant.path("")).by(&cast.partner_token).send().await.refused(403, "forbidden");
    world.get(registrant.path("")).send().await.refused(401, "unauthenticated");

    // The same steps, the same review.
    let submitted = registrant.fill_in(&company).await;
    world.mail(&company.registrant, "We received your registration").await;
    assert!(queue(world, &cast.reviewer, "").await.iter().any(|case| case["registration"] == json!(submitted.id)));
    approve(world, &cast.reviewer, &submitted.id).await;
    assert_eq!(status(world, &submitted.case_number).await.text("state"), "approved");
    let administrator = establish(world, submitted.administrator(), "is registered").await;
    world.mail(&administrator.email, "Solo Machining is subscribed to SourcePass").await;
}

#[tokio::test]
async fn an_application_with_a_link_of_its_own_is_registered_for_by_that_link_only() {
    let cast = Cast::assemble().await;
    let world = &cast.world;
    let company = Company::named("Solo Machining");

    let shown = world.get("/v1/public/applications/boeing-787").send().await.ok();
    assert_eq!(shown.text("code"), "B787SCP");
    assert!(shown.text("notice").contains("check with your buyer"), "{shown}");
    let person = |key: &str, value: serde_json::Value| json!({ "name": "Ada Moreau", "email": company.registrant, key: value });
    world.post("/v1/registrations").json(person("applications", json!(["B787SCP"]))).send().await.refused(403, "not-open-this-way");
    let wrong = world.post("/v1/registrations").json(person("link", json!("boeing-777"))).send().await;
    assert_eq!(wrong.refused(422, "invalid-fields").pointers(), ["/link"]);

    let started = world.post("/v1/registrations").json(person("link", json!("boeing-787"))).send().await.ok();
    let registrant = Registrant::of(world, &started.text("token"), &started.text("id"));
    let submitted = registrant.fill_in(&company).await;
    // It wants two people (the catalogue says so).
    let queued = queue(world, &cast.reviewer, "").await;
    let case = queued.iter().find(|case| case["registration"] == json!(submitted.id)).unwrap();
    assert_eq!(case["needs_two_people"], true, "{case}");
}
