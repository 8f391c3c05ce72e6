//! The table of who may call what, held against the description of the API.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::collections::BTreeSet;

fn described() -> BTreeSet<(String, String)> {
    let description = serde_json::to_value(http_api::description()).unwrap();
    let paths = description["paths"].as_object().unwrap();
    paths
        .iter()
        .flat_map(|(path, operations)| operations.as_object().unwrap().keys().map(move |method| (method.to_uppercase(), path.clone())))
        .collect()
}

fn listed() -> BTreeSet<(String, String)> {
    http_api::table().into_iter().map(|row| (row.method.to_string(), row.path)).collect()
}

#[test]
fn every_operation_of_the_description_says_who_may_call_it() {
    let nobody: Vec<_> = described().difference(&listed()).cloned().collect();
    assert!(nobody.is_empty(), "nobody may call these: {nobody:?}");
}

#[test]
fn every_row_of_the_table_is_an_operation_of_the_description() {
    let unknown: Vec<_> = listed().difference(&described()).cloned().collect();
    assert!(unknown.is_empty(), "the description has no such operations: {unknown:?}");
}

#[test]
fn no_route_is_in_the_table_twice() {
    assert_eq!(http_api::table().len(), listed().len());
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
