//! An organization's profile, and what waits for review of it; and how it comes to an administrator again.
#![allow(clippy::unwrap_used, reason = "the helpers of tests fail the test")]

use domain::organization::Organization;
use domain::person::{Person, PersonCommand};
use domain::registration::Affiliation;
use domain::testing::email;
use domain::user::{User, UserState};
use domain::{Contact, Owner, PersonId, StaffRole};
use serde_json::{Value, json};

use crate::world::{Company, ONE_TIME_PASSWORD, World};

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

async fn forget(world: &World, person: PersonId) {
    let reason = domain::testing::reason("asked for it");
    world.did::<Person>(person.0, PersonCommand::ForgetPerson { reason: reason.clone() }).await;
    world.services.workflows.keep_promise_to_forget(person, &reason, &world.sent()).await.unwrap();
}

fn lin() -> Value {
    let contact = json!({ "given_name": "Lin", "family_name": "Okafor", "email": "lin@fastener.example" });
    json!({ "contact": contact, "one_time_password": ONE_TIME_PASSWORD })
}

async fn active_administrators(world: &World, company: &Company) -> Vec<PersonId> {
    let active = world.services.handlers.inspect::<Organization, _>(company.id.0, |state, _| state.active_administrators().collect());
    active.await.unwrap().unwrap()
}

#[tokio::test]
async fn an_organization_whose_last_administrator_was_forgotten_gets_another_one_from_the_staff() {
    let world = World::new().await;
    let company = world.company("Fastener Works").await;
    let anna = world.administrator(&company).await;
    let staff = world.staff(&[StaffRole::Administrator]).await;
    let path = format!("/v1/organizations/{}/administrators", company.id);
    // As long as one can act, the organization's users are its administrators' matter.
    let problem = world.post(&path, &staff, lin()).await.problem(409, "has-administrator");
    assert!(problem["detail"].as_str().unwrap().contains("created by its administrators"), "{problem}");
    forget(&world, company.administrator).await;
    world.get("/v1/users", &anna).await.problem(401, "unauthenticated");

    let mut weak = lin();
    weak["one_time_password"] = json!("FastenerWorks2026");
    world.post(&path, &staff, weak).await.problem(422, "too-weak");
    let created = world.post_keyed(&path, &staff, "lin", lin()).await.expect(201);
    // Who was forgotten has left, so that the next one is not mistaken for one of two.
    assert_eq!(active_administrators(&world, &company).await, []);
    let left = world.services.handlers.inspect::<User, _>(company.administrator.0, |state, _| matches!(state, UserState::Closed(_)));
    assert_eq!(left.await.unwrap(), Some(true));
    let person: PersonId = created["id"].as_str().unwrap().parse().map(PersonId).unwrap();
    let token = world.first_login(created["user_id"].as_str().unwrap(), ONE_TIME_PASSWORD).await;
    let add = domain::organization::OrganizationCommand::AddAdministrator { administrator: person, established: true };
    world.did::<Organization>(company.id.0, add).await;
    world.get("/v1/users", &token).await.expect(200);
    // Sent again, it is the same account; another one is not to be had.
    assert_eq!(world.post_keyed(&path, &staff, "lin", lin()).await.expect(201), created);
    assert_eq!(active_administrators(&world, &company).await, [person]);
    world.post(&path, &staff, lin()).await.problem(409, "has-administrator");
}

#[tokio::test]
async fn an_organization_whose_first_administrator_never_came_gets_another_one_from_the_staff() {
    let world = World::new().await;
    let company = world.company("Fastener Works").await;
    let staff = world.staff(&[StaffRole::Administrator]).await;
    let created = world.post(&format!("/v1/organizations/{}/administrators", company.id), &staff, lin()).await.expect(201);
    let token = world.first_login(created["user_id"].as_str().unwrap(), ONE_TIME_PASSWORD).await;
    assert_eq!(world.get("/v1/me", &token).await.expect(200)["roles"], json!([{ "role": "organization_administrator" }]));
    // Who was expected may still come.
    world.sign_in(&company.user_id, ONE_TIME_PASSWORD).await;
}
