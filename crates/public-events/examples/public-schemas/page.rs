//! `PUBLIC-EVENTS.md`.

use std::error::Error;
use std::fmt::Write as _;

use public_events::schema::{self, KINDS, Kind};
use serde_json::Value;

const INTRODUCTION: &str = include_str!("introduction.md");

/// The whole page.
pub(crate) fn page() -> Result<String, Box<dyn Error>> {
    let example = schema::example("subscription.activated.v1").ok_or("the example is of no type")?;
    let mut page = INTRODUCTION
        .replace("{envelope}", &fields(&schema::envelope()))
        .replace("{example}", schema::text(&example).trim_end())
        .replace("{lines}", &lines(&schema::snapshot()));
    let mut aggregates: Vec<&str> = KINDS.iter().map(aggregate).collect();
    aggregates.dedup();
    for name in aggregates {
        let kinds: Vec<&Kind> = KINDS.iter().filter(|kind| aggregate(kind) == name).collect();
        write!(page, "\n### {name}\n\n| type | what it means | data |\n|---|---|---|\n")?;
        for kind in &kinds {
            writeln!(page, "| [`{}`](public/{}) | {} | `{}` |", kind.kind, schema::path(kind.kind), kind.meaning, kind.data)?;
        }
        for (at, kind) in kinds.iter().enumerate() {
            let is_new = kinds.iter().take(at).all(|before| before.data != kind.data);
            let data = schema::event(kind.kind).filter(|_| is_new);
            if let Some(data) = data {
                write!(page, "\n`{}`:\n\n{}", kind.data, fields(&data))?;
            }
        }
    }
    Ok(page)
}

fn aggregate(kind: &Kind) -> &'static str {
    kind.kind.split('.').next().unwrap_or(kind.kind)
}

/// A row for each field of an object.
fn fields(schema: &Value) -> String {
    let required = |name: &str| schema.get("required").and_then(Value::as_array).is_some_and(|all| all.iter().any(|field| field == name));
    let rows = properties(schema).map(|(name, field)| {
        let presence = if required(name) { "always" } else { "sometimes" };
        format!("| `{name}` | {} | {presence} | {} |\n", form(field), text(field, "description"))
    });
    format!("| field | form | there | what it says |\n|---|---|---|---|\n{}", rows.collect::<String>())
}

/// A row for each kind of line in a snapshot.
fn lines(schema: &Value) -> String {
    let variants = schema.get("oneOf").and_then(Value::as_array).into_iter().flatten();
    let rows = variants.map(|line| {
        let kind = line.pointer("/properties/kind/const").and_then(Value::as_str).unwrap_or_default();
        let names = properties(line).map(|(name, field)| match words(field) {
            words if name == "state" => format!("`state` ({})", words.join(", ")),
            _ => format!("`{name}`"),
        });
        format!("| `{kind}` | {} | {} |\n", text(line, "description"), names.filter(|name| name != "`kind`").collect::<Vec<_>>().join(", "))
    });
    format!("| kind | what it is | fields |\n|---|---|---|\n{}", rows.collect::<String>())
}

fn properties(schema: &Value) -> impl Iterator<Item = (&String, &Value)> {
    schema.get("properties").and_then(Value::as_object).into_iter().flatten()
}

/// What a value looks like, in a few words.
fn form(schema: &Value) -> String {
    let words = words(schema);
    if !words.is_empty() {
        return words.join(", ");
    }
    match (text(schema, "type"), text(schema, "format"), schema.get("const")) {
        (_, _, Some(only)) => format!("always `{}`", only.as_str().unwrap_or_default()),
        ("array", ..) => format!("list of: {}", schema.get("items").map(form).unwrap_or_default()),
        ("object", ..) => {
            let fields = properties(schema).map(|(name, field)| format!("`{name}` ({})", form(field))).collect::<Vec<_>>();
            if fields.is_empty() { "object".to_owned() } else { format!("object of {}", fields.join(", ")) }
        }
        (_, "uuid", _) => "UUID".to_owned(),
        (_, "date-time", _) => "instant (RFC 3339, UTC)".to_owned(),
        (_, "uri-reference", _) => "URI".to_owned(),
        (_, _, _) if text(schema, "pattern").starts_with("^[0-9]") => "number, as text".to_owned(),
        (_, _, _) if text(schema, "pattern").starts_with("^[A-Z") => "code, such as `BSCP`".to_owned(),
        (kind, ..) => kind.replace("string", "text"),
    }
}

/// The words that a value may be.
fn words(schema: &Value) -> Vec<String> {
    let all = schema.get("oneOf").and_then(Value::as_array).into_iter().flatten();
    all.filter_map(|word| Some(format!("`{}`", word.get("const")?.as_str()?))).collect()
}

fn text<'a>(schema: &'a Value, keyword: &str) -> &'a str {
    schema.get(keyword).and_then(Value::as_str).unwrap_or_default()
}
