//! Personal data, which can be forgotten while the record of what happened stays (domain, "Facts worth keeping";
//! architecture, rule 11).
//!
//! A [`Personal<T>`] is a value about one person. In an event it is never written in the clear: while an event is
//! encoded, each value goes into the sealing scope of the thread, and only its place is written
//! (`{"person":"…","part":0}`); while it is decoded, the value is looked up there. A value whose key was destroyed is
//! [erased](Personal::is_erased). Outside such a scope a `Personal` refuses to be serialized, so that no response, log
//! or read model gets one by accident.

use std::cell::RefCell;
use std::fmt;

use serde::de::{DeserializeOwned, Error as _};
use serde::ser::{Error as _, SerializeStruct};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::PersonId;

/// A value about one person: there, or erased.
#[derive(Clone, PartialEq, Eq)]
pub struct Personal<T> {
    person: PersonId,
    value: Option<T>,
}

impl<T> Personal<T> {
    /// A value about this person.
    pub fn new(person: PersonId, value: T) -> Self {
        Self { person, value: Some(value) }
    }

    /// What is left when the person has been forgotten.
    #[must_use]
    pub fn erased(person: PersonId) -> Self {
        Self { person, value: None }
    }

    /// Whom it is about. Stays when the value is erased.
    #[must_use]
    pub fn person(&self) -> PersonId {
        self.person
    }

    /// The value, unless it is erased.
    #[must_use]
    pub fn get(&self) -> Option<&T> {
        self.value.as_ref()
    }

    /// Whether the person has been forgotten.
    #[must_use]
    pub fn is_erased(&self) -> bool {
        self.value.is_none()
    }
}

/// Shows whom it is about and never the value.
impl<T> fmt::Debug for Personal<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = if self.value.is_some() { "sealed" } else { "erased" };
        write!(f, "Personal({}, {state})", self.person)
    }
}

/// The values of one event about one person, as JSON texts in the order in which they were met. None: erased.
#[derive(Debug, Clone)]
pub struct Parts {
    /// Whom they are about.
    pub person: PersonId,
    /// Their JSON texts, or none if the key is gone.
    pub values: Option<Vec<Box<serde_json::value::RawValue>>>,
}

/// The personal values of one event, by person in the order of their first mention.
pub type Collected = Vec<(PersonId, Vec<Box<serde_json::value::RawValue>>)>;

enum Scope {
    Collecting(Collected),
    Providing(Vec<Parts>),
}

thread_local! {
    static SCOPE: RefCell<Option<Scope>> = const { RefCell::new(None) };
}

/// Ends the scope even if what runs in it panics.
struct Leave;

impl Drop for Leave {
    fn drop(&mut self) {
        SCOPE.set(None);
    }
}

/// Runs `encode` and returns what it returns, with the personal values that were serialized in it.
pub fn collecting<R>(encode: impl FnOnce() -> R) -> (R, Collected) {
    SCOPE.set(Some(Scope::Collecting(Vec::new())));
    let leave = Leave;
    let result = encode();
    let collected = match SCOPE.take() {
        Some(Scope::Collecting(collected)) => collected,
        Some(Scope::Providing(_)) | None => Vec::new(),
    };
    drop(leave);
    (result, collected)
}

/// Runs `decode` with these personal values at hand.
pub fn providing<R>(parts: Vec<Parts>, decode: impl FnOnce() -> R) -> R {
    SCOPE.set(Some(Scope::Providing(parts)));
    let _leave = Leave;
    decode()
}

#[derive(Deserialize)]
struct Place {
    person: PersonId,
    part: usize,
}

impl<T: Serialize> Serialize for Personal<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Some(value) = &self.value else {
            return Err(S::Error::custom("an erased value cannot be recorded again"));
        };
        // Serialized before the scope is borrowed: a value may itself hold one about another person.
        let json = serde_json::value::to_raw_value(value).map_err(S::Error::custom)?;
        let part = SCOPE.with_borrow_mut(|scope| {
            let Some(Scope::Collecting(collected)) = scope else {
                return Err(S::Error::custom("personal data is serialized only while an event is sealed"));
            };
            let values = match collected.iter_mut().find(|(person, _)| *person == self.person) {
                Some((_, values)) => values,
                None => &mut collected.push_mut((self.person, Vec::with_capacity(1))).1,
            };
            values.push(json);
            Ok(values.len() - 1)
        })?;
        let mut place = serializer.serialize_struct("Personal", 2)?;
        place.serialize_field("person", &self.person)?;
        place.serialize_field("part", &part)?;
        place.end()
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Personal<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Place { person, part } = Place::deserialize(deserializer)?;
        SCOPE.with_borrow(|scope| {
            let Some(Scope::Providing(parts)) = scope else {
                return Err(D::Error::custom("personal data is read only from an opened event"));
            };
            let Some(parts) = parts.iter().find(|parts| parts.person == person) else {
                return Err(D::Error::custom(format_args!("no sealed box for person {person}")));
            };
            let Some(values) = &parts.values else {
                return Ok(Self::erased(person));
            };
            let json = values.get(part).ok_or_else(|| D::Error::custom(format_args!("the box of person {person} has no part {part}")))?;
            serde_json::from_str(json.get()).map(|value| Self::new(person, value)).map_err(D::Error::custom)
        })
    }
}

impl<T: schemars::JsonSchema> schemars::JsonSchema for Personal<T> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("Personal{}", T::schema_name()).into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let person = generator.subschema_for::<PersonId>();
        let value = generator.subschema_for::<T>();
        schemars::json_schema!({
            "type": "object",
            "description": "Where a personal value lies: in the event's sealed box of this person, as this part; `x-personal` says what it is",
            "properties": { "person": person, "part": { "type": "integer", "minimum": 0 } },
            "required": ["person", "part"],
            "x-personal": value
        })
    }
}
