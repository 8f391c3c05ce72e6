//! What consumers lose between two schemas of the same thing.
//!
//! Consumers read what we write: whoever relied on the old schema must find what it promised under the new one. So everything that the
//! old one says must be said still, in the same words; the new one may say more of what the old one was silent about: fields, values of
//! an enumeration, kinds of lines, that a field is always there.

use std::collections::BTreeSet;

use serde_json::Value;

/// What consumers lose at one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Loss {
    /// Where: a JSON pointer into what is published, `*` for any item of a list.
    pub(crate) place: String,
    /// What happened to it, as the rest of a sentence that begins with the place.
    pub(crate) what: String,
}

/// Keywords that are for people only.
const REMARKS: &[&str] = &["title", "description", "examples", "$comment", "deprecated"];
/// Keywords that are compared part by part, or where they are referred to.
const PARTS: &[&str] = &["properties", "required", "items", "enum", "oneOf", "$ref", "$defs"];

/// Everything that consumers of `old` lose with `new`.
pub(crate) fn losses(old: &Value, new: &Value) -> Vec<Loss> {
    let mut comparison = Comparison { old_root: old, new_root: new, found: Vec::new() };
    comparison.compare("", old, new, 0);
    comparison.found
}

struct Comparison<'a> {
    old_root: &'a Value,
    new_root: &'a Value,
    found: Vec<Loss>,
}

impl Comparison<'_> {
    fn compare(&mut self, place: &str, old: &Value, new: &Value, depth: u32) {
        let (old, new) = (resolved(self.old_root, old), resolved(self.new_root, new));
        // Schemas of ours do not contain themselves; one that does is compared as far as this.
        if depth > 32 || old == new {
            return;
        }
        self.keywords(place, &old, &new);
        match (words(&old), words(&new)) {
            (Some(old), Some(new)) => {
                for word in old.difference(&new) {
                    self.lost(place, format!("lost the value {word}"));
                }
            }
            (None, None) => self.variants(place, &old, &new, depth),
            (Some(_), None) => self.lost(place, "was one of some values and is not any more".to_owned()),
            (None, Some(_)) => self.lost(place, "had any value and is one of some now".to_owned()),
        }
        self.properties(place, &old, &new, depth);
        match (old.get("items"), new.get("items")) {
            (Some(old), Some(new)) => self.compare(&format!("{place}/*"), old, new, depth.saturating_add(1)),
            (Some(_), None) => self.lost(place, "does not say any more what its items are".to_owned()),
            (None, Some(_)) => self.lost(place, "had items of any form and says now which".to_owned()),
            (None, None) => {}
        }
    }

    /// What is neither a remark nor compared part by part must be the same.
    fn keywords(&mut self, place: &str, old: &Value, new: &Value) {
        let is_compared = |name: &str| {
            let of_words = name == "type" && words(old).is_some() && words(new).is_some();
            !REMARKS.contains(&name) && !PARTS.contains(&name) && !of_words
        };
        let names = |schema: &Value| schema.as_object().map(|fields| fields.keys().cloned().collect::<BTreeSet<_>>()).unwrap_or_default();
        for name in names(old).union(&names(new)).filter(|name| is_compared(name)) {
            match (old.get(name), new.get(name)) {
                (Some(was), Some(is)) if was != is => self.lost(place, format!("had {name} {was} and has {is}")),
                (Some(was), None) => self.lost(place, format!("had {name} {was} and has none")),
                // An extension says more of what validation does not look at, such as the subject that an event is published on.
                (None, Some(is)) if !name.starts_with("x-") => self.lost(place, format!("had no {name} and has {is}")),
                (Some(_) | None, Some(_)) | (None, None) => {}
            }
        }
    }

    fn properties(&mut self, place: &str, old: &Value, new: &Value, depth: u32) {
        let Some(fields) = old.get("properties").and_then(Value::as_object) else { return };
        for (name, field) in fields {
            let place = format!("{place}/{name}");
            match new.get("properties").and_then(|fields| fields.get(name)) {
                None => self.lost(&place, "was removed".to_owned()),
                Some(now) => {
                    if is_required(old, name) && !is_required(new, name) {
                        self.lost(&place, "was always there and may be missing now".to_owned());
                    }
                    self.compare(&place, field, now, depth.saturating_add(1));
                }
            }
        }
    }

    /// Variants that tell themselves apart by a constant, such as the lines of a snapshot.
    fn variants(&mut self, place: &str, old: &Value, new: &Value, depth: u32) {
        let Some(before) = old.get("oneOf").and_then(Value::as_array) else {
            if new.get("oneOf").is_some() {
                self.lost(place, "had one form and has several now".to_owned());
            }
            return;
        };
        let now = new.get("oneOf").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        for variant in before {
            let Some((field, value)) = mark(variant) else {
                if !now.contains(variant) {
                    self.lost(place, "changed one of its forms".to_owned());
                }
                continue;
            };
            match now.iter().find(|other| mark(other) == Some((field, value))) {
                Some(other) => self.compare(&format!("{place}/{value}"), variant, other, depth.saturating_add(1)),
                None => self.lost(place, format!("lost the {field} `{value}`")),
            }
        }
    }

    fn lost(&mut self, place: &str, what: String) {
        let place = if place.is_empty() { "/".to_owned() } else { place.to_owned() };
        self.found.push(Loss { place, what });
    }
}

