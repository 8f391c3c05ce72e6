//! Texts from elsewhere, made harmless; plain text, laid out.

use serde_json::Value;

/// An error with what caused it, for a log.
pub(crate) fn causes(error: &(dyn std::error::Error + 'static)) -> String {
    let chain = std::iter::successors(Some(error), |error| error.source());
    chain.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// The width that plain text is wrapped to, in characters (RFC 5322, 2.1.1 recommends at most 78).
const WIDTH: usize = 76;

/// Whether a character may never reach a mail: control characters and the marks that change the direction of what follows,
/// which serve to make a text look like another.
fn is_harmful(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// A text as one line: harmful characters and runs of white space become one space. For headers.
pub(crate) fn one_line(text: &str) -> String {
    let harmless: String = text.chars().map(|c| if is_harmful(c) { ' ' } else { c }).collect();
    harmless.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A text with its line breaks, without other harmful characters.
fn harmless_lines(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    text.chars().filter(|c| *c == '\n' || !is_harmful(*c)).collect()
}

/// All texts in a value, made harmless.
pub(crate) fn harmless(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(harmless_lines(text)),
        Value::Array(items) => Value::Array(items.iter().map(harmless).collect()),
        Value::Object(fields) => Value::Object(fields.iter().map(|(name, value)| (name.clone(), harmless(value))).collect()),
        Value::Null => Value::Null,
        Value::Bool(truth) => Value::Bool(*truth),
        Value::Number(number) => Value::Number(number.clone()),
    }
}

/// Wraps long lines at spaces, keeps their indentation, and leaves at most one empty line between paragraphs. What has no
/// space, such as a link, stays whole.
pub(crate) fn wrapped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 40);
    let mut empty_lines = 0;
    for line in text.trim().lines() {
        if line.trim().is_empty() && line != "-- " {
            empty_lines += 1;
            continue;
        }
        if empty_lines > 0 && !out.is_empty() {
            out.push('\n');
        }
        empty_lines = 0;
        wrap_line(line, &mut out);
    }
    out
}

fn wrap_line(line: &str, out: &mut String) {
    // The mark before a signature ends with a space (RFC 3676, 4.3).
    if line == "-- " {
        out.push_str("-- \n");
        return;
    }
    let start: String = line.chars().take_while(|c| *c == ' ').collect();
    let hang = if line.trim_start().starts_with("- ") { format!("{start}  ") } else { start.clone() };
    let mut width = 0;
    for word in line.split_whitespace() {
        let length = word.chars().count();
        if width == 0 {
            out.push_str(&start);
            width = start.len();
        } else if width + 1 + length > WIDTH {
            out.push('\n');
            out.push_str(&hang);
            width = hang.len();
        } else {
            out.push(' ');
            width += 1;
        }
        out.push_str(word);
        width += length;
    }
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_gets_one_line_whatever_it_is_given() {
        assert_eq!(one_line("Hello\r\nBcc: all@example.com\u{0}\u{202e}x  y "), "Hello Bcc: all@example.com x y");
    }

    #[test]
    fn texts_keep_their_line_breaks_and_lose_other_control_characters() {
        let value = serde_json::json!({ "a": ["x\r\ny\u{7}\u{202e}z\rw", 1, null, true] });
        assert_eq!(harmless(&value), serde_json::json!({ "a": ["x\ny\u{0}z\nw".replace('\u{0}', ""), 1, null, true] }));
    }

    #[test]
    fn plain_text_is_wrapped_at_spaces_and_links_stay_whole() {
        let link = format!("https://example.com/{}", "x".repeat(100));
        let long = "word ".repeat(30);
        let text = format!("\n\nOne.\n\n\n\n    {long}\n{link}\n  - {long}\n-- \nEnd");
        let wrapped = wrapped(&text);
        let lines: Vec<&str> = wrapped.lines().collect();
        assert_eq!(lines[0..2], ["One.", ""]);
        assert!(lines[2].starts_with("    word") && lines[3].starts_with("    word"));
        assert!(lines.contains(&link.as_str()));
        assert!(lines.iter().all(|line| line.chars().count() <= WIDTH || *line == link));
        assert!(wrapped.contains("\n    word") && wrapped.ends_with("-- \nEnd\n"));
    }
}
