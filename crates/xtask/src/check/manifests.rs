//! Versions, lints and metadata stand once, in the root manifest; every member takes them from there.

use toml::Value;

use crate::workspace::Member;

/// Fields of `[package]` that every member inherits.
const INHERITED: &[&str] = &["version", "edition", "rust-version", "license", "publish"];

/// One sentence for every manifest that says for itself what the workspace says for all.
pub(super) fn findings(members: &[Member]) -> Vec<String> {
    members.iter().flat_map(of_member).collect()
}

fn of_member(member: &Member) -> Vec<String> {
    let place = format!("{}/Cargo.toml", member.folder);
    let mut findings = Vec::new();
    if !inherits(member.manifest.get("lints")) {
        findings.push(format!("{place}: `[lints] workspace = true` is missing"));
    }
    let package = member.manifest.get("package");
    for field in INHERITED {
        if !inherits(package.and_then(|package| package.get(field))) {
            findings.push(format!("{place}: `{field}.workspace = true` is missing"));
        }
    }
    let described = package.and_then(|package| package.get("description")).and_then(Value::as_str);
    if described.is_none_or(str::is_empty) {
        findings.push(format!("{place}: the package has no description"));
    }
    let own = member.dependencies().into_iter().filter(|dependency| !dependency.inherited);
    findings.extend(own.map(|dependency| format!("{place}: `{}` must be taken from the workspace", dependency.package)));
    findings
}

fn inherits(value: Option<&Value>) -> bool {
    value.and_then(|value| value.get("workspace")).and_then(Value::as_bool).unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "[package]\nname = \"a\"\ndescription = \"A\"\nversion.workspace = true\nedition.workspace = true\n\
        rust-version.workspace = true\nlicense.workspace = true\npublish.workspace = true\n[lints]\nworkspace = true\n\
        [dependencies]\nserde.workspace = true\n";

    fn of(manifest: &str) -> Vec<String> {
        findings(&[Member::new("crates/a".to_owned(), manifest.parse().unwrap())])
    }

    #[test]
    fn a_manifest_that_inherits_everything_is_in_order() {
        assert!(of(GOOD).is_empty());
    }

    #[test]
    fn a_manifest_without_the_lints_is_a_finding() {
        let found = of(&GOOD.replace("[lints]\nworkspace = true\n", ""));
        assert_eq!(found, ["crates/a/Cargo.toml: `[lints] workspace = true` is missing"]);
    }

    #[test]
    fn a_field_or_version_of_its_own_is_a_finding() {
        let found = of(&GOOD.replace("version.workspace = true\nedition", "version = \"2.0.0\"\nedition"));
        assert_eq!(found, ["crates/a/Cargo.toml: `version.workspace = true` is missing"]);
        let found = of(&GOOD.replace("serde.workspace = true", "serde = \"1\""));
        assert_eq!(found, ["crates/a/Cargo.toml: `serde` must be taken from the workspace"]);
    }
}
