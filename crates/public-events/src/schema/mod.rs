//! JSON Schemas of what is published, and the AsyncAPI document: as they lie in `schemas/public` and `schemas/asyncapi.json`, and, byte for
//! byte the same, as the service serves them ([`served`], [`served_asyncapi`]).

mod asyncapi;
mod example;
mod tidy;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::{Map, Value, json};

use crate::snapshot::Line;
use crate::{Envelope, PREFIX};

pub use crate::event::{KINDS, Kind};
pub use asyncapi::asyncapi;

/// The schema of this name as the service serves it: that of the data of an event by its type, or `envelope`, or `snapshot`. None if there
/// is no such schema. Made once.
#[must_use]
pub fn served(name: &str) -> Option<&'static str> {
    static ALL: LazyLock<BTreeMap<&'static str, String>> = LazyLock::new(|| {
        let events = KINDS.iter().filter_map(|kind| Some((kind.kind, text(&event(kind.kind)?))));
        events.chain([("envelope", text(&envelope())), ("snapshot", text(&snapshot()))]).collect()
    });
    ALL.get(name).map(String::as_str)
}

/// The AsyncAPI document as the service serves it. Made once.
#[must_use]
pub fn served_asyncapi() -> &'static str {
    static TEXT: LazyLock<String> = LazyLock::new(|| text(&asyncapi()));
    &TEXT
}

/// JSON Schema 2020-12 of the data of an event of this type, with an example and the subjects that it is published on; none if there is
/// no such type.
#[must_use]
pub fn event(kind: &str) -> Option<Value> {
    let known = KINDS.iter().find(|known| known.kind == kind)?;
    let mut schema = document(kind, kind, known.meaning, (known.schema)());
    let example = example::of(&schema);
    if let Some(fields) = schema.as_object_mut() {
        fields.insert("x-nats-subject".to_owned(), json!(address(kind)));
        fields.insert("examples".to_owned(), json!([example]));
    }
    Some(schema)
}

/// JSON Schema of the envelope of every event.
#[must_use]
pub fn envelope() -> Value {
    let meaning = "An event as it is published: a CloudEvent 1.0 in structured JSON. Attributes that are not known are ignored.";
    document("envelope", "Envelope", meaning, schemars::schema_for!(Envelope))
}

/// JSON Schema of each line of a snapshot.
#[must_use]
pub fn snapshot() -> Value {
    let meaning =
        "A line of a snapshot. The first has the kind `begin`, the last the kind `end`. Kinds that are not known are passed over.";
    document("snapshot", "Line of a snapshot", meaning, schemars::schema_for!(Line))
}

/// An event of this type as it is published; none if there is no such type.
#[must_use]
pub fn example(kind: &str) -> Option<Value> {
    let data = event(kind)?.pointer("/examples/0")?.clone();
    Some(example::message(kind, &data))
}

/// Where the schema of an event's data lies below the folder of public schemas, such as `registration/submitted/v1.json`.
#[must_use]
pub fn path(kind: &str) -> String {
    format!("{}.json", kind.replace('.', "/"))
}

/// The subjects that events of this type are published on: `gatehouse.v1.registration.submitted.{application}.{organization}`.
#[must_use]
pub fn address(kind: &str) -> String {
    format!("{PREFIX}.{}.{{application}}.{{organization}}", without_version(kind))
}

/// A document as it is written and served: indented, ending with a line break.
#[must_use]
pub fn text(document: &Value) -> String {
    format!("{document:#}\n")
}

/// `registration.submitted` of `registration.submitted.v1`.
fn without_version(kind: &str) -> &str {
    kind.rsplit_once('.').map_or(kind, |(name, _)| name)
}

fn document(id: &str, title: &str, meaning: &str, derived: schemars::Schema) -> Value {
    let mut fields = Map::new();
    fields.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
    fields.insert("$id".to_owned(), json!(format!("urn:gatehouse:{id}")));
    fields.insert("title".to_owned(), json!(title));
    fields.insert("description".to_owned(), json!(meaning));
    let mut derived = derived.to_value();
    tidy::tidy(&mut derived);
    if let Value::Object(derived) = derived {
        for (name, value) in derived {
            fields.entry(name).or_insert(value);
        }
    }
    Value::Object(fields)
}
