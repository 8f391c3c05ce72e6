//! What other teams were promised is kept: schemas of public events only ever gain (`schemas/PUBLIC-EVENTS.md`, "What may change").
//!
//! `cargo xtask check` compares every published schema with each of its versions in git's history, as far as this copy has it;
//! `cargo xtask generate` does not overwrite a committed one with one that breaks a promise.

mod compare;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::Context;
use serde_json::Value;

use crate::process::Run;

/// Where published schemas lie.
const FOLDER: &str = "schemas/public";

/// A schema as it was published at some time.
struct Version {
    path: String,
    /// The id of its contents in git.
    blob: String,
    /// The first commit that it was in.
    commit: String,
}

/// The promises that the schemas on disk break, of any version that git's history has: a sentence each, by path.
///
/// # Errors
/// When git or a file cannot be read.
pub(crate) fn against_history(root: &Path) -> anyhow::Result<BTreeMap<String, Vec<String>>> {
    against(root, versions(root)?)
}

/// The same, of the last commit only.
///
/// # Errors
/// As [`against_history`].
pub(crate) fn against_last_commit(root: &Path) -> anyhow::Result<BTreeMap<String, Vec<String>>> {
    let listing = Run::new("git", root).args(["ls-tree", "-r", "HEAD", "--", FOLDER]).output()?;
    let committed = listing.lines().filter_map(|line| {
        let (about, path) = line.split_once('\t')?;
        let blob = about.split(' ').nth(2)?;
        is_schema(path).then(|| Version { path: path.to_owned(), blob: blob.to_owned(), commit: "the last commit".to_owned() })
    });
    against(root, committed.collect())
}

/// Every version of every schema, those that are gone too.
fn versions(root: &Path) -> anyhow::Result<Vec<Version>> {
    let log = ["log", "--format=%h", "--raw", "--no-abbrev", "--no-renames", "--diff-filter=AM", "--", FOLDER];
    let log = Run::new("git", root).args(log).output()?;
    let mut commit = "";
    let mut found: BTreeMap<(&str, &str), &str> = BTreeMap::new();
    for line in log.lines().filter(|line| !line.is_empty()) {
        // `:100644 100644 <blob before> <blob> M\t<path>`, below the commit's id.
        match line.split_once('\t') {
            None => commit = line,
            Some((about, path)) if is_schema(path) => {
                let blob = about.split(' ').nth(3).with_context(|| format!("git log says {line:?}, which is not understood"))?;
                // The newest commit comes first, so that the oldest one stays.
                found.insert((path, blob), commit);
            }
            Some(_) => {}
        }
    }
    let version = |((path, blob), commit): ((&str, &str), &str)| Version {
        path: path.to_owned(),
        blob: blob.to_owned(),
        commit: commit.chars().take(10).collect(),
    };
    Ok(found.into_iter().map(version).collect())
}

/// Examples are no promises.
fn is_schema(path: &str) -> bool {
    path.ends_with(".json") && !path.ends_with(".example.json")
}

fn against(root: &Path, versions: Vec<Version>) -> anyhow::Result<BTreeMap<String, Vec<String>>> {
    let mut broken: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for Version { path, blob, commit } in versions {
        let text = Run::new("git", root).args(["cat-file", "blob", &blob]).output()?;
        let old: Value = serde_json::from_str(&text).with_context(|| format!("{path} of {commit} is no JSON"))?;
        let sentences = match std::fs::read_to_string(root.join(&path)) {
            Ok(text) => changed(&path, &old, &serde_json::from_str(&text).with_context(|| format!("{path} is no JSON"))?, &commit),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => vec![removed(&path, &old, &commit)],
            Err(error) => return Err(error).with_context(|| format!("cannot read {path}")),
        };
        if !sentences.is_empty() {
            broken.entry(path).or_default().extend(sentences);
        }
    }
    // What several versions promised is said once.
    for sentences in broken.values_mut() {
        let mut said = BTreeSet::new();
        sentences.retain(|sentence| said.insert(sentence.split(" (published").next().map(ToOwned::to_owned)));
    }
    Ok(broken)
}

fn removed(path: &str, old: &Value, commit: &str) -> String {
    format!("{path}: {} was removed (published in {commit}). Others consume it: put it back, and go on publishing it", name(old))
}

