//! The workspace as its manifests describe it. Only the manifests are read, so a check works while nothing compiles.

use std::path::Path;

use anyhow::Context;
use toml::{Table, Value};

/// The root manifest and those of all members.
#[derive(Debug)]
pub(crate) struct Workspace {
    /// Every member, in the order of its folder.
    pub(crate) members: Vec<Member>,
}

/// One package of the workspace.
#[derive(Debug)]
pub(crate) struct Member {
    /// The package's name.
    pub(crate) name: String,
    /// Its folder relative to the root, with `/` between segments.
    pub(crate) folder: String,
    /// Its manifest.
    pub(crate) manifest: Table,
}

/// What a dependency is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// `[dependencies]`
    Use,
    /// `[build-dependencies]`
    Build,
    /// `[dev-dependencies]`
    Tests,
}

/// One entry of a dependency table.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Dependency {
    /// The package that is meant (a rename is looked through where the entry itself says so).
    pub(crate) package: String,
    /// Which table it stands in.
    pub(crate) purpose: Purpose,
    /// Whether the version is taken from the workspace.
    pub(crate) inherited: bool,
}

impl Workspace {
    /// Reads the manifests below `root`.
    ///
    /// # Errors
    /// When a manifest cannot be read or is not TOML.
    pub(crate) fn load(root: &Path) -> anyhow::Result<Self> {
        let manifest = read_manifest(&root.join("Cargo.toml"))?;
        let patterns = manifest.get("workspace").and_then(|workspace| workspace.get("members")).and_then(Value::as_array);
        let mut members = Vec::new();
        for pattern in patterns.into_iter().flatten().filter_map(Value::as_str) {
            for folder in expand(root, pattern)? {
                members.push(Member::new(folder.clone(), read_manifest(&root.join(&folder).join("Cargo.toml"))?));
            }
        }
        members.sort_by(|left, right| left.folder.cmp(&right.folder));
        Ok(Self { members })
    }
}

impl Member {
    /// A member from its folder and manifest; a package without a name is called as its folder.
    pub(crate) fn new(folder: String, manifest: Table) -> Self {
        let named = manifest.get("package").and_then(|package| package.get("name")).and_then(Value::as_str);
        let name = named.unwrap_or(&folder).to_owned();
        Self { name, folder, manifest }
    }

    /// Its dependencies, those for one platform included.
    pub(crate) fn dependencies(&self) -> Vec<Dependency> {
        let mut found = Vec::new();
        collect(&self.manifest, &mut found);
        let platforms = self.manifest.get("target").and_then(Value::as_table);
        for platform in platforms.into_iter().flat_map(Table::values).filter_map(Value::as_table) {
            collect(platform, &mut found);
        }
        found
    }
}

fn collect(tables: &Table, found: &mut Vec<Dependency>) {
    let purposes = [("dependencies", Purpose::Use), ("build-dependencies", Purpose::Build), ("dev-dependencies", Purpose::Tests)];
    for (key, purpose) in purposes {
        let entries = tables.get(key).and_then(Value::as_table);
        for (name, entry) in entries.into_iter().flatten() {
            let package = entry.get("package").and_then(Value::as_str).unwrap_or(name).to_owned();
            let inherited = entry.get("workspace").and_then(Value::as_bool).unwrap_or(false);
            found.push(Dependency { package, purpose, inherited });
        }
    }
}

fn read_manifest(path: &Path) -> anyhow::Result<Table> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    text.parse().with_context(|| format!("{} is not TOML", path.display()))
}

fn expand(root: &Path, pattern: &str) -> anyhow::Result<Vec<String>> {
    let Some(parent) = pattern.strip_suffix("/*") else {
        return Ok(vec![pattern.to_owned()]);
    };
    let mut folders = Vec::new();
    for entry in std::fs::read_dir(root.join(parent)).with_context(|| format!("cannot list {parent}"))? {
        let entry = entry.with_context(|| format!("cannot list {parent}"))?;
        if entry.path().join("Cargo.toml").is_file() {
            folders.push(format!("{parent}/{}", entry.file_name().to_string_lossy()));
        }
    }
    Ok(folders)
}
