//! What the service says of itself is what is published under `schemas/`.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "only tests are here: what cannot go on fails, loudly")]

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;
use test_support::servers::GatehouseProcess;

/// The description of the API that is published.
fn published() -> Value {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../schemas/openapi.json");
    serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
}

#[tokio::test]
async fn the_served_description_of_the_api_is_the_published_one() {
    let data = tempfile::tempdir().unwrap();
    let process = GatehouseProcess::serve(data.path()).start();
    let answer = reqwest::get(process.url("/v1/openapi.json")).await.unwrap();
    assert_eq!(answer.status(), 200);
    let served: Value = answer.json().await.unwrap();
    let published = published();
    // First the names, so that a difference is told in a line.
    let paths = |of: &Value| of["paths"].as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
    assert_eq!(paths(&served), paths(&published));
    assert!(served == published, "schemas/openapi.json is not what is served: generate it again");
}

#[tokio::test]
async fn everything_but_what_is_public_asks_who_is_there() {
    let data = tempfile::tempdir().unwrap();
    let process = GatehouseProcess::serve(data.path()).start();
    let http = reqwest::Client::new();
    let mut asked = 0;
    for (path, operations) in published()["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            // What is public says so: its security is one empty requirement, or none.
            if operation["security"]
                .as_array()
                .is_some_and(|needs| needs.iter().all(|need| need.as_object().is_some_and(serde_json::Map::is_empty)))
            {
                continue;
            }
            let id = "0199a5c2-77e0-8d1c-a6f2-0f3b1c9d2e44";
            let address: String = path.split('/').map(|part| if part.starts_with('{') { id } else { part }).collect::<Vec<_>>().join("/");
            let method: reqwest::Method = method.to_uppercase().parse().unwrap();
            let answer = http.request(method.clone(), process.url(&address)).send().await.unwrap();
            assert_eq!(answer.status(), 401, "{method} {path}");
            assert_eq!(answer.headers()["content-type"], "application/problem+json", "{method} {path}");
            asked += 1;
        }
    }
    assert!(asked > 50, "only {asked} operations were asked");
}