fn changed(path: &str, old: &Value, new: &Value, commit: &str) -> Vec<String> {
    let advice = match name(old).rsplit_once(".v").and_then(|(event, version)| Some((event, version.parse::<u32>().ok()?))) {
        Some((event, version)) => format!("publish the change as {event}.v{}", version.saturating_add(1)),
        None => "find a way that only adds".to_owned(),
    };
    let sentence = |compare::Loss { place, what }| {
        format!("{path}: in {}, {place} {what} (published in {commit}). Others rely on it: leave it as it was, and {advice}", name(old))
    };
    compare::losses(old, new).into_iter().map(sentence).collect()
}

fn name(schema: &Value) -> &str {
    schema.get("title").and_then(Value::as_str).unwrap_or("what it describes")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATH: &str = "schemas/public/user/created/v1.json";

    /// A repository in which a schema with these fields is committed.
    fn published(fields: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        git(&folder, &["init", "--quiet"]);
        write(&folder, fields);
        commit(&folder);
        folder
    }

    fn git(folder: &tempfile::TempDir, arguments: &[&str]) {
        let identity = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"];
        assert!(Run::new("git", folder.path()).args(identity).args(arguments).succeeds(), "{arguments:?}");
    }

    fn write(folder: &tempfile::TempDir, fields: &[&str]) {
        let properties: serde_json::Map<String, Value> =
            fields.iter().map(|field| ((*field).to_owned(), serde_json::json!({ "type": "string" }))).collect();
        let schema = serde_json::json!({ "title": "user.created.v1", "properties": properties });
        std::fs::create_dir_all(folder.path().join(PATH).parent().unwrap()).unwrap();
        std::fs::write(folder.path().join(PATH), schema.to_string()).unwrap();
    }

    fn commit(folder: &tempfile::TempDir) {
        git(folder, &["add", "--all"]);
        git(folder, &["commit", "--quiet", "--message", "schemas"]);
    }

    fn sentences(found: BTreeMap<String, Vec<String>>) -> Vec<String> {
        found.into_values().flatten().collect()
    }

    #[test]
    fn a_schema_that_only_gained_breaks_nothing() {
        let folder = published(&["user"]);
        write(&folder, &["user", "roles"]);
        assert_eq!(sentences(against_last_commit(folder.path()).unwrap()), Vec::<String>::new());
        commit(&folder);
        assert_eq!(sentences(against_history(folder.path()).unwrap()), Vec::<String>::new());
    }

    #[test]
    fn a_lost_field_is_told_with_its_event_and_what_to_do() {
        let folder = published(&["user", "roles"]);
        write(&folder, &["user"]);
        let told = sentences(against_last_commit(folder.path()).unwrap());
        assert_eq!(
            told,
            [format!(
                "{PATH}: in user.created.v1, /roles was removed (published in the last commit). Others rely on it: leave it as it was, \
                 and publish the change as user.created.v2"
            )]
        );
    }

    #[test]
    fn what_an_earlier_commit_promised_still_counts_and_is_told_once() {
        let folder = published(&["user", "roles"]);
        write(&folder, &["user", "roles", "organization"]);
        commit(&folder);
        write(&folder, &["user", "organization"]);
        commit(&folder);
        assert_eq!(sentences(against_last_commit(folder.path()).unwrap()), Vec::<String>::new());
        let told = sentences(against_history(folder.path()).unwrap());
        assert_eq!(told.len(), 1);
        assert!(told[0].contains("/roles was removed"), "{told:?}");
    }

    #[test]
    fn a_removed_file_is_told_also_after_it_was_committed() {
        let folder = published(&["user"]);
        std::fs::remove_file(folder.path().join(PATH)).unwrap();
        for commits in [false, true] {
            if commits {
                commit(&folder);
            }
            let told = sentences(against_history(folder.path()).unwrap());
            assert!(told[0].contains("user.created.v1 was removed"), "{told:?}");
        }
    }

    #[test]
    fn a_copy_without_history_is_compared_with_what_it_has() {
        let folder = published(&["user", "roles"]);
        write(&folder, &["user"]);
        commit(&folder);
        let copy = tempfile::tempdir().unwrap();
        let from = format!("file://{}", folder.path().display());
        git(&copy, &["clone", "--quiet", "--depth", "1", &from, "."]);
        assert_eq!(sentences(against_history(copy.path()).unwrap()), Vec::<String>::new());
        assert_eq!(sentences(against_history(folder.path()).unwrap()).len(), 1);
    }

    #[test]
    fn examples_are_no_promises() {
        let folder = published(&["user"]);
        let example = folder.path().join("schemas/public/user/created/v1.example.json");
        std::fs::write(&example, r#"{"roles": []}"#).unwrap();
        commit(&folder);
        std::fs::remove_file(&example).unwrap();
        assert_eq!(sentences(against_history(folder.path()).unwrap()), Vec::<String>::new());
    }
}
