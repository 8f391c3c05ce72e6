//! Values in mails.

use std::sync::LazyLock;

use mail::Templates;
use notification_dispatch::Template;
use serde_json::{Map, Value, json};

static TEMPLATES: LazyLock<Templates> = LazyLock::new(|| Templates::compiled_in("en", "Europe/Paris").expect("they are compiled in"));

/// What templates name.
const NAMES: &[&str] = &[
    "partner",
    "organization",
    "company",
    "application",
    "reason",
    "case_number",
    "user_id",
    "prerequisites",
    "message",
    "label",
    "about",
    "name",
    "type",
    "occasion",
];

/// Values in every mail: what stands between control characters of value 1, in turn.
pub(crate) fn mail(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let lines: Vec<&str> = text.split('\u{1}').collect();
    let mut values = Map::new();
    for (index, name) in NAMES.iter().enumerate() {
        values.insert((*name).to_owned(), Value::from(lines[index % lines.len()]));
    }
    let first = lines.first().copied().unwrap_or_default();
    values.insert("operator".to_owned(), json!({ "name": first, "support": "help@gateway.example" }));
    values.insert("applications".to_owned(), json!(lines));
    values.insert("questions".to_owned(), json!([{ "field": first, "question": first }]));
    values.insert("link".to_owned(), "https://gateway.example/register/x".into());
    for instant in ["expires_at", "happened_at", "due_at"] {
        values.insert(instant.to_owned(), "2026-03-02T10:00:00Z".into());
    }
    for template in Template::ALL {
        let rendered = TEMPLATES.render(*template, &values).expect("whatever a value says, the mail can be rendered");
        assert!(!rendered.subject.contains(|c: char| c.is_control()), "{template}: a subject of two lines: {:?}", rendered.subject);
        assert!(!rendered.html.contains("<fuzz"), "{template}: markup of a value's own: {}", rendered.html);
    }
}
