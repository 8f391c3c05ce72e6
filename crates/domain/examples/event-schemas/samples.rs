//! Believable values, made from a schema: the same for the same schema, always.

use domain::{PersonId, derive};
use serde_json::{Map, Value, json};
use uuid::Uuid;

/// What a value of this type (a definition's name) or field (a property's) is, where the schema does not say.
const SAMPLES: &[(&str, &str)] = &[
    // Types.
    ("AddressLine", "Am Sandtorkai 1"),
    ("ApplicationCode", "BSCP"),
    ("ApplicationName", "Boeing Supply Chain Platform"),
    ("CaseNumber", "GH-7K3M-Q2XD"),
    ("CompanyName", "Rotor Works GmbH"),
    ("Country", "DE"),
    ("CredentialLabel", "Phone"),
    ("Description", "Orders and forecasts.\nNeeds a browser."),
    ("Email", "ada@example.com"),
    ("IdentifierScheme", "DUNS"),
    ("IdentifierValue", "150483782"),
    ("JobTitle", "Head of purchasing"),
    ("Message", "We look forward to working with you."),
    ("PersonName", "Ada"),
    ("Phone", "+49405550100"),
    ("Reason", "Seen in the register of companies"),
    ("ServiceName", "sft-provisioning"),
    ("Slug", "b787"),
    ("TermsVersion", "2026-01"),
    ("UserId", "GH-4V8N-T6YC"),
    ("WebAddress", "https://example.com/start"),
    // Types in a field.
    ("CompanyName:inviter_name", "Big Aerospace"),
    ("CompanyName:organization_name", "Rotor Works GmbH"),
    ("Description:prerequisites", "Install the Aspera Connect plug-in first."),
    ("Message:question", "Which D-U-N-S number is yours?"),
    ("PersonName:family_name", "Example"),
    ("PersonName:name", "Ada Example"),
    // Fields.
    ("at", "2026-03-04T10:00:00Z"),
    ("answer", "550 5.1.1 no such mailbox"),
    ("challenge", "6b1f9a52"),
    ("closes", "17:00:00"),
    ("due_at", "2026-03-04T10:00:00Z"),
    ("expires_at", "2026-04-01T10:00:00Z"),
    ("field", "/profile/identifiers"),
    ("holidays", "2026-12-25"),
    ("opens", "09:00:00"),
    ("reason", "the server did not answer in time"),
    ("serial", "SN-004217"),
    ("soon_at", "2026-03-03T14:00:00Z"),
    ("template", "invitation"),
    ("time_zone", "Europe/Berlin"),
    ("until", "2026-03-02T11:00:00Z"),
];

/// What a number of this name is; any other is 2.
const NUMBERS: &[(&str, i64)] = &[("business_seconds", 57_600), ("business_seconds_left", 28_800)];

const INSTANT: &str = "2026-03-02T10:00:00Z";

/// The personal values that were met, by person in the order of their first mention.
pub(crate) type Personal = Vec<(PersonId, Vec<Value>)>;

type Sampled = Result<Value, String>;

/// Makes an instance of a schema.
pub(crate) struct Sampler<'a> {
    root: &'a Value,
    personal: Personal,
}

impl<'a> Sampler<'a> {
    /// Of this schema.
    pub(crate) fn of(root: &'a Value) -> Self {
        Self { root, personal: Vec::new() }
    }

    /// An instance with every field there is, and its personal values.
    pub(crate) fn sample(mut self) -> Result<(Value, Personal), String> {
        let payload = self.value(self.root, "")?;
        Ok((payload, self.personal))
    }

