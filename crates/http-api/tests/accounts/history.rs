//! J9: histories, the state as it was, the mails, and forgetting.

use domain::StaffRole;
use serde_json::json;

use crate::world::World;

#[tokio::test]
async fn an_auditor_reads_the_history_of_an_organization_in_order_page_by_page() {
    let world = World::new().await;
    let company = world.company("Fastener Works").await;
    world.administrator(&company).await;
    let auditor = world.staff(&[StaffRole::Auditor]).await;
    let path = format!("/v1/history/organization/{}", company.id);
    let all = world.get(&path, &auditor).await.expect(200);
    let all = all["items"].as_array().unwrap();
    assert!(all.len() > 5);
    assert!(all.windows(2).all(|pair| pair[0]["position"].as_u64() < pair[1]["position"].as_u64()));
    assert_eq!(all[0]["event_type"], "organization.approved.v1");
    assert!(all.iter().any(|line| line["event_type"] == "user.terms_accepted.v2" && line["from"] == "http"), "{all:#?}");

    let mut paged = Vec::new();
    let mut next = String::new();
    loop {
        let page = world.get(&format!("{path}?limit=2{next}"), &auditor).await.expect(200);
        paged.extend(page["items"].as_array().unwrap().clone());
        match page["next"].as_str() {
            Some(after) => next = format!("&after={after}"),
            None => break,
        }
    }
    let positions = |lines: &[serde_json::Value]| lines.iter().map(|line| line["position"].as_u64().unwrap()).collect::<Vec<_>>();
    assert_eq!(positions(&paged), positions(all));
    let newest = world.get(&format!("{path}?newest_first=true&limit=1"), &auditor).await.expect(200);
    assert_eq!(newest["items"][0]["position"], all.last().unwrap()["position"]);
}

#[tokio::test]
async fn the_state_as_it_was_and_what_changed_since() {
    let world = World::new().await;
    let company = world.company("Fastener Works").await;
    let operator = world.staff(&[StaffRole::Administrator]).await;
    let auditor = world.staff(&[StaffRole::Auditor]).await;
    world.pass_minutes(60);
    world.post(&format!("/v1/organizations/{}/suspend", company.id), &operator, json!({ "reason": "sanctions" })).await.expect(200);
    let path = format!("/v1/history/organization/{}", company.id);
    let before = world.get(&format!("{path}/state?at=2026-03-02T10:30:00Z"), &auditor).await.expect(200);
    let after = world.get(&format!("{path}/state?at=2026-03-02T12:00:00Z"), &auditor).await.expect(200);
    let thing = format!("organization/{}", company.id);
    assert_ne!(before["things"][&thing]["state"], after["things"][&thing]["state"]);
    let changes = world.get(&format!("{path}/changes?from=2026-03-02T10:30:00Z&until=2026-03-02T12:00:00Z"), &auditor).await.expect(200);
    let changed: Vec<&str> = changes["items"].as_array().unwrap().iter().map(|item| item["field"].as_str().unwrap()).collect();
    assert!(changed.contains(&"/state"), "{changes:#}");
    world.get(&format!("{path}/state?at=yesterday"), &auditor).await.problem(400, "malformed-request");
}

#[tokio::test]
async fn an_organizations_administrator_reads_its_own_history_without_who_of_the_staff_did_what() {
    let world = World::new().await;
    let company = world.company("Fastener Works").await;
    let administrator = world.administrator(&company).await;
    let operator = world.staff(&[StaffRole::Administrator]).await;
    let path = format!("/v1/organizations/{}", company.id);
    world.post(&format!("{path}/suspend"), &operator, json!({ "reason": "a check" })).await.expect(200);
    world.post(&format!("{path}/reinstate"), &operator, json!({ "reason": "all well" })).await.expect(200);
    let shown = world.get(&format!("/v1/history/organization/{}", company.id), &administrator).await.expect(200);
    let line = shown["items"].as_array().unwrap().iter().find(|line| line["event_type"] == "organization.suspended.v1").unwrap().clone();
    assert_eq!(line["why"], "a check");
    assert!(!line["who"].as_str().unwrap().contains("Rita"), "{line:#}");
    assert!(line["from"].is_null());
    let (_, user) = world.user(&company, "Bert", vec![]).await;
    world.get(&format!("/v1/history/organization/{}", company.id), &user).await.problem(403, "forbidden");
    world.get(&format!("/v1/history/person/{}", company.administrator), &administrator).await.problem(404, "not-found");
}

#[tokio::test]
async fn mails_show_addresses_to_administrators_and_not_to_auditors() {
    let world = World::new().await;
    let company = world.company("Fastener Works").await;
    world.administrator(&company).await;
    let operator = world.staff(&[StaffRole::Administrator]).await;
    let auditor = world.staff(&[StaffRole::Auditor]).await;
    let mails = world.get("/v1/mails", &operator).await.expect(200);
    assert!(mails["items"].as_array().unwrap().iter().all(|mail| mail["to"].is_string() && mail["state"] == "owed"), "{mails:#}");
    assert!(!mails["items"].as_array().unwrap().is_empty());
    let mails = world.get("/v1/mails", &auditor).await.expect(200);
    assert!(!mails.to_string().contains('@'), "{mails:#}");
    world.get("/v1/mails?state=lost", &auditor).await.problem(400, "malformed-request");
}

#[tokio::test]
async fn forgetting_a_person_begins_and_is_on_record() {
    let world = World::new().await;
    let company = world.company("Fastener Works").await;
    let operator = world.staff(&[StaffRole::Administrator]).await;
    let auditor = world.staff(&[StaffRole::Auditor]).await;
    let reason = json!({ "reason": "asked for it" });
    world.post(&format!("/v1/persons/{}/forget", uuid::Uuid::nil()), &operator, reason.clone()).await.problem(404, "not-found");
    world.post(&format!("/v1/persons/{}/forget", company.administrator), &operator, reason).await.expect(200);
    let shown = world.get(&format!("/v1/history/person/{}?newest_first=true&limit=1", company.administrator), &auditor).await.expect(200);
    assert_eq!(shown["items"][0]["event_type"], "person.forgetting_started.v1");
}
