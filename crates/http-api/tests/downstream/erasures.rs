//! `GET /v1/erasures` and `POST /v1/erasures/{person}/acknowledge`.

use domain::StaffRole;
use serde_json::{Value, json};

use super::setting::{Stage, kinds};

async fn acknowledge(stage: &Stage, token: &str) -> super::common::Reply {
    stage.api.post(format!("/v1/erasures/{}/acknowledge", stage.vera)).by(token).send().await
}

async fn list(stage: &Stage, token: &str, query: &str) -> Vec<Value> {
    stage.api.get(format!("/v1/erasures{query}")).by(token).send().await.ok()["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn an_erasure_is_outstanding_until_each_service_has_acknowledged_it() {
    let stage = Stage::set().await;
    let (_, auditor) = stage.api.staff("Otto", &[StaffRole::Auditor]).await;
    assert!(list(&stage, &auditor, "").await.is_empty());
    stage.erase(stage.vera).await;
    // Also who never heard of the person is told, so that nobody has to guess who has.
    assert_eq!(kinds(&stage.events(&stage.limited, 0).await).last(), Some(&"person.erased.v1"));
    let open = list(&stage, &auditor, "?outstanding=true").await;
    assert_eq!(open.len(), 1);
    assert_eq!(open[0]["person"], stage.vera.to_string());
    assert_eq!(open[0]["services"], json!([{ "service": "sft-provisioning" }, { "service": "warehouse" }]));

    acknowledge(&stage, &stage.all).await.ok();
    let open = list(&stage, &auditor, "?outstanding=true").await;
    let services = open[0]["services"].as_array().unwrap();
    assert!(services[0]["acknowledged_at"].is_null() && services[1]["acknowledged_at"].is_string(), "{services:?}");
    assert!(list(&stage, &stage.all, "").await.is_empty(), "it owes nothing more");
    let own = list(&stage, &stage.limited, "").await;
    assert_eq!(own[0]["services"], json!([{ "service": "sft-provisioning" }]), "a service sees itself only");

    acknowledge(&stage, &stage.limited).await.ok();
    assert!(list(&stage, &auditor, "?outstanding=true").await.is_empty());
    assert_eq!(list(&stage, &auditor, "").await.len(), 1, "it stays on record");
}

#[tokio::test]
async fn an_erasure_is_acknowledged_once() {
    let stage = Stage::set().await;
    stage.erase(stage.vera).await;
    let (_, auditor) = stage.api.staff("Otto", &[StaffRole::Auditor]).await;
    let head = || *stage.api.services.handlers.store().head().borrow();
    acknowledge(&stage, &stage.all).await.ok();
    let (before, shown) = (head(), list(&stage, &auditor, "").await);
    stage.api.pass_minutes(5);
    acknowledge(&stage, &stage.all).await.ok();
    assert_eq!(head(), before, "nothing new is recorded");
    assert_eq!(list(&stage, &auditor, "").await, shown);
}

#[tokio::test]
async fn what_was_not_erased_cannot_be_acknowledged() {
    let stage = Stage::set().await;
    acknowledge(&stage, &stage.all).await.refused(404, "not-found");
    let forget = domain::person::PersonCommand::ForgetPerson { reason: domain::testing::reason("asked for it") };
    stage.api.services.handlers.handle::<domain::person::Person>(stage.vera.0, forget, &stage.api.sent()).await.unwrap();
    acknowledge(&stage, &stage.all).await.refused(409, "person-not-erased");
}

#[tokio::test]
async fn a_service_that_is_retired_owes_nothing_any_more() {
    let stage = Stage::set().await;
    stage.erase(stage.vera).await;
    let (_, administrator) = stage.api.staff("Anna", &[StaffRole::Administrator]).await;
    stage.retire(stage.limited_id).await;
    acknowledge(&stage, &stage.all).await.ok();
    assert!(list(&stage, &administrator, "?outstanding=true").await.is_empty());
    assert_eq!(list(&stage, &administrator, "").await[0]["services"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn erasures_are_listed_page_by_page() {
    let stage = Stage::set().await;
    let (_, auditor) = stage.api.staff("Otto", &[StaffRole::Auditor]).await;
    stage.erase(stage.vera).await;
    stage.erase(stage.uma).await;
    let first = stage.api.get("/v1/erasures?limit=1").by(&auditor).send().await.ok();
    assert_eq!(first["items"][0]["person"], stage.vera.to_string(), "the oldest first");
    let second = stage.api.get(format!("/v1/erasures?limit=1&after={}", first["next"].as_str().unwrap())).by(&auditor).send().await.ok();
    assert_eq!(second["items"][0]["person"], stage.uma.to_string());
    assert!(second["next"].is_null());
}
