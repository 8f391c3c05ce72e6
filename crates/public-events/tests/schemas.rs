//! What is published fits its schemas, and the schemas fit the standards that they name.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test that cannot have what it needs has failed")]

use std::collections::BTreeSet;
use std::path::Path;

use jsonschema::Validator;
use public_events::schema::{self, KINDS};
use public_events::snapshot::{self, Line};
use public_events::{Envelope, PublicEvent};
use serde_json::{Value, json};

fn validator(schema: &Value) -> Validator {
    jsonschema::options().should_validate_formats(true).build(schema).unwrap()
}

fn assert_fits(validator: &Validator, instance: &Value) {
    let errors: Vec<String> = validator.iter_errors(instance).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert_eq!(errors, Vec::<String>::new(), "{instance:#}");
}

fn properties(schema: &Value) -> BTreeSet<String> {
    schema["properties"].as_object().unwrap().keys().cloned().collect()
}

#[test]
fn an_example_of_every_event_fits_the_schemas_of_its_data_and_of_the_envelope() {
    let envelope = validator(&schema::envelope());
    for kind in PublicEvent::KINDS {
        let schema = schema::event(kind).unwrap();
        let message = schema::example(kind).unwrap();
        assert_fits(&validator(&schema), &message["data"]);
        assert_fits(&envelope, &message);
        assert_eq!(message["data"].as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>(), properties(&schema), "{kind}");
    }
}

#[test]
fn an_example_of_every_event_is_read_as_that_event_and_written_as_it_was() {
    for kind in PublicEvent::KINDS {
        let text = schema::text(&schema::example(kind).unwrap());
        let envelope = Envelope::parse(text.as_bytes()).unwrap();
        let event = envelope.event().unwrap().unwrap();
        assert_eq!(event.kind(), *kind);
        let again: Value = serde_json::from_slice(&envelope.to_json().unwrap()).unwrap();
        assert_eq!(again, schema::example(kind).unwrap());
        assert_eq!(serde_json::from_str::<Value>(&event.data().unwrap()).unwrap(), again["data"]);
        let about_one = event.application().is_some() || kind.starts_with("application.");
        assert_eq!(about_one, envelope.application.is_some(), "{kind}");
        assert_eq!(event.organization(), envelope.organization, "{kind}");
        let subject = envelope.subject_on_nats().unwrap();
        let (prefix, _) = schema::address(kind).split_once('{').map(|(prefix, rest)| (prefix.to_owned(), rest.to_owned())).unwrap();
        assert!(subject.starts_with(&prefix) && subject.split('.').count() == 6, "{subject}");
    }
}

#[test]
fn every_schema_is_one_says_what_every_field_means_and_accepts_fields_that_it_does_not_know() {
    for kind in KINDS {
        let schema = schema::event(kind.kind).unwrap();
        assert!(jsonschema::draft202012::meta::is_valid(&schema), "{}", kind.kind);
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
        assert_eq!(schema["title"], kind.kind);
        assert!(!kind.meaning.is_empty());
        for (name, field) in schema["properties"].as_object().unwrap() {
            assert!(field["description"].as_str().is_some_and(|text| !text.is_empty()), "{} {name}", kind.kind);
        }
        let mut message = schema["examples"][0].clone();
        message["added_later"] = json!({ "by": "a newer service" });
        assert_fits(&validator(&schema), &message);
        assert!(PublicEvent::decode(kind.kind, &message.to_string()).unwrap().is_some());
    }
    assert!(jsonschema::draft202012::meta::is_valid(&schema::envelope()));
    assert!(jsonschema::draft202012::meta::is_valid(&schema::snapshot()));
}

#[test]
fn what_is_served_is_what_lies_in_the_repository_byte_for_byte() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas");
    let read = |path: &str| std::fs::read_to_string(folder.join(path)).unwrap();
    for kind in PublicEvent::KINDS {
        assert_eq!(schema::served(kind).unwrap(), read(&format!("public/{}", schema::path(kind))), "{kind}");
    }
    assert_eq!(schema::served("envelope").unwrap(), read("public/envelope.json"));
    assert_eq!(schema::served("snapshot").unwrap(), read("public/snapshot.json"));
    assert_eq!(schema::served_asyncapi(), read("asyncapi.json"));
    assert_eq!(schema::served("registration.submitted.v99"), None);
}

#[test]
fn a_message_that_lacks_a_field_or_has_another_form_does_not_fit() {
    let schema = validator(&schema::event("registration.submitted.v1").unwrap());
    let good = schema::event("registration.submitted.v1").unwrap()["examples"][0].clone();
    for (field, bad) in [
        ("registration", json!("not an id")),
        ("due_at", json!("tomorrow")),
        ("applications", json!("BSCP")),
        ("organization", Value::Null),
    ] {
        let mut message = good.clone();
        message[field] = bad;
        assert!(!schema.is_valid(&message), "{field}");
        message.as_object_mut().unwrap().remove(field);
        assert!(!schema.is_valid(&message), "{field}");
    }
    let code = validator(&schema::event("application.published.v1").unwrap());
    let mut entry = schema::event("application.published.v1").unwrap()["examples"][0].clone();
    assert!(code.is_valid(&entry));
    entry["code"] = json!("BSCP.>");
    assert!(!code.is_valid(&entry));
}

