//! An instance of an event as it is stored.

use std::error::Error;

use domain::personal::{self, Parts};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use crate::samples::Sampler;
use crate::schema::EventSchema;

/// Reads an event (`{"name": payload}`) with its personal values at hand, and writes it again as it is stored.
pub(crate) type Decode = fn(&Value, Vec<Parts>) -> Result<(Value, personal::Collected), Box<dyn Error>>;

/// [`Decode`] of this enum.
pub(crate) fn again<E: Serialize + DeserializeOwned>(
    event: &Value,
    parts: Vec<Parts>,
) -> Result<(Value, personal::Collected), Box<dyn Error>> {
    let event: E = personal::providing(parts, || E::deserialize(event))?;
    let (stored, collected) = personal::collecting(|| serde_json::to_value(&event));
    Ok((stored?, collected))
}

/// The golden file of an event: its type, its payload, and the personal values that its places stand for.
pub(crate) fn instance(event: &EventSchema, decode: Decode) -> Result<Value, Box<dyn Error>> {
    let (payload, sampled) = Sampler::of(&event.schema).sample().map_err(|error| format!("{}: {error}", event.name))?;
    let sampled_as_stored = Value::Object(Map::from_iter([(event.name.clone(), payload)]));
    let parts = sampled
        .iter()
        .map(|(person, values)| {
            let values: Result<Vec<Box<RawValue>>, _> = values.iter().map(serde_json::value::to_raw_value).collect();
            Ok(Parts { person: *person, values: Some(values?) })
        })
        .collect::<Result<Vec<_>, serde_json::Error>>()?;
    let (stored, collected) = decode(&sampled_as_stored, parts).map_err(|error| format!("{}: {error}", event.name))?;
    if stored != sampled_as_stored {
        return Err(format!("{}: {sampled_as_stored} is stored as {stored}", event.name).into());
    }
    let personal: Vec<Value> = collected.iter().map(|(person, values)| json!({ "person": person, "values": values })).collect();
    Ok(json!({ "type": event.name, "data": stored.get(&event.name), "personal": personal }))
}

/// JSON for people: indented, ending with a line break.
pub(crate) fn pretty(value: &Value) -> Result<String, Box<dyn Error>> {
    Ok(serde_json::to_string_pretty(value)? + "\n")
}
