//! Paths that documents name must exist: a map that has rotted is worse than none.
//!
//! Read are the root's documents, `ADR/`, README files and the `//!` documentation of crates. Looked at are code spans that look like
//! a path of this repository, and in Markdown relative links. Placeholders (`<name>`, `{a,b}`, `NNNN`, `*`) stand for any part of a name.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Context;

use crate::workspace::Member;

/// Top folders, also when one has vanished: naming a vanished folder is what the check is for.
const TOP_FOLDERS: &[&str] = &["crates", "projections", "schemas", "tests", "deploy", "ADR", ".ci", ".cargo"];

/// Files of the root that documents name without a folder.
const ROOT_FILES: &[&str] = &[
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "README.md",
    "Cargo.lock",
    "clippy.toml",
    "deny.toml",
    "rustfmt.toml",
    "SECURITY.md",
    "CONTRIBUTING.md",
];

/// What may follow a crate's name in a path that leaves out the folder the crate stands in.
const INSIDE_A_CRATE: &[&str] = &["src", "tests", "examples", "benches", "migrations", "templates", "Cargo.toml"];

/// One sentence for every path that is named and does not exist.
///
/// # Errors
/// When a document cannot be read.
pub(super) fn findings(root: &Path, files: &BTreeSet<String>, members: &[Member]) -> anyhow::Result<Vec<String>> {
    let tree = Tree::new(files, members);
    let mut findings = Vec::new();
    for file in files.iter().filter(|file| is_document(file)) {
        let text = std::fs::read_to_string(root.join(file)).with_context(|| format!("cannot read {file}"))?;
        findings.extend(of_document(file, &text, &tree));
    }
    Ok(findings)
}

fn is_document(file: &str) -> bool {
    let name = file.rsplit('/').next().unwrap_or(file);
    (file.ends_with(".md") && (!file.contains('/') || file.starts_with("ADR/") || name == "README.md")) || file.ends_with(".rs")
}

fn of_document(file: &str, text: &str, tree: &Tree) -> Vec<String> {
    let markdown = file.ends_with(".md");
    let mut findings = Vec::new();
    let mut fenced = false;
    for (number, line) in (1_usize..).zip(text.lines()) {
        let line = if markdown { Some(line) } else { line.trim_start().strip_prefix("//!") };
        let Some(line) = line else { continue };
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        }
        if fenced {
            continue;
        }
        for span in code_spans(line).filter(|span| !tree.allows(span, file)) {
            findings.push(format!("{file}:{number}: `{span}` does not exist"));
        }
        if markdown {
            for link in links(line).filter(|link| !tree.resolves(link, file)) {
                findings.push(format!("{file}:{number}: the link to {link} leads nowhere"));
            }
        }
    }
    findings
}

/// What stands between single backticks in a line.
fn code_spans(line: &str) -> impl Iterator<Item = &str> {
    line.split('`').skip(1).step_by(2)
}

/// Relative targets of links in a line, without their fragment.
fn links(line: &str) -> impl Iterator<Item = &str> {
    line.split("](").skip(1).filter_map(|rest| rest.split([')', ' ']).next()).filter_map(|target| {
        let path = target.split('#').next().unwrap_or(target);
        let elsewhere = path.is_empty() || path.contains("://") || path.starts_with(['/', '<']) || path.starts_with("mailto:");
        (!elsewhere).then_some(path)
    })
}

/// All files and folders of the repository, as segments.
struct Tree {
    paths: BTreeSet<Vec<String>>,
    members: Vec<(String, String)>,
}

impl Tree {
    fn new(files: &BTreeSet<String>, members: &[Member]) -> Self {
        let mut paths = BTreeSet::new();
        for file in files {
            let segments: Vec<String> = file.split('/').map(str::to_owned).collect();
            for length in 1..=segments.len() {
                paths.insert(segments.iter().take(length).cloned().collect());
            }
        }
        Self { paths, members: members.iter().map(|member| (member.name.clone(), member.folder.clone())).collect() }
    }

    /// Whether a code span is no path of this repository, or one that exists.
    fn allows(&self, span: &str, file: &str) -> bool {
        let path = without_line_number(span).trim_end_matches('/');
        if path.is_empty() || path.contains(char::is_whitespace) || path.contains("://") || path.contains("::") {
            return true;
        }
        let mut segments = path.split('/');
        let first = segments.next().unwrap_or(path);
        let second = segments.next();
        if second.is_none() {
            return !ROOT_FILES.contains(&path) || self.exists(path);
        }
        let folder = self.members.iter().find(|(name, _)| name == first).map(|(_, folder)| folder);
        if TOP_FOLDERS.contains(&first) {
            return self.exists(path) || self.exists_in_crate_of(file, path);
        }
        match (folder, second) {
            (Some(folder), Some(second)) if INSIDE_A_CRATE.contains(&second) => self.exists(&path.replacen(first, folder, 1)),
            (Some(_) | None, _) => true,
        }
    }

