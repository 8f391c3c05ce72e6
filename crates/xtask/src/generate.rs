//! `cargo xtask generate`: files that are made from the code and kept in git, so that others can read them without building us.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, bail};

use crate::process::Run;
use crate::published;
use crate::repository::Repository;

/// An example of one of our crates that writes files.
struct Generator {
    package: &'static str,
    example: &'static str,
    /// Passed to the example, which runs in the root.
    arguments: &'static [&'static str],
    /// What it writes.
    makes: &'static str,
}

/// In the order in which they run.
const GENERATORS: &[Generator] = &[
    Generator {
        package: "domain",
        example: "event-schemas",
        arguments: &["schemas/"],
        makes: "a JSON Schema and golden file of every event, and schemas/EVENTS.md",
    },
    Generator {
        package: "public-events",
        example: "public-schemas",
        arguments: &["schemas/"],
        makes: "a JSON Schema and an example of every public event, schemas/asyncapi.json and schemas/PUBLIC-EVENTS.md",
    },
    Generator { package: "http-api", example: "openapi", arguments: &["schemas/openapi.json"], makes: "schemas/openapi.json" },
    Generator {
        package: "http-api",
        example: "access-table",
        arguments: &["schemas/ACCESS.md"],
        makes: "schemas/ACCESS.md: who may call what",
    },
];

/// Where generated files live.
const OUTPUT: &str = "schemas";

/// Runs every generator; with `check`, whatever they change or git does not know is an error.
///
/// # Errors
/// When a generator fails, or with `check` when the files on disk were not what it writes.
pub(crate) fn run(repository: &Repository, check: bool) -> anyhow::Result<()> {
    let root = repository.root();
    std::fs::create_dir_all(root.join(OUTPUT)).with_context(|| format!("cannot create {OUTPUT}"))?;
    let before = snapshot(root, OUTPUT)?;
    for generator in GENERATORS {
        println!("{}: {}", generator.example, generator.makes);
        let run = Run::cargo(root).args(["run", "--quiet", "--package", generator.package, "--example", generator.example, "--"]);
        run.args(generator.arguments).run()?;
    }
    keep_promises(root, &before)?;
    let mut changed = differences(&before, &snapshot(root, OUTPUT)?);
    if !check {
        println!("{} files changed", changed.len());
        return Ok(());
    }
    let unknown = Run::new("git", root).args(["ls-files", "--others", "--exclude-standard", "--", OUTPUT]).output()?;
    changed.extend(unknown.lines().map(|path| format!("{path}: not in git")));
    for line in &changed {
        println!("  {line}");
    }
    if !changed.is_empty() {
        bail!("generated files were out of date: run `cargo xtask generate` and commit what it writes");
    }
    Ok(())
}

/// Takes everything back if a published schema was written in a way that takes something from those who consume it.
fn keep_promises(root: &Path, before: &BTreeMap<String, Vec<u8>>) -> anyhow::Result<()> {
    let broken: Vec<String> = published::against_last_commit(root)?.into_values().flatten().collect();
    if broken.is_empty() {
        return Ok(());
    }
    for sentence in &broken {
        println!("  {sentence}");
    }
    for (path, bytes) in before {
        let file = root.join(path);
        std::fs::create_dir_all(file.parent().unwrap_or(root)).with_context(|| format!("cannot put {path} back"))?;
        std::fs::write(&file, bytes).with_context(|| format!("cannot put {path} back"))?;
    }
    bail!("published schemas would lose what others rely on: {OUTPUT} is as it was")
}

/// Every file below a folder with what it holds, by its path from the root.
fn snapshot(root: &Path, folder: &str) -> anyhow::Result<BTreeMap<String, Vec<u8>>> {
    let mut files = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(root.join(&folder)).with_context(|| format!("cannot list {folder}"))? {
            let entry = entry.with_context(|| format!("cannot list {folder}"))?;
            let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
            if entry.path().is_dir() {
                open.push(path);
            } else {
                let bytes = std::fs::read(entry.path()).with_context(|| format!("cannot read {path}"))?;
                files.insert(path, bytes);
            }
        }
    }
    Ok(files)
}

fn differences(before: &BTreeMap<String, Vec<u8>>, after: &BTreeMap<String, Vec<u8>>) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for (path, bytes) in after {
        match before.get(path) {
            None => lines.push(format!("{path}: was missing")),
            Some(old) if old != bytes => lines.push(format!("{path}: differed")),
            Some(_) => {}
        }
    }
    lines.extend(before.keys().filter(|path| !after.contains_key(*path)).map(|path| format!("{path}: is no longer written")));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_that_a_generator_adds_changes_or_removes_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join("schemas").join(name), text).unwrap();
        std::fs::create_dir_all(folder.path().join("schemas/events")).unwrap();
        write("events/kept.json", "1");
        write("changed.json", "1");
        write("gone.json", "1");
        let before = snapshot(folder.path(), "schemas").unwrap();
        write("changed.json", "2");
        write("events/new.json", "1");
        std::fs::remove_file(folder.path().join("schemas/gone.json")).unwrap();
        let told = differences(&before, &snapshot(folder.path(), "schemas").unwrap());
        assert_eq!(
            told,
            ["schemas/changed.json: differed", "schemas/events/new.json: was missing", "schemas/gone.json: is no longer written"]
        );
    }
}