/// CloudEvents 1.0, "Context Attributes": names are lower-case letters and digits, of 20 at most by advice; the required ones.
#[test]
fn an_envelope_has_the_attributes_that_cloud_events_require_under_names_that_they_allow() {
    let schema = schema::envelope();
    for name in properties(&schema) {
        assert!(name.len() <= 20 && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()), "{name}");
    }
    let required: BTreeSet<&str> = schema["required"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    assert!(required.is_superset(&BTreeSet::from(["specversion", "id", "source", "type"])));
    for kind in PublicEvent::KINDS {
        let message = schema::example(kind).unwrap();
        assert_eq!(message["specversion"], "1.0");
        for (name, value) in message.as_object().unwrap() {
            assert!(name == "data" || value.as_str().is_some_and(|text| !text.is_empty()), "{kind}: {name} is a text that is not empty");
        }
    }
}

#[test]
fn the_asyncapi_document_is_one_and_has_every_event() {
    let document = schema::asyncapi();
    let standard: Value = serde_json::from_str(include_str!("asyncapi/3.0.0.json")).unwrap();
    let standard = validator(&standard);
    assert_fits(&standard, &document);
    for (pointer, wrong) in [
        ("/operations/user.created/action", json!("shout")),
        ("/channels/user.created/parameters/application", json!({ "required": true })),
        ("/components/messages/user.created.v1/headers", json!([])),
        ("/info", json!({})),
    ] {
        let mut document = document.clone();
        *document.pointer_mut(pointer).unwrap() = wrong;
        assert!(!standard.is_valid(&document), "{pointer}");
    }
    let messages = document["components"]["messages"].as_object().unwrap();
    assert_eq!(messages.len(), PublicEvent::KINDS.len());
    let mut in_channels = BTreeSet::new();
    for (name, channel) in document["channels"].as_object().unwrap() {
        assert_eq!(channel["address"], format!("gatehouse.v1.{name}.{{application}}.{{organization}}"));
        assert!(document["operations"][name]["channel"]["$ref"] == format!("#/channels/{name}"));
        in_channels.extend(channel["messages"].as_object().unwrap().keys().cloned());
    }
    assert_eq!(in_channels, PublicEvent::KINDS.iter().map(|kind| (*kind).to_owned()).collect());
}

#[test]
fn every_reference_in_the_asyncapi_document_leads_to_something_in_it() {
    fn references(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(fields) => {
                found.extend(fields.get("$ref").and_then(Value::as_str).map(ToOwned::to_owned));
                fields.values().for_each(|value| references(value, found));
            }
            Value::Array(all) => all.iter().for_each(|value| references(value, found)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let document = schema::asyncapi();
    let mut found = Vec::new();
    references(&document, &mut found);
    assert!(found.len() > 200);
    for reference in found {
        assert!(document.pointer(reference.strip_prefix('#').unwrap()).is_some(), "{reference}");
    }
}

#[test]
fn a_message_fits_its_payload_in_the_asyncapi_document_and_no_other() {
    let document = schema::asyncapi();
    let payload = |kind: &str| {
        let mut schema = document["components"]["messages"][kind]["payload"].clone();
        schema["components"] = document["components"].clone();
        validator(&schema)
    };
    for kind in ["user.created.v1", "subscription.ended.v1", "invitation.offered.v1"] {
        assert_fits(&payload(kind), &schema::example(kind).unwrap());
    }
    assert!(!payload("user.created.v1").is_valid(&schema::example("subscription.ended.v1").unwrap()));
}

#[test]
fn every_line_of_a_snapshot_fits_its_schema() {
    let lines = [
        json!({ "kind": "begin", "position": "18446744073709551615", "epoch": "0195c2b0-7e11-7d35-8f20-9a8b7c6d5e09" }),
        json!({ "kind": "organization", "organization": "0198b7d2-4e21-7c55-9b0e-5d1f7c3a9e02", "state": "suspended" }),
        json!({ "kind": "end", "lines": 3 }),
    ];
    let schema = validator(&schema::snapshot());
    for line in &lines {
        assert_fits(&schema, line);
        let read: Line = serde_json::from_value(line.clone()).unwrap();
        assert_eq!(serde_json::to_value(&read).unwrap(), *line);
    }
    assert!(!schema.is_valid(&json!({ "kind": "organization", "organization": "0198b7d2-4e21-7c55-9b0e-5d1f7c3a9e02" })));
}

#[test]
fn lines_and_states_of_a_newer_service_are_read_as_unknown() {
    let line: Line = serde_json::from_value(json!({ "kind": "credential", "credential": 7 })).unwrap();
    assert_eq!(line, Line::Unknown);
    let line = json!({ "kind": "organization", "organization": "0198b7d2-4e21-7c55-9b0e-5d1f7c3a9e02", "state": "merged", "into": 7 });
    let Line::Organization(line) = serde_json::from_value(line).unwrap() else { panic!("it is an organization") };
    assert_eq!(line.state, snapshot::OrganizationState::Unknown);
}

#[test]
fn types_of_a_newer_service_are_no_events_and_no_errors() {
    let mut message = schema::example("user.created.v1").unwrap();
    message["type"] = json!("user.created.v2");
    message["data"] = json!({ "something": "else" });
    assert_eq!(Envelope::parse(message.to_string().as_bytes()).unwrap().event().unwrap(), None);
}
