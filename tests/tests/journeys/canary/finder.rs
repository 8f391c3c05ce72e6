//! Looks for texts in bytes, in every form in which something might have written them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use aho_corasick::AhoCorasick;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// Texts to look for, each with its name.
pub(super) struct Finder {
    automaton: AhoCorasick,
    /// Whose form each pattern is, and which.
    patterns: Vec<(String, &'static str)>,
}

impl Finder {
    /// Looks for these texts.
    pub(super) fn of<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        let (mut patterns, mut bytes) = (Vec::new(), Vec::new());
        let mut met = BTreeSet::new();
        for text in texts {
            assert!(text.len() >= 8, "too short to be looked for: {text}");
            for (form, written) in forms(text) {
                if met.insert(written.clone()) {
                    patterns.push((text.to_owned(), form));
                    bytes.push(written);
                }
            }
        }
        // Without regard to case, since addresses and words to search for are kept in small letters.
        let automaton = AhoCorasick::builder().ascii_case_insensitive(true).build(&bytes).unwrap();
        Self { automaton, patterns }
    }

    /// Which texts are in there, and in which forms.
    pub(super) fn in_bytes(&self, bytes: &[u8]) -> BTreeSet<(String, &'static str)> {
        self.automaton.find_overlapping_iter(bytes).map(|found| self.patterns[found.pattern().as_usize()].clone()).collect()
    }

    /// What is found in the files of a folder and the folders in it, by file.
    pub(super) fn in_folder(&self, folder: &Path) -> BTreeMap<PathBuf, BTreeSet<(String, &'static str)>> {
        let mut found = BTreeMap::new();
        for file in files(folder) {
            // A file may go while the service runs: a draft, or a build that was swept.
            let Ok(bytes) = std::fs::read(&file) else { continue };
            let texts = self.in_bytes(&bytes);
            if !texts.is_empty() {
                found.insert(file.strip_prefix(folder).unwrap().to_owned(), texts);
            }
        }
        found
    }
}

/// All files in a folder and the folders in it.
pub(super) fn files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut files = Vec::new();
    for entry in entries.flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => files.extend(self::files(&entry.path())),
            Ok(kind) if kind.is_file() => files.push(entry.path()),
            Ok(_) | Err(_) => {}
        }
    }
    files
}

/// A text as it is, and as it is written in other notations.
fn forms(text: &str) -> Vec<(&'static str, Vec<u8>)> {
    let bytes = text.as_bytes();
    let mut forms = vec![
        ("plain", bytes.to_vec()),
        ("hexadecimal", bytes.iter().flat_map(|byte| format!("{byte:02x}").into_bytes()).collect()),
        ("URL", bytes.iter().flat_map(|byte| quoted(*byte, '%')).collect()),
        ("form", bytes.iter().flat_map(|byte| if *byte == b' ' { vec![b'+'] } else { quoted(*byte, '%') }).collect()),
        ("quoted-printable", bytes.iter().flat_map(|byte| quoted(*byte, '=')).collect()),
        ("JSON", serde_json::to_string(text).unwrap().trim_start_matches('"').strip_suffix('"').unwrap().as_bytes().to_vec()),
        ("JSON in ASCII", text.encode_utf16().flat_map(|unit| escaped(unit, false)).collect()),
        ("JSON, all escaped", text.encode_utf16().flat_map(|unit| escaped(unit, true)).collect()),
        ("HTML", text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;").replace('\'', "&#x27;").into_bytes()),
        ("list of numbers", bytes.iter().map(u8::to_string).collect::<Vec<_>>().join(",").into_bytes()),
        ("spaced list of numbers", bytes.iter().map(u8::to_string).collect::<Vec<_>>().join(", ").into_bytes()),
        ("UTF-16LE", text.encode_utf16().flat_map(u16::to_le_bytes).collect()),
        ("UTF-16BE", text.encode_utf16().flat_map(u16::to_be_bytes).collect()),
    ];
    for shift in 0..3 {
        // Within a longer text, it begins at one of three places of a group; the characters at the seams tell of what is beside it, too.
        let padded = [vec![0; shift], bytes.to_vec()].concat();
        for (name, engine) in [("base64", STANDARD_NO_PAD), ("base64url", URL_SAFE_NO_PAD)] {
            let encoded = engine.encode(&padded).into_bytes();
            let begin = if shift == 0 { 0 } else { shift + 1 };
            let end = if padded.len() % 3 == 0 { encoded.len() } else { encoded.len() - 1 };
            forms.push((name, encoded[begin..end].to_vec()));
        }
    }
    forms
}

fn quoted(byte: u8, mark: char) -> Vec<u8> {
    if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) { vec![byte] } else { format!("{mark}{byte:02X}").into_bytes() }
}

fn escaped(unit: u16, all: bool) -> Vec<u8> {
    match u8::try_from(unit) {
        Ok(byte @ (b'"' | b'\\')) if !all => vec![b'\\', byte],
        Ok(byte) if byte.is_ascii() && !all => vec![byte],
        Ok(_) | Err(_) => format!("\\u{unit:04x}").into_bytes(),
    }
}

#[test]
fn a_text_is_found_in_every_notation_and_wherever_it_stands() {
    let text = "Ünwahrscheinlich \"9\"";
    let finder = Finder::of([text]);
    let json = serde_json::to_string(text).unwrap();
    for before in ["", "a", "ab", "abc"] {
        let whole = format!("{before}{text}zz");
        for written in [
            whole.clone().into_bytes(),
            STANDARD_NO_PAD.encode(&whole).into_bytes(),
            URL_SAFE_NO_PAD.encode(&whole).into_bytes(),
            format!("{before}{}", &json[1..json.len() - 1]).into_bytes(),
            whole.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            whole.bytes().flat_map(|byte| format!("{byte:02X}").into_bytes()).collect(),
            whole.to_lowercase().replace('ü', "Ü").into_bytes(),
        ] {
            assert!(!finder.in_bytes(&written).is_empty(), "not found in {}", String::from_utf8_lossy(&written));
        }
    }
    assert!(finder.in_bytes(b"something else").is_empty());
}
