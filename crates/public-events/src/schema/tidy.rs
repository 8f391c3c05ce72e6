//! Schemas as they are published, from those that are derived of the types.

use serde_json::Value;

/// Takes away what says nothing to a consumer: that a field which is left out may also be null, which is never sent; links into
/// doc comments.
pub(super) fn tidy(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            fields.retain(|name, value| !(name == "default" && value.is_null()));
            if let Some(types) = fields.get_mut("type") {
                without_null(types);
            }
            if let Some(Value::String(text)) = fields.get_mut("description") {
                *text = text.replace('\n', " ").replace("[`", "`").replace("`]", "`");
            }
            fields.values_mut().for_each(tidy);
        }
        Value::Array(all) => all.iter_mut().for_each(tidy),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn without_null(types: &mut Value) {
    if let Value::Array(all) = types {
        all.retain(|name| name != "null");
        if let [only] = &all[..] {
            *types = only.clone();
        }
    }
}
