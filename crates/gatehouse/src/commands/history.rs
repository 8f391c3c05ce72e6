//! `gatehouse history`.

use serde_json::Value;

use super::instant;
use crate::admin::client::Client;
use crate::admin::history::{Asked, Changed, HistoryLine, Kind, StateAnswer};
use crate::cli::{History, SubjectKind};
use crate::failure::Failure;
use crate::output;

/// Shows a history, the state as it was, or what changed.
pub(super) async fn run(client: &mut Client, command: History) -> Result<(), Failure> {
    let History { subject, id, at, until, json } = command;
    let kind = match subject {
        SubjectKind::Organization => Kind::Organization,
        SubjectKind::Person => Kind::Person,
        SubjectKind::Case => Kind::Case,
        SubjectKind::Invitation => Kind::Invitation,
        SubjectKind::Application => Kind::Application,
        SubjectKind::Staff => Kind::Staff,
        SubjectKind::Service => Kind::Service,
    };
    let asked = Asked { kind, id, at, until };
    if let Some(at) = at {
        let answer: StateAnswer = client.post("/state", &asked).await?;
        return if json { output::line(text_of(&answer)?) } else { state(at, until, &answer) };
    }
    let lines: Vec<HistoryLine> = client.post("/history", &asked).await?;
    for line in &lines {
        if json {
            output::line(text_of(line)?)?;
        } else {
            output::line(narrated(line))?;
        }
    }
    Ok(())
}

fn text_of(value: &impl serde::Serialize) -> Result<String, Failure> {
    serde_json::to_string(value).map_err(|error| Failure::from_error(&error))
}

fn narrated(line: &HistoryLine) -> String {
    let why = line.why.as_deref().map_or_else(String::new, |why| format!(": {}", why.replace('\n', " ")));
    format!("{}  {:>6}  {} {}{why}  ({})", instant(line.at), line.position, line.who, line.what, line.from)
}

fn state(at: jiff::Timestamp, until: Option<jiff::Timestamp>, answer: &StateAnswer) -> Result<(), Failure> {
    if let Some(changes) = &answer.changes {
        let until = until.map(instant).unwrap_or_default();
        output::line(format_args!("what changed from {} to {until}", instant(at)))?;
        if changes.is_empty() {
            return output::line("nothing");
        }
        return changes.iter().try_for_each(change);
    }
    let Some(things) = answer.things.as_ref().filter(|things| !things.is_empty()) else {
        return output::line(format_args!("at {} there was nothing yet", instant(at)));
    };
    output::line(format_args!("as it was at {}, after event {}", instant(at), answer.position))?;
    for (name, thing) in things {
        output::line(format_args!("\n{name}"))?;
        output::line(lay_out(thing, 1).trim_end())?;
    }
    Ok(())
}

fn change(change: &Changed) -> Result<(), Failure> {
    let place = format!("{}{}", change.thing, change.field);
    match (&change.before, &change.after) {
        (None, Some(after)) => output::line(format_args!("+ {place}: {}", brief(after))),
        (Some(before), None) => output::line(format_args!("- {place}: {}", brief(before))),
        (before, after) => {
            let or_nothing = |value: &Option<Value>| value.as_ref().map_or_else(|| "nothing".to_owned(), brief);
            output::line(format_args!("~ {place}: {} -> {}", or_nothing(before), or_nothing(after)))
        }
    }
}

fn brief(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}

/// A value as indented lines, a field each.
fn lay_out(value: &Value, depth: usize) -> String {
    let indent = "  ".repeat(depth);
    let field = |name: &str, value: &Value| match value {
        Value::Object(inner) if !inner.is_empty() => format!("{indent}{name}:\n{}", lay_out(value, depth + 1)),
        Value::Array(inner) if inner.iter().any(Value::is_object) => format!("{indent}{name}:\n{}", lay_out(value, depth + 1)),
        Value::Array(inner) => format!("{indent}{name}: {}\n", inner.iter().map(brief).collect::<Vec<_>>().join(", ")),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
            format!("{indent}{name}: {}\n", brief(value))
        }
    };
    match value {
        Value::Object(fields) => fields.iter().map(|(name, value)| field(name, value)).collect(),
        Value::Array(items) => items.iter().map(|item| field("-", item)).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => format!("{indent}{}\n", brief(value)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_state_is_laid_out_field_by_field() {
        let thing = json!({ "admins": [{ "person": "1" }], "profile": { "country": "DE" }, "roles": ["a", "b"], "state": "active" });
        assert_eq!(lay_out(&thing, 1), "  admins:\n    -:\n      person: 1\n  profile:\n    country: DE\n  roles: a, b\n  state: active\n");
    }
}