/// With what it refers to in place of the reference.
fn resolved(root: &Value, schema: &Value) -> Value {
    let target = schema.get("$ref").and_then(Value::as_str).and_then(|path| root.pointer(path.strip_prefix('#')?));
    let (Some(target), Some(fields)) = (target.and_then(Value::as_object), schema.as_object()) else { return schema.clone() };
    let mut merged = target.clone();
    merged.extend(fields.iter().filter(|(name, _)| *name != "$ref").map(|(name, value)| (name.clone(), value.clone())));
    Value::Object(merged)
}

/// The values of an enumeration, in either of the ways to write one.
fn words(schema: &Value) -> Option<BTreeSet<String>> {
    if let Some(all) = schema.get("enum").and_then(Value::as_array) {
        return Some(all.iter().map(ToString::to_string).collect());
    }
    let all = schema.get("oneOf")?.as_array()?;
    all.iter().map(|word| word.get("const").map(ToString::to_string)).collect()
}

fn is_required(schema: &Value, name: &str) -> bool {
    schema.get("required").and_then(Value::as_array).is_some_and(|all| all.iter().any(|field| field == name))
}

/// The field by which a variant is known, and its value.
fn mark(variant: &Value) -> Option<(&str, &str)> {
    let fields = variant.get("properties")?.as_object()?;
    fields.iter().find_map(|(name, field)| Some((name.as_str(), field.get("const")?.as_str()?)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn schema() -> Value {
        json!({
            "$id": "urn:gatehouse:registration.submitted.v1",
            "title": "registration.submitted.v1",
            "type": "object",
            "properties": {
                "registration": { "type": "string", "format": "uuid", "description": "Which." },
                "code": { "type": "string", "pattern": "^[A-Z]{2,20}$" },
                "applications": { "type": "array", "items": { "type": "string", "format": "uuid" } },
                "role": { "oneOf": [{ "type": "string", "const": "administrator" }, { "type": "string", "const": "user" }] },
                "place": { "$ref": "#/$defs/Place" },
                "note": { "type": "string" },
            },
            "required": ["registration", "code"],
            "$defs": { "Place": { "type": "object", "properties": { "city": { "type": "string" } }, "required": ["city"] } },
        })
    }

    /// What is lost when `change` is made to the schema, as sentences.
    fn lost_by(change: impl FnOnce(&mut Value)) -> Vec<String> {
        let mut new = schema();
        change(&mut new);
        losses(&schema(), &new).into_iter().map(|loss| format!("{} {}", loss.place, loss.what)).collect()
    }

    fn at<'a>(schema: &'a mut Value, pointer: &str) -> &'a mut Value {
        schema.pointer_mut(pointer).unwrap()
    }

    fn remove(schema: &mut Value, pointer: &str, name: &str) {
        at(schema, pointer).as_object_mut().unwrap().remove(name);
    }

    const NOTHING: [&str; 0] = [];

    #[test]
    fn the_same_schema_in_another_order_and_with_other_remarks_loses_nothing() {
        let changed = lost_by(|new| {
            new["title"] = json!("Submitted");
            new["examples"] = json!([{}]);
            new["properties"]["registration"] = json!({ "description": "Which registration.", "format": "uuid", "type": "string" });
            new["required"] = json!(["code", "registration"]);
        });
        assert_eq!(changed, NOTHING);
    }

    #[test]
    fn fields_values_and_promises_may_be_added() {
        let changed = lost_by(|new| {
            new["properties"]["due_at"] = json!({ "type": "string", "format": "date-time" });
            new["required"] = json!(["registration", "code", "note", "due_at"]);
            at(new, "/properties/role/oneOf").as_array_mut().unwrap().push(json!({ "type": "string", "const": "auditor" }));
            new["$defs"]["Place"]["properties"]["country"] = json!({ "type": "string" });
        });
        assert_eq!(changed, NOTHING);
    }

    #[test]
    fn the_subject_of_an_event_may_be_said_and_then_stays() {
        let with_subject = |subject: &str| {
            let mut schema = schema();
            schema["x-nats-subject"] = json!(subject);
            schema
        };
        assert_eq!(losses(&schema(), &with_subject("gatehouse.v1.a.b.{application}.{organization}")), []);
        assert_eq!(losses(&with_subject("gatehouse.v1.a.b.{application}.{organization}"), &with_subject("gatehouse.v1.b.a")).len(), 1);
    }

    #[test]
    fn an_enumeration_may_be_written_in_either_way() {
        assert_eq!(lost_by(|new| new["properties"]["role"] = json!({ "type": "string", "enum": ["user", "administrator"] })), NOTHING);
    }

    #[test]
    fn what_is_referred_to_may_be_written_in_place() {
        let changed = lost_by(|new| {
            new["properties"]["place"] = new["$defs"]["Place"].clone();
            remove(new, "", "$defs");
        });
        assert_eq!(changed, NOTHING);
    }

    #[test]
    fn a_field_that_is_removed_is_a_loss_also_one_that_was_optional() {
        assert_eq!(lost_by(|new| remove(new, "/properties", "note")), ["/note was removed"]);
        assert_eq!(lost_by(|new| remove(new, "/$defs/Place/properties", "city")), ["/place/city was removed"]);
    }

    #[test]
    fn a_field_that_is_renamed_is_a_loss() {
        let changed = lost_by(|new| {
            remove(new, "/properties", "note");
            new["properties"]["remark"] = json!({ "type": "string" });
        });
        assert_eq!(changed, ["/note was removed"]);
    }

    #[test]
    fn a_field_that_was_always_there_and_may_be_missing_is_a_loss() {
        assert_eq!(lost_by(|new| new["required"] = json!(["registration"])), ["/code was always there and may be missing now"]);
    }

    #[test]
    fn a_field_of_another_type_format_or_pattern_is_a_loss() {
        assert_eq!(
            lost_by(|new| new["properties"]["registration"]["type"] = json!("integer")),
            [r#"/registration had type "string" and has "integer""#]
        );
        assert_eq!(lost_by(|new| remove(new, "/properties/registration", "format")), [r#"/registration had format "uuid" and has none"#]);
        assert_eq!(
            lost_by(|new| new["properties"]["code"]["pattern"] = json!("^[A-Z]{2,5}$")),
            [r#"/code had pattern "^[A-Z]{2,20}$" and has "^[A-Z]{2,5}$""#]
        );
        assert_eq!(
            lost_by(|new| new["properties"]["applications"]["items"]["format"] = json!("uri")),
            [r#"/applications/* had format "uuid" and has "uri""#]
        );
    }

    #[test]
    fn a_field_that_is_narrowed_is_a_loss() {
        assert_eq!(lost_by(|new| new["properties"]["note"]["maxLength"] = json!(5)), ["/note had no maxLength and has 5"]);
        assert_eq!(lost_by(|new| new["properties"]["note"]["enum"] = json!(["a"])), ["/note had any value and is one of some now"]);
        assert_eq!(lost_by(|new| new["additionalProperties"] = json!(false)), ["/ had no additionalProperties and has false"]);
    }

    #[test]
    fn a_value_of_an_enumeration_that_is_removed_is_a_loss() {
        let changed = lost_by(|new| drop(at(new, "/properties/role/oneOf").as_array_mut().unwrap().remove(1)));
        assert_eq!(changed, [r#"/role lost the value "user""#]);
        let changed = lost_by(|new| new["properties"]["role"] = json!({ "type": "string" }));
        assert_eq!(changed, [r#"/role had no type and has "string""#, "/role was one of some values and is not any more"]);
    }

    #[test]
    fn a_kind_of_line_may_be_added_and_not_removed_and_each_keeps_its_fields() {
        let line =
            |kind: &str, field: &str| json!({ "type": "object", "properties": { "kind": { "const": kind }, field: { "type": "string" } } });
        let old = json!({ "oneOf": [line("user", "user"), line("end", "lines")] });
        let sentences = |new: &Value| losses(&old, new).into_iter().map(|loss| format!("{} {}", loss.place, loss.what)).collect::<Vec<_>>();
        assert_eq!(sentences(&json!({ "oneOf": [line("end", "lines"), line("role", "role"), line("user", "user")] })), NOTHING);
        assert_eq!(sentences(&json!({ "oneOf": [line("user", "user")] })), ["/ lost the kind `end`"]);
        assert_eq!(sentences(&json!({ "oneOf": [line("user", "who"), line("end", "lines")] })), ["/user/user was removed"]);
    }

    #[test]
    fn a_schema_that_contains_itself_is_compared_to_an_end() {
        let old = json!({ "$ref": "#/$defs/Node", "$defs": { "Node": { "properties": { "next": { "$ref": "#/$defs/Node" } } } } });
        let mut new = old.clone();
        new["$defs"]["Node"]["type"] = json!("object");
        assert!(!losses(&old, &new).is_empty());
    }
}
