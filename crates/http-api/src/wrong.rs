//! What a parser says is wrong, without the values that it found: one of them may be a password in the wrong place, and an answer is kept in
//! more places than a request.

/// The message of a parser (serde's words, or a deserializer's own) without the values in it. Names of fields and what was expected stay.
#[must_use]
pub fn without_values(message: &str) -> String {
    for what in ["invalid type: ", "invalid value: ", "invalid length "] {
        if let Some((before, rest)) = message.split_once(what)
            && let Some((found, expected)) = rest.rsplit_once(", expected ")
        {
            // "string \"…\"", "integer `…`", "map": the kind, not the value.
            let kind = found.split(['"', '`']).next().unwrap_or_default().trim_end();
            return format!("{}{what}{kind}, expected {expected}", place(before));
        }
    }
    for (what, end) in
        ["unknown field `", "unknown variant `"].into_iter().flat_map(|what| ["`, expected ", "`, there are no "].map(|end| (what, end)))
    {
        if let Some((before, rest)) = message.split_once(what)
            && let Some((found, expected)) = rest.rsplit_once(end)
        {
            let found = if what.contains("field") && is_name(found) { found } else { "…" };
            return format!("{}{what}{found}{end}{expected}", place(before));
        }
    }
    if ["missing field `", "duplicate field `"].iter().any(|what| message.contains(what)) { message.to_owned() } else { blanked(message) }
}

/// Whether this is how a field is called: a secret that was sent as a name is none.
pub(crate) fn is_name(text: &str) -> bool {
    (1..=40).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}

/// Where it is wrong, as what reads queries and tables says before what is wrong.
fn place(before: &str) -> &str {
    let is_told = before.starts_with("CSV deserialize error: record ") || before.strip_suffix(": ").is_some_and(is_name);
    if is_told { before } else { "" }
}

/// A text without what stands in quotes in it.
fn blanked(text: &str) -> String {
    let mut blanked = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, quoted)) = rest.split_once(['"', '`']) {
        blanked.push_str(before);
        // To the last one of its kind: what is quoted may hold quotes.
        let after = quoted.rsplit_once(['"', '`']).map_or("", |(_, after)| after);
        blanked.push('…');
        rest = after;
    }
    blanked + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_found_is_not_repeated() {
        for (said, shown) in [
            (
                "invalid type: string \"hunter, expected \\\"x\", expected u64 at line 1 column 9",
                "invalid type: string, expected u64 at line 1 column 9",
            ),
            ("invalid type: integer `7`, expected a string", "invalid type: integer, expected a string"),
            ("invalid type: map, expected a string", "invalid type: map, expected a string"),
            ("limit: invalid value: string \"x\", expected u32", "limit: invalid value: string, expected u32"),
            ("unknown field `Hunter-2`, expected `user_id` or `secret`", "unknown field `…`, expected `user_id` or `secret`"),
            ("Hunter-2: unknown field `Hunter-2`, expected `limit`", "unknown field `…`, expected `limit`"),
            ("unknown field `usr_id`, expected `user_id`", "unknown field `usr_id`, expected `user_id`"),
            ("unknown field `Hunter-2`, there are no fields", "unknown field `…`, there are no fields"),
            ("unknown variant `hunter`, expected `token` or `cookie`", "unknown variant `…`, expected `token` or `cookie`"),
            ("missing field `secret` at line 1 column 2", "missing field `secret` at line 1 column 2"),
            ("failed to parse \"hun\"ter\" as a date", "failed to parse … as a date"),
            ("expected value at line 1 column 1", "expected value at line 1 column 1"),
        ] {
            assert_eq!(without_values(said), shown);
        }
    }
}
