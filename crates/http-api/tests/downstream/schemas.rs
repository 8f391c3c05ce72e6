//! `GET /v1/schemas` and what it leads to.

use http_body_util::BodyExt;
use jsonschema::Validator;
use serde_json::{Value, json};

use super::setting::Stage;

/// Whatever stands at an address that the service names.
async fn at(stage: &Stage, address: &Value) -> Value {
    let path = address.as_str().unwrap().strip_prefix("https://gateway.example").unwrap();
    let reply = stage.api.get(path).send().await;
    assert_eq!(reply.header("cache-control"), Some("public, max-age=3600"));
    reply.ok()
}

fn holds(schema: &Value, value: &Value) {
    let validator: Validator = jsonschema::validator_for(schema).unwrap();
    let problems: Vec<String> = validator.iter_errors(value).map(|error| error.to_string()).collect();
    assert!(problems.is_empty(), "{value:#} is not as {} says: {problems:?}", schema["title"]);
}

#[tokio::test]
async fn every_message_and_every_line_is_as_the_schemas_say_that_anybody_can_fetch() {
    let stage = Stage::set().await;
    stage.erase(stage.vera).await;
    let list = stage.api.get("/v1/schemas").send().await.ok();
    let envelope = at(&stage, &list["envelope"]).await;
    for event in stage.events(&stage.all, 0).await {
        holds(&envelope, &event);
        let listed = list["events"].as_array().unwrap().iter().find(|listed| listed["type"] == event["type"]).unwrap();
        assert_eq!(listed["schema"], event["dataschema"]);
        holds(&at(&stage, &event["dataschema"]).await, &event["data"]);
    }
    let snapshot = at(&stage, &list["snapshot"]).await;
    let lines = stage.open("/v1/snapshot", &stage.all, &[]).await.into_body().collect().await.unwrap().to_bytes();
    for line in std::str::from_utf8(&lines).unwrap().lines() {
        holds(&snapshot, &serde_json::from_str(line).unwrap());
    }
    assert_eq!(at(&stage, &list["asyncapi"]).await["asyncapi"], "3.0.0");
}

#[tokio::test]
async fn a_schema_that_is_there_already_is_not_sent_again() {
    let stage = Stage::set().await;
    let first = stage.api.get("/v1/schemas/envelope.json").send().await;
    assert_eq!(first.header("content-type"), Some("application/schema+json"));
    let tag = first.header("etag").unwrap().to_owned();
    let again = stage.api.get("/v1/schemas/envelope.json").header("if-none-match", tag.clone()).send().await;
    assert_eq!((again.status.as_u16(), again.header("etag")), (304, Some(tag.as_str())));
    assert_eq!(again.body, json!(null));
    let other = stage.api.get("/v1/schemas/snapshot.json").header("if-none-match", tag).send().await;
    assert_eq!(other.status, 200);
}

#[tokio::test]
async fn what_is_no_schema_is_not_there() {
    let stage = Stage::set().await;
    for file in ["access.granted.v1", "access.granted.v9.json", "envelope", "..%2Fopenapi.json"] {
        stage.api.get(format!("/v1/schemas/{file}")).send().await.refused(404, "not-found");
    }
}
