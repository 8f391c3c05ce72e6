//! The AsyncAPI 3.0 document: which messages come on which subjects of NATS.

use serde_json::{Map, Value, json};

use super::{KINDS, Kind, address, envelope, event, example, without_version};

/// What a reader of the document is told first.
const INTRODUCTION: &str = "What the registration service tells other services: who is registered, who is subscribed to which \
application, who has access. Every message is a CloudEvent 1.0 in structured JSON. Messages come in the order of `position`; \
`previous` names the public event before, so that a gap is seen. A message that comes twice has the same `id` and `position`. Fields, \
types and values that are not known must be accepted. The same messages are had over HTTP at `GET /v1/events`. Nothing in them is \
personal: details are asked for over the API, with the consumer's own token.";

/// The whole document. It refers to nothing outside itself.
#[must_use]
pub fn asyncapi() -> Value {
    json!({
        "asyncapi": "3.0.0",
        "id": "urn:gatehouse:public-events",
        "info": {
            "title": "Gatehouse public events",
            "version": "1.0.0",
            "description": INTRODUCTION,
            "license": { "name": "Apache-2.0" },
        },
        "defaultContentType": "application/cloudevents+json",
        "channels": by_channel(channel),
        "operations": by_channel(operation),
        "components": {
            "messages": KINDS.iter().map(|kind| (kind.kind.to_owned(), message(kind))).collect::<Map<_, _>>(),
            "parameters": parameters(),
            "schemas": schemas(),
        },
    })
}

/// A channel has all versions of one event: they are published on the same subjects.
fn by_channel(of: fn(&str, &[&Kind]) -> Value) -> Map<String, Value> {
    let mut channels = Map::new();
    for kind in KINDS {
        let name = without_version(kind.kind);
        let versions: Vec<&Kind> = KINDS.iter().filter(|other| without_version(other.kind) == name).collect();
        channels.entry(name).or_insert_with(|| of(name, &versions));
    }
    channels
}

fn channel(name: &str, versions: &[&Kind]) -> Value {
    let messages = versions.iter().map(|kind| (kind.kind.to_owned(), reference("messages", kind.kind)));
    let meaning = versions.first().map_or("", |kind| kind.meaning);
    json!({
        "address": address(&format!("{name}.v1")),
        "title": name,
        "description": meaning,
        "parameters": {
            "application": reference("parameters", "application"),
            "organization": reference("parameters", "organization"),
        },
        "messages": messages.collect::<Map<_, _>>(),
        "tags": [{ "name": name.split('.').next().unwrap_or(name) }],
    })
}

fn operation(name: &str, versions: &[&Kind]) -> Value {
    let meaning = versions.first().map_or("", |kind| kind.meaning);
    json!({
        "action": "send",
        "channel": { "$ref": format!("#/channels/{name}") },
        "summary": meaning,
        "messages": versions.iter().map(|kind| json!({ "$ref": format!("#/channels/{name}/messages/{}", kind.kind) })).collect::<Vec<_>>(),
    })
}

fn message(kind: &Kind) -> Value {
    let example = example(kind.kind).unwrap_or_default();
    json!({
        "name": kind.kind,
        "title": kind.kind,
        "summary": kind.meaning,
        "contentType": "application/cloudevents+json",
        "headers": reference("schemas", "headers"),
        "payload": {
            "allOf": [
                reference("schemas", "envelope"),
                { "type": "object", "properties": { "type": { "const": kind.kind }, "data": reference("schemas", kind.kind) } },
            ],
        },
        "examples": [{ "payload": example }],
    })
}

fn parameters() -> Value {
    json!({
        "application": {
            "description": "The code of the application that the event is about, such as `BSCP`; `_` unless it is about exactly one.",
            "examples": ["BSCP", "_"],
        },
        "organization": {
            "description": "The id of the organization that the event is about; `_` if it is about none. \
                            That of a registration is the organization-to-be.",
            "examples": ["0198b7d2-4e21-7c55-9b0e-5d1f7c3a9e02", "_"],
        },
    })
}

fn schemas() -> Map<String, Value> {
    let mut schemas = Map::new();
    schemas.insert("headers".to_owned(), headers());
    schemas.insert("envelope".to_owned(), embedded(envelope()));
    schemas.extend(KINDS.iter().filter_map(|kind| Some((kind.kind.to_owned(), embedded(event(kind.kind)?)))));
    schemas
}

fn headers() -> Value {
    json!({
        "type": "object",
        "description": "The headers of a NATS message that consumers may look at. All of it is in the message as well.",
        "properties": {
            "content-type": { "type": "string", "const": "application/cloudevents+json" },
            "Nats-Msg-Id": { "type": "string", "format": "uuid", "description": "The `id` of the event." },
            "Gatehouse-Position": { "type": "string", "pattern": "^[0-9]{1,20}$", "description": "The `position` of the event." },
            "Gatehouse-Epoch": { "type": "string", "format": "uuid", "description": "The `epoch` of the event." },
        },
    })
}

/// Without what only a document of its own says. The message has the example, the channel the subject.
fn embedded(mut schema: Value) -> Value {
    if let Some(fields) = schema.as_object_mut() {
        fields.retain(|name, _| !matches!(name.as_str(), "$schema" | "$id" | "x-nats-subject" | "examples"));
    }
    schema
}

fn reference(section: &str, name: &str) -> Value {
    json!({ "$ref": format!("#/components/{section}/{name}") })
}
