//! The table of who may call what, held against the description of the API.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::collections::BTreeSet;

use http_api::access::ROUTES;

/// Not part of the described API: the service's own pages.
const UNDESCRIBED: [&str; 6] = ["/livez", "/readyz", "/v1/openapi.json", "/docs", "/docs/", "/docs/{*rest}"];

fn described() -> BTreeSet<(String, String)> {
    let description = serde_json::to_value(http_api::description()).unwrap();
    let paths = description["paths"].as_object().unwrap();
    paths
        .iter()
        .flat_map(|(path, operations)| operations.as_object().unwrap().keys().map(move |method| (method.to_uppercase(), path.clone())))
        .collect()
}

fn listed() -> BTreeSet<(String, String)> {
    let rows = ROUTES.iter().copied().flatten();
    rows.filter(|(_, path, _)| !UNDESCRIBED.contains(path)).map(|(method, path, _)| (method.to_string(), (*path).to_owned())).collect()
}

#[test]
fn every_operation_of_the_description_says_who_may_call_it() {
    let nobody: Vec<_> = described().difference(&listed()).cloned().collect();
    assert!(nobody.is_empty(), "nobody may call these: name them in an ACCESS table: {nobody:?}");
}

#[test]
fn every_row_of_the_table_is_an_operation_of_the_description() {
    let unknown: Vec<_> = listed().difference(&described()).cloned().collect();
    assert!(unknown.is_empty(), "the description has no such operations: {unknown:?}");
}

#[test]
fn no_route_is_in_the_table_twice() {
    let rows: Vec<_> = ROUTES.iter().copied().flatten().map(|(method, path, _)| (method.to_string(), *path)).collect();
    let once: BTreeSet<_> = rows.iter().collect();
    assert_eq!(rows.len(), once.len());
}

#[test]
fn every_operation_has_a_summary_and_a_description_of_its_success() {
    let description = serde_json::to_value(http_api::description()).unwrap();
    for (path, operations) in description["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            assert!(operation["summary"].is_string(), "{method} {path} has no summary");
            let succeeds = operation["responses"].as_object().unwrap().keys().any(|status| status.starts_with('2'));
            assert!(succeeds, "{method} {path} has no success");
        }
    }
}

#[test]
fn every_operation_has_a_name_of_its_own() {
    let description = serde_json::to_value(http_api::description()).unwrap();
    let mut names = BTreeSet::new();
    for (path, operations) in description["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let name = operation["operationId"].as_str().unwrap().to_owned();
            assert!(names.insert(name.clone()), "{method} {path} is called {name}, as another is");
        }
    }
}
