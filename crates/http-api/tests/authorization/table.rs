//! The table is whole: it says of every operation of the API who may, and says so in the API's description too.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

/// Each operation of the description with what it says of access.
fn described() -> BTreeMap<(String, String), Value> {
    let description = serde_json::to_value(http_api::description()).unwrap();
    let mut described = BTreeMap::new();
    for (path, operations) in description["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            described.insert((method.to_uppercase(), path.clone()), operation["x-gatehouse-access"].clone());
        }
    }
    described
}

#[test]
fn the_table_and_the_description_name_the_same_routes_and_the_same_people() {
    let rows = http_api::table();
    let table: BTreeMap<_, _> = rows
        .iter()
        .map(|row| {
            let may: Value = row.may.iter().map(|may| json!({ "role": may.role.name(), "of": may.scope.name() })).collect();
            ((row.method.to_string(), row.path.clone()), may)
        })
        .collect();
    assert_eq!(table, described());
    assert_eq!(table.len(), rows.len(), "a route is in the table twice");
}

#[test]
fn every_route_is_somebodys_and_names_nobody_twice() {
    for row in http_api::table() {
        let roles: BTreeSet<_> = row.may.iter().map(|may| may.role).collect();
        assert!(!roles.is_empty(), "{} {}: nobody may", row.method, row.path);
        assert_eq!(roles.len(), row.may.len(), "{} {}: a role is named twice", row.method, row.path);
    }
}

#[test]
fn the_document_has_a_line_for_every_route() {
    let rows = http_api::table();
    let document = http_api::access::document(&rows);
    for row in rows {
        assert!(document.contains(&format!("| `{} {}` |", row.method, row.path)), "{} {}", row.method, row.path);
    }
}
