//! The description of the API says what it must of each operation.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::collections::BTreeSet;

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