    /// `name` is that of the type or field.
    fn value(&mut self, schema: &'a Value, name: &str) -> Sampled {
        if let Some(constant) = schema.get("const") {
            return Ok(constant.clone());
        }
        if let Some(first) = schema.get("enum").and_then(Value::as_array).and_then(|values| values.first()) {
            return Ok(first.clone());
        }
        if let Some(definition) = schema.get("$ref").and_then(Value::as_str).and_then(|path| path.strip_prefix("#/$defs/")) {
            let target =
                self.root.get("$defs").and_then(|all| all.get(definition)).ok_or_else(|| format!("{definition} is not defined"))?;
            // An id is named by its field too, so that two people in one event are two.
            let in_field = format!("{definition}:{name}");
            let is_particular = is_uuid(target) || SAMPLES.iter().any(|(of, _)| *of == in_field);
            return self.value(target, if is_particular { &in_field } else { definition });
        }
        if let Some(value) = schema.get("x-personal") {
            return self.personal(value, name);
        }
        if let Some(choice) = self.choices(schema).first() {
            return self.value(choice, name);
        }
        match kind(schema) {
            Some("object") | None => self.object(schema),
            Some("array") => self.array(schema, name),
            Some("string") => string(schema, name),
            Some("integer") => Ok(json!(NUMBERS.iter().find(|(of, _)| *of == name).map_or(2, |(_, number)| *number))),
            Some("boolean") => Ok(json!(true)),
            Some(other) => Err(format!("{name}: no sample for type {other}")),
        }
    }

    fn object(&mut self, schema: &'a Value) -> Sampled {
        let mut object = Map::new();
        let fields = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
        // The sealed boxes are the codec's to add; a golden file has what is in them instead.
        for (field, schema) in fields.filter(|(field, _)| *field != "sealed") {
            object.insert(field.clone(), self.value(schema, field)?);
        }
        Ok(Value::Object(object))
    }

    /// One of each where its items are a choice, so that every choice is on record.
    fn array(&mut self, schema: &'a Value, name: &str) -> Sampled {
        let items = schema.get("items").ok_or_else(|| format!("{name}: an array of what?"))?;
        let target = items.get("$ref").and_then(Value::as_str).and_then(|path| path.strip_prefix("#/$defs/"));
        let resolved = target.and_then(|definition| self.root.get("$defs")?.get(definition)).unwrap_or(items);
        let choices = self.choices(resolved);
        if choices.is_empty() {
            return Ok(Value::Array(vec![self.value(items, name)?]));
        }
        choices.into_iter().map(|choice| self.value(choice, name)).collect::<Result<Vec<_>, _>>().map(Value::Array)
    }

    /// The alternatives of a schema, without "nothing"; those that carry data first.
    fn choices(&self, schema: &'a Value) -> Vec<&'a Value> {
        let alternatives = ["oneOf", "anyOf"].iter().find_map(|key| schema.get(key)).and_then(Value::as_array);
        let mut choices: Vec<&Value> = alternatives.into_iter().flatten().filter(|choice| kind(choice) != Some("null")).collect();
        choices.sort_by_key(|choice| choice.get("properties").is_none());
        choices
    }

    fn personal(&mut self, schema: &'a Value, name: &str) -> Sampled {
        let value = self.value(schema, name)?;
        let person = PersonId(id("PersonId:person"));
        let values = match self.personal.iter_mut().find(|(other, _)| *other == person) {
            Some((_, values)) => values,
            None => &mut self.personal.push_mut((person, Vec::new())).1,
        };
        values.push(value);
        Ok(json!({ "person": person, "part": values.len() - 1 }))
    }
}

fn string(schema: &Value, name: &str) -> Sampled {
    if is_uuid(schema) {
        return Ok(json!(id(name)));
    }
    let known = SAMPLES.iter().find(|(of, _)| *of == name).map(|(_, sample)| *sample);
    match (known, schema.get("format").and_then(Value::as_str)) {
        (Some(sample), _) => Ok(json!(sample)),
        (None, Some("date-time")) => Ok(json!(INSTANT)),
        (None, Some(_) | None) => Err(format!("no sample for the text {name}: add one to samples.rs")),
    }
}

/// The type, the first one where null is another.
fn kind(schema: &Value) -> Option<&str> {
    let kind = schema.get("type")?;
    kind.as_str().or_else(|| kind.as_array()?.iter().filter_map(Value::as_str).find(|kind| *kind != "null"))
}

fn is_uuid(schema: &Value) -> bool {
    schema.get("format").and_then(Value::as_str) == Some("uuid")
}

fn id(name: &str) -> Uuid {
    derive(Uuid::from_u128(0x019c_ad65_5a00_7000_8000_0000_0000_0000), name)
}
