//! Instances for people to look at: the same for the same schema, always.

use serde_json::{Map, Value, json};

use super::without_version;

/// What a field of this name is, where its schema leaves a choice.
const FIELDS: &[(&str, &str)] = &[
    ("application", "0197a3c4-1f00-7a10-8c00-000000000001"),
    ("applications", "0197a3c4-1f00-7a10-8c00-000000000001"),
    ("organization", "0198b7d2-4e21-7c55-9b0e-5d1f7c3a9e02"),
    ("partner", "0196f0aa-0c3d-7e8b-a1b2-3c4d5e6f7a03"),
    ("invitation", "0198b6f1-9d10-7b44-8a6d-2f0e1d3c5b04"),
    ("registration", "0198b6f8-3a72-7d09-b5c4-7e8f9a0b1c05"),
    ("user", "0198b7d9-6b84-7f13-8e2a-1c3d5e7f9a06"),
    ("person", "0198b7d9-6b84-7f13-8e2a-1c3d5e7f9a06"),
    ("due_at", "2026-03-04T10:00:00Z"),
    ("expires_at", "2026-04-01T10:00:00Z"),
    ("role", "application_administrator"),
];

const CODE: &str = "BSCP";

/// An instance with every field there is.
pub(super) fn of(schema: &Value) -> Value {
    value(schema, "")
}

fn value(schema: &Value, name: &str) -> Value {
    let text = |keyword: &str| schema.get(keyword).and_then(Value::as_str);
    if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
        let fields = properties.iter().map(|(name, schema)| (name.clone(), value(schema, name)));
        return Value::Object(fields.collect::<Map<_, _>>());
    }
    if let Some(items) = schema.get("items") {
        return json!([value(items, name)]);
    }
    if text("pattern").is_some() {
        return json!(CODE);
    }
    let known = FIELDS.iter().find(|(field, _)| *field == name).map_or(json!(name), |(_, value)| json!(value));
    let words = || schema.get("oneOf")?.as_array()?.iter().map(|word| word.get("const")).collect::<Option<Vec<_>>>();
    match words() {
        Some(words) if !words.contains(&&known) => words.first().map_or(known, |word| (*word).clone()),
        Some(_) | None => known,
    }
}

/// A message with these data.
pub(super) fn message(kind: &str, data: &Value) -> Value {
    let field = |name: &str| data.get(name).and_then(Value::as_str);
    let aggregate = without_version(kind).split('.').next().unwrap_or_default();
    // A subscription, and what else lies between two, has an id of its own.
    let subject = field(aggregate).filter(|_| aggregate != "access").unwrap_or("0198b7e0-5c95-8a24-9f3b-2d4e6f8a0b07");
    let organization = field("organization");
    let is_about_one = data.get("application").is_some() || data.get("applications").is_some();
    let mut message = json!({
        "specversion": "1.0",
        "id": "0198b7e1-2d36-8b57-a4c8-6f1e3d5b7a08",
        "source": "https://gatehouse.example",
        "type": kind,
        "subject": format!("{aggregate}/{subject}"),
        "time": "2026-03-02T10:00:00.123456Z",
        "datacontenttype": "application/json",
        "dataschema": format!("https://gatehouse.example/v1/schemas/{kind}.json"),
        "position": "4711",
        "previous": "4708",
        "epoch": "0195c2b0-7e11-7d35-8f20-9a8b7c6d5e09",
    });
    if let Some(fields) = message.as_object_mut() {
        fields.extend(organization.map(|organization| ("organization".to_owned(), json!(organization))));
        fields.extend(is_about_one.then(|| ("application".to_owned(), json!(CODE))));
        fields.insert("data".to_owned(), data.clone());
    }
    message
}
