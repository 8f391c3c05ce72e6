//! The schema of each event, cut out of that of its enum.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::path::PathBuf;

use serde_json::{Map, Value, json};

use crate::golden::{self, Decode};

/// The events of one aggregate.
pub(crate) struct AggregateSchema {
    /// The category of its streams, such as `registration`.
    pub(crate) category: &'static str,
    /// What it is, from the doc comment of its events.
    pub(crate) description: String,
    /// In the order in which they are declared.
    pub(crate) events: Vec<EventSchema>,
    /// Reads an event of it and writes it again.
    pub(crate) decode: Decode,
}

/// One event in one version.
pub(crate) struct EventSchema {
    /// Such as `registration.submitted.v1`.
    pub(crate) name: String,
    /// What it means, from its doc comment.
    pub(crate) description: String,
    /// The whole schema of its payload.
    pub(crate) schema: Value,
}

impl EventSchema {
    /// Where its schema lies, such as `registration/submitted/v1.json`.
    pub(crate) fn path(&self) -> Result<PathBuf, Box<dyn Error>> {
        let mut parts = self.name.split('.');
        match (parts.next(), parts.next(), parts.next(), parts.next()) {
            (Some(aggregate), Some(event), Some(version), None) => Ok(PathBuf::from(aggregate).join(event).join(format!("{version}.json"))),
            _ => Err(format!("{} is not aggregate.event.version", self.name).into()),
        }
    }
}

/// Every event of every aggregate.
pub(crate) fn all() -> Result<Vec<AggregateSchema>, Box<dyn Error>> {
    let mut aggregates = Vec::new();
    macro_rules! each {
        ($(($name:ident, $id:ident, $event:ident, $category:literal))*) => {$(
            aggregates.push(aggregate($category, &schemars::schema_for!(events::$event).into(), golden::again::<events::$event>)?);
        )*};
    }
    domain::for_each_aggregate!(each);
    Ok(aggregates)
}

/// The event enums under one roof, for the macro above.
mod events {
    pub(super) use domain::access::AccessEvent;
    pub(super) use domain::application::ApplicationEvent;
    pub(super) use domain::calendar::CalendarEvent;
    pub(super) use domain::credential::CredentialEvent;
    pub(super) use domain::invitation::InvitationEvent;
    pub(super) use domain::mail::MailEvent;
    pub(super) use domain::organization::OrganizationEvent;
    pub(super) use domain::person::PersonEvent;
    pub(super) use domain::registration::RegistrationEvent;
    pub(super) use domain::relationship::RelationshipEvent;
    pub(super) use domain::reservation::ReservationEvent;
    pub(super) use domain::service::ServiceEvent;
    pub(super) use domain::staff::StaffEvent;
    pub(super) use domain::subscription::SubscriptionEvent;
    pub(super) use domain::user::UserEvent;
}

fn aggregate(category: &'static str, of_enum: &Value, decode: Decode) -> Result<AggregateSchema, Box<dyn Error>> {
    let definitions = of_enum.get("$defs").and_then(Value::as_object).cloned().unwrap_or_default();
    let variants = of_enum.get("oneOf").and_then(Value::as_array).ok_or("the events are an enum")?;
    let events = variants.iter().map(|variant| event(variant, &definitions)).collect::<Result<Vec<_>, _>>()?;
    Ok(AggregateSchema { category, description: description(of_enum)?, events, decode })
}

fn event(variant: &Value, definitions: &Map<String, Value>) -> Result<EventSchema, Box<dyn Error>> {
    let properties = variant.get("properties").and_then(Value::as_object).ok_or("an event is an object under its name")?;
    let (name, payload) = properties.iter().next().ok_or("an event has a name")?;
    let description = description(variant).map_err(|error| format!("{name}: {error}"))?;
    let path = name.replace('.', "/");
    let mut schema = Map::new();
    schema.insert("$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
    schema.insert("$id".to_owned(), json!(format!("https://schemas.gatehouse.example/events/{path}.json")));
    schema.insert("title".to_owned(), json!(name));
    schema.insert("description".to_owned(), json!(description));
    schema.extend(payload.as_object().cloned().unwrap_or_default());
    let used = definitions_of(payload, definitions);
    if used.values().any(|definition| definition.get("x-personal").is_some()) {
        let properties = schema.entry("properties").or_insert_with(|| json!({}));
        if let Some(properties) = properties.as_object_mut() {
            properties.insert("sealed".to_owned(), sealed());
        }
    }
    if !used.is_empty() {
        schema.insert("$defs".to_owned(), serde_json::to_value(used)?);
    }
    let mut schema = Value::Object(schema);
    without_links(&mut schema);
    Ok(EventSchema { name: name.clone(), description, schema })
}

/// What the codec adds to the payload of an event that is about people.
fn sealed() -> Value {
    json!({
        "description": "In the record only: the sealed box of each person whom the event is about, by the person's id; the last key of the payload",
        "type": "object",
        "additionalProperties": { "type": "string", "contentEncoding": "base64" }
    })
}

fn description(schema: &Value) -> Result<String, Box<dyn Error>> {
    let mut text = schema.get("description").cloned().ok_or("an event says what it means in its doc comment")?;
    without_links(&mut text);
    Ok(text.as_str().unwrap_or_default().replace('\n', " "))
}

/// What the payload refers to, directly or not, by name.
fn definitions_of(payload: &Value, definitions: &Map<String, Value>) -> BTreeMap<String, Value> {
    let mut used = BTreeMap::new();
    let mut open: BTreeSet<String> = references(payload);
    while let Some(name) = open.pop_first() {
        if let Some(definition) = definitions.get(&name).filter(|_| !used.contains_key(&name)) {
            open.extend(references(definition));
            used.insert(name, definition.clone());
        }
    }
    used
}

fn references(schema: &Value) -> BTreeSet<String> {
    match schema {
        Value::Object(object) => object
            .iter()
            .flat_map(|(key, value)| match value.as_str().and_then(|text| text.strip_prefix("#/$defs/")) {
                Some(name) if key == "$ref" => BTreeSet::from([name.to_owned()]),
                Some(_) | None => references(value),
            })
            .collect(),
        Value::Array(array) => array.iter().flat_map(references).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => BTreeSet::new(),
    }
}

/// Takes the links of doc comments out of descriptions: they lead nowhere from here.
fn without_links(schema: &mut Value) {
    match schema {
        Value::String(text) => *text = text.replace("[`", "`").replace("`]", "`"),
        Value::Object(object) => object.values_mut().for_each(without_links),
        Value::Array(array) => array.iter_mut().for_each(without_links),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}