    /// A crate's documentation may name its own folders (`tests/golden`).
    fn exists_in_crate_of(&self, file: &str, path: &str) -> bool {
        let home = self.members.iter().find(|(_, folder)| file.strip_prefix(folder.as_str()).is_some_and(|rest| rest.starts_with('/')));
        home.is_some_and(|(_, folder)| self.exists(&format!("{folder}/{path}")))
    }

    /// Whether a link's target, relative to the document that holds it, exists.
    fn resolves(&self, link: &str, file: &str) -> bool {
        let mut segments: Vec<&str> = file.split('/').collect();
        segments.pop();
        for segment in link.split('/') {
            match segment {
                "" | "." => {}
                ".." => {
                    if segments.pop().is_none() {
                        return false;
                    }
                }
                name => segments.push(name),
            }
        }
        segments.is_empty() || self.exists(&segments.join("/"))
    }

    fn exists(&self, path: &str) -> bool {
        let wanted: Vec<String> = path.split('/').map(as_pattern).collect();
        self.paths.iter().any(|have| {
            have.len() == wanted.len() && wanted.iter().zip(have).all(|(pattern, name)| matches(pattern.as_bytes(), name.as_bytes()))
        })
    }
}

/// `path:12` and `path:12:5` name a line of the file.
fn without_line_number(span: &str) -> &str {
    let mut path = span;
    while let Some((start, number)) = path.rsplit_once(':') {
        if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
            break;
        }
        path = start;
    }
    path
}

/// A segment with its placeholders as `*`.
fn as_pattern(segment: &str) -> String {
    let mut pattern = String::new();
    let mut closing = None;
    for c in segment.replace("NNNN", "*").replace("...", "*").replace('…', "*").chars() {
        match (closing, c) {
            (None, '<') => closing = Some('>'),
            (None, '{') => closing = Some('}'),
            (None, c) => pattern.push(c),
            (Some(end), c) if c == end => {
                pattern.push('*');
                closing = None;
            }
            (Some(_), _) => {}
        }
    }
    pattern
}

fn matches(pattern: &[u8], name: &[u8]) -> bool {
    match (pattern.split_first(), name.split_first()) {
        (None, None) => true,
        (Some((b'*', rest)), None) => matches(rest, name),
        (Some((b'*', rest)), Some((_, shorter))) => matches(rest, name) || matches(pattern, shorter),
        (Some((want, rest)), Some((have, shorter))) => want == have && matches(rest, shorter),
        (Some(_), None) | (None, Some(_)) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(file: &str, text: &str) -> Vec<String> {
        let files = [
            "README.md",
            "ADR/0001-one-writer.md",
            "crates/domain/src/lib.rs",
            "crates/domain/tests/golden/a.json",
            "schemas/events/user/created/v1.json",
        ];
        let members = [Member::new("crates/domain".to_owned(), "[package]\nname = \"domain\"".parse().unwrap())];
        of_document(file, text, &Tree::new(&files.into_iter().map(str::to_owned).collect(), &members))
    }

    #[test]
    fn paths_that_exist_are_in_order_with_a_line_number_a_slash_or_a_placeholder() {
        let text = "`crates/domain/src/lib.rs:12` `crates/domain/` `domain/src/lib.rs` `schemas/events/<aggregate>/<event>/v<N>.json` \
                    `ADR/NNNN-title.md` `ADR/*.md` `schemas/events/{user,organization}`";
        assert_eq!(found("README.md", text), ["README.md:1: `ADR/NNNN-title.md` does not exist"]);
    }

    #[test]
    fn a_path_that_is_gone_is_a_finding_even_when_its_whole_folder_is() {
        assert_eq!(found("README.md", "first\nsee `deploy/compose.yaml`"), ["README.md:2: `deploy/compose.yaml` does not exist"]);
        assert_eq!(found("README.md", "`domain/src/gone.rs`, `deny.toml`").len(), 2);
    }

    #[test]
    fn what_is_no_path_of_the_repository_is_left_alone() {
        let text = "`/v1/registrations` `and/or` `cargo xtask check` `tests::servers` `target/tools` `application/json`";
        assert!(found("README.md", text).is_empty());
        assert!(found("README.md", "```\n`crates/nowhere`\n```").is_empty());
    }

    #[test]
    fn a_crates_documentation_may_name_its_own_folders() {
        assert!(found("crates/domain/src/lib.rs", "//! vectors in `tests/golden/a.json`\nlet x = \"`tests/none`\";").is_empty());
        assert_eq!(found("crates/domain/src/lib.rs", "//! see `tests/none.rs`").len(), 1);
    }

    #[test]
    fn a_relative_link_must_lead_somewhere() {
        assert!(found("ADR/0001-one-writer.md", "[up](../README.md#top) [web](https://example.test/x) [here](#a)").is_empty());
        assert_eq!(
            found("ADR/0001-one-writer.md", "[gone](0002-gone.md)"),
            ["ADR/0001-one-writer.md:1: the link to 0002-gone.md leads nowhere"]
        );
    }
}
