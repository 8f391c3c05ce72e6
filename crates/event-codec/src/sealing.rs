//! The sealed boxes of an event: one for each person that it is about.
//!
//! A box holds the JSON array of the person's values, sealed under the person's key and bound to the stream, the event and
//! the person, so that it cannot be moved. It is written as `"sealed":{"<person>":"<base64>"}`, the last key of the
//! event's data.

use std::collections::BTreeMap;

use base64::Engine;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use domain::personal::{Collected, Parts};
use domain::{EventId, PersonId};
use event_store::{Recorded, StreamId};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::{CodecError, PersonalKeys};

/// Inside a JSON text, an unescaped quote stands only around keys and strings: this cannot be part of a value.
const MARK: &[u8] = b"\"sealed\":{";

/// The event's data: the payload, with the personal values in sealed boxes.
pub(crate) fn seal(
    keys: &dyn PersonalKeys,
    stream: &StreamId,
    id: EventId,
    payload: &[u8],
    personal: &Collected,
) -> Result<Vec<u8>, CodecError> {
    if personal.is_empty() {
        return Ok(payload.to_vec());
    }
    let open = payload.strip_suffix(b"}").ok_or_else(|| CodecError::Unwritable("the payload is not an object".to_owned()))?;
    let mut data = Vec::with_capacity(payload.len() + 256);
    data.extend_from_slice(open);
    data.extend_from_slice(if open == b"{" { b"\"sealed\":{" } else { b",\"sealed\":{" });
    for (index, (person, values)) in personal.iter().enumerate() {
        let plain = serde_json::to_vec(values).map_err(|error| CodecError::Unwritable(error.to_string()))?;
        let sealed = keys.seal(*person, &binding(stream, id, *person), &plain)?;
        if index > 0 {
            data.push(b',');
        }
        data.extend_from_slice(format!("\"{person}\":\"").as_bytes());
        data.extend_from_slice(BASE64_STANDARD_NO_PAD.encode(sealed).as_bytes());
        data.push(b'"');
    }
    data.extend_from_slice(b"}}");
    Ok(data)
}

/// The sealed boxes of a recorded event, by person; none if it has none.
fn boxes(recorded: &Recorded) -> Result<Option<Boxes<'_>>, CodecError> {
    // Where there are boxes, their object is the last that is opened: ids and base64 have no braces.
    let Some(start) =
        memchr::memrchr(b'{', &recorded.data).filter(|start| recorded.data.get(..=*start).is_some_and(|text| text.ends_with(MARK)))
    else {
        return Ok(None);
    };
    // The object of boxes begins with the brace that ends the mark; the data's own closing brace follows it.
    let boxes = recorded.data.get(start..recorded.data.len() - 1).unwrap_or_default();
    serde_json::from_slice(boxes).map(Some).map_err(|error| damaged(recorded, &error))
}

/// About whom an event has a sealed box.
pub(crate) fn about(recorded: &Recorded) -> Result<Vec<PersonId>, CodecError> {
    Ok(boxes(recorded)?.map(|boxes| boxes.0.into_keys().collect()).unwrap_or_default())
}

fn damaged(recorded: &Recorded, error: &impl std::fmt::Display) -> CodecError {
    CodecError::Unreadable { event_type: recorded.event_type.to_string(), what: error.to_string() }
}

/// The personal values of a recorded event; none if it has none.
pub(crate) fn open(keys: &dyn PersonalKeys, recorded: &Recorded) -> Result<Option<Vec<Parts>>, CodecError> {
    let Some(boxes) = boxes(recorded)? else { return Ok(None) };
    let mut opened = Vec::with_capacity(boxes.0.len());
    for (person, text) in boxes.0 {
        let sealed = BASE64_STANDARD_NO_PAD.decode(text).map_err(|error| damaged(recorded, &error))?;
        let plain = keys.open(person, &binding(&recorded.stream, EventId(recorded.id), person), &sealed)?;
        let values: Option<Vec<Box<RawValue>>> = match plain {
            Some(plain) => Some(serde_json::from_slice(&plain).map_err(|error| damaged(recorded, &error))?),
            None => None,
        };
        opened.push(Parts { person, values });
    }
    Ok(Some(opened))
}

#[derive(Deserialize)]
struct Boxes<'a>(#[serde(borrow)] BTreeMap<PersonId, &'a str>);

/// What a box is bound to: it opens only in the event, the stream and for the person that it was sealed for.
fn binding(stream: &StreamId, id: EventId, person: PersonId) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(48 + stream.category.len());
    bytes.extend_from_slice(stream.key.as_bytes());
    bytes.extend_from_slice(id.0.as_bytes());
    bytes.extend_from_slice(person.0.as_bytes());
    bytes.extend_from_slice(stream.category.as_bytes());
    bytes
}
