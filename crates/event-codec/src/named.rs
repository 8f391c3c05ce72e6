//! Takes a serialized variant apart into its name and its payload, and reads it from the two.

use std::fmt;

use serde::Deserialize;
use serde::de::{self, DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, VariantAccess, Visitor};

/// The name and the payload of `{"name":payload}`.
pub(crate) fn split(json: &[u8]) -> Option<(&str, &[u8])> {
    let rest = json.strip_prefix(b"{\"")?.strip_suffix(b"}")?;
    let end = rest.iter().position(|byte| *byte == b'"')?;
    let (name, rest) = rest.split_at_checked(end)?;
    Some((std::str::from_utf8(name).ok()?, rest.strip_prefix(b"\":")?))
}

/// Reads the variant of this name from its payload. Looks at once whether all of it is UTF-8, rather than at each string.
pub(crate) fn read<'de, E: Deserialize<'de>>(name: &'de str, payload: &'de [u8]) -> Result<E, Error> {
    E::deserialize(Variant { name, payload: std::str::from_utf8(payload).map_err(de::Error::custom)? })
}

/// Why a variant could not be read.
#[derive(Debug)]
pub(crate) struct Error {
    what: String,
    /// Whether the enum has no variant of this name.
    pub(crate) is_unknown_variant: bool,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.what.fmt(f)
    }
}

impl std::error::Error for Error {}

impl de::Error for Error {
    fn custom<T: fmt::Display>(what: T) -> Self {
        Self { what: what.to_string(), is_unknown_variant: false }
    }

    fn unknown_variant(variant: &str, _expected: &'static [&'static str]) -> Self {
        Self { what: format!("unknown event {variant}"), is_unknown_variant: true }
    }
}

/// A variant as serde asks for it. Gives the derived code the payload directly, without an intermediate tree.
struct Variant<'de> {
    name: &'de str,
    payload: &'de str,
}

impl<'de> Variant<'de> {
    fn payload<T>(
        self,
        read: impl FnOnce(&mut serde_json::Deserializer<serde_json::de::StrRead<'de>>) -> serde_json::Result<T>,
    ) -> Result<T, Error> {
        let mut json = serde_json::Deserializer::from_str(self.payload);
        let value = read(&mut json).map_err(de::Error::custom)?;
        json.end().map_err(<Error as de::Error>::custom)?;
        Ok(value)
    }
}

impl<'de> Deserializer<'de> for Variant<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, Error> {
        Err(de::Error::custom("an event must be an enum"))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_enum(self)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

impl<'de> EnumAccess<'de> for Variant<'de> {
    type Error = Error;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Error> {
        let name: de::value::StrDeserializer<'de, Error> = self.name.into_deserializer();
        Ok((seed.deserialize(name)?, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'de> {
    type Error = Error;

    fn unit_variant(self) -> Result<(), Error> {
        Err(de::Error::custom("an event must have fields"))
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Error> {
        self.payload(|json| seed.deserialize(json))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _len: usize, _visitor: V) -> Result<V::Value, Error> {
        Err(de::Error::custom("an event must have named fields"))
    }

    fn struct_variant<V: Visitor<'de>>(self, fields: &'static [&'static str], visitor: V) -> Result<V::Value, Error> {
        self.payload(|json| json.deserialize_struct("event", fields, visitor))
    }
}
