//! An organization's profile, and what waits for review of it.

use domain::registration::Affiliation;
use domain::testing::email;
use domain::{Contact, Owner, StaffRole};
use serde_json::json;

use crate::world::World;

#[tokio::test]
async fn most_of_a_profile_is_amended_at_once_and_a_legal_name_only_through_a_review() {
    let world = World::new().await;
    let company = world.company("Fastener Works").await;
    let administrator = world.administrator(&company).await;
    let path = format!("/v1/organizations/{}", company.id);
    let mut profile = world.get(&path, &administrator).await.expect(200)["profile"].clone();
    profile["phone"] = json!("+1 206 555 0100");
    let amended = world.put(&format!("{path}/profile"), &administrator, json!({ "profile": profile })).await.expect(200);
    assert_eq!(amended["outcome"], "amended");
    profile["legal_name"] = json!("Fastener Works International");
    profile["identifiers"] = json!([{ "scheme": "CAGE", "value": "1F9K2" }]);
    let amended = world.put(&format!("{path}/profile"), &administrator, json!({ "profile": profile })).await.expect(200);
    assert_eq!(amended["outcome"], "review");

    let reviewer = world.staff(&[StaffRole::Reviewer]).await;
    let waiting = world.get("/v1/organizations?amendment_pending=true", &reviewer).await.expect(200);
    assert_eq!(waiting["items"][0]["amendment"]["legal_name"], "Fastener Works International");
    world.post(&format!("{path}/amendment/approve"), &reviewer, json!({ "reason": "register checked" })).await.expect(200);
    let shown = world.get(&path, &administrator).await.expect(200);
    assert_eq!(shown["profile"]["legal_name"], "Fastener Works International");
    world.post(&format!("{path}/amendment/approve"), &reviewer, json!({ "reason": "again" })).await.problem(409, "no-amendment-waits");
}

#[tokio::test]
async fn nobody_of_the_staff_decides_on_a_change_of_an_organization_that_they_belong_to_or_asked_for_as_its_user() {
    let world = World::new().await;
    let company = world.company("Fastener Works").await;
    let administrator = world.administrator(&company).await;
    let path = format!("/v1/organizations/{}", company.id);
    let mut shown = world.get(&path, &administrator).await.expect(200)["profile"].clone();
    shown["legal_name"] = json!("Rivet Works");
    world.put(&format!("{path}/profile"), &administrator, json!({ "profile": shown })).await.expect(200);
    let address = world.get("/v1/me", &administrator).await.expect(200)["contact"]["email"].as_str().unwrap().to_uppercase();
    let herself = Contact { email: email(&address), ..world.somebody("Anna") };
    let reviewer = [StaffRole::Reviewer];
    for (contact, affiliations) in [
        (herself, vec![]),
        (world.somebody("Rita"), vec![Affiliation::Organization(company.id)]),
        (world.somebody("Rita"), vec![Affiliation::Company(domain::testing::company("Rivet Works Ltd"))]),
    ] {
        let involved = world.member_of_staff(&reviewer, contact, affiliations).await;
        for decision in ["approve", "refuse"] {
            let decided = world.post(&format!("{path}/amendment/{decision}"), &involved, json!({ "reason": "checked" })).await;
            decided.problem(403, "reviewer-involved");
        }
    }
    let other = world.staff(&reviewer).await;
    world.post(&format!("{path}/amendment/refuse"), &other, json!({ "reason": "not in the register" })).await.expect(200);
}

#[tokio::test]
async fn an_identifier_of_another_organization_cannot_be_taken_over() {
    let world = World::new().await;
    let (ours, theirs) = (world.company("Fastener Works").await, world.company("Rivet Works").await);
    let reviewer = world.staff(&[StaffRole::Reviewer]).await;
    for (company, expected) in [(&ours, 200), (&theirs, 409)] {
        let administrator = world.administrator(company).await;
        let path = format!("/v1/organizations/{}", company.id);
        let mut profile = world.get(&path, &administrator).await.expect(200)["profile"].clone();
        profile["identifiers"] = json!([{ "scheme": "CAGE", "value": "1F9K2" }]);
        world.put(&format!("{path}/profile"), &administrator, json!({ "profile": profile })).await.expect(200);
        let decided = world.post(&format!("{path}/amendment/approve"), &reviewer, json!({ "reason": "checked" })).await;
        assert_eq!(decided.status, expected, "{:#}", decided.body);
    }
}

#[tokio::test]
async fn staff_search_organizations_by_name() {
    let world = World::new().await;
    world.company("Fastener Works").await;
    world.company("Rivet Works").await;
    let auditor = world.staff(&[StaffRole::Auditor]).await;
    let found = world.get("/v1/organizations?name=rivet", &auditor).await.expect(200);
    assert_eq!(found["items"].as_array().unwrap().len(), 1);
    let first = world.get("/v1/organizations?limit=1", &auditor).await.expect(200);
    let next = first["next"].as_str().unwrap();
    let second = world.get(&format!("/v1/organizations?limit=1&after={next}"), &auditor).await.expect(200);
    assert_eq!(second["items"][0]["profile"]["legal_name"], "Rivet Works");
    assert!(second["next"].is_null());
    world.get("/v1/organizations?limit=0", &auditor).await.problem(400, "malformed-request");
    world.get("/v1/organizations?nmae=x", &auditor).await.problem(400, "malformed-request");
}

#[tokio::test]
async fn staff_find_the_organizations_that_have_a_relationship_with_a_partner() {
    let world = World::new().await;
    let (partner, fastener, rivet) =
        (world.company("Northwind Avionics").await, world.company("Fastener Works").await, world.company("Rivet Works").await);
    world.company("Rotor Works").await;
    let application = world.application("SFT", Owner::Partner(partner.id), |_| {}).await;
    world.subscribed(&fastener, application).await;
    world.subscribed(&rivet, application).await;
    let auditor = world.staff(&[StaffRole::Auditor]).await;
    let path = format!("/v1/organizations?partner={}", partner.id);
    let names = async |more: &str| {
        let found = world.get(&format!("{path}{more}"), &auditor).await.expect(200);
        let names = found["items"].as_array().unwrap().iter().map(|item| item["profile"]["legal_name"].as_str().unwrap().to_owned());
        let mut names: Vec<String> = names.collect();
        names.sort();
        names
    };
    assert_eq!(names("").await, ["Fastener Works", "Rivet Works"]);
    assert_eq!(names("&relationship=subscribed&name=RIVET").await, ["Rivet Works"]);
    assert!(names("&relationship=ended").await.is_empty());
    let first = world.get(&format!("{path}&limit=1"), &auditor).await.expect(200);
    let next = first["next"].as_str().unwrap();
    let second = world.get(&format!("{path}&limit=1&after={next}"), &auditor).await.expect(200);
    assert_ne!(first["items"], second["items"]);
    assert!(second["next"].is_null());
    world.get("/v1/organizations?relationship=subscribed", &auditor).await.problem(400, "malformed-request");
}
