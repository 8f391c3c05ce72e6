//! Nothing in the repository may name the machine that it was written on, or the registry that it was fetched from.
//!
//! The forbidden words are put together from pieces here, so that this file does not hold what it looks for.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Context;

/// Absolute folders of people and build machines.
const FOLDERS: &[&str] =
    &[concat!("/ho", "me/"), concat!("/ro", "ot/"), concat!("/Us", "ers/"), concat!("/wo", "rk/"), concat!(":\\Us", "ers\\")];

/// Hosts of package registries: which one is used is the machine's business.
const HOSTS: &[&str] = &[
    concat!("index.crates", ".io"),
    concat!("static.crates", ".io"),
    concat!("crates.io", "-index"),
    concat!("pypi", ".org"),
    concat!("python", "hosted.org"),
    concat!("npm", "js.org"),
    concat!("npm", "js.com"),
    concat!("deb.debian", ".org"),
    concat!("proxy.golang", ".org"),
];

/// Where a machine says which registry it uses.
const INDEX_VARIABLES: &[&str] = &["PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "UV_INDEX_URL", "NPM_CONFIG_REGISTRY", "GOPROXY"];

/// Cargo writes the registry's canonical name there, the same on every machine.
const MAY_NAME_THE_REGISTRY: &[&str] = &["Cargo.lock", "tests/peers/Cargo.lock"];

/// One sentence for every line that names a machine's folder or a registry's host. Binary files are not read.
///
/// # Errors
/// When a file cannot be read.
pub(super) fn findings(root: &Path, files: &BTreeSet<String>) -> anyhow::Result<Vec<String>> {
    let mut hosts: Vec<String> = HOSTS.iter().map(|host| (*host).to_owned()).collect();
    hosts.extend(INDEX_VARIABLES.iter().filter_map(|name| host_of(&std::env::var(name).ok()?)));
    let mut findings = Vec::new();
    for file in files {
        let bytes = std::fs::read(root.join(file)).with_context(|| format!("cannot read {file}"))?;
        let Ok(text) = String::from_utf8(bytes) else { continue };
        let hosts: &[String] = if MAY_NAME_THE_REGISTRY.contains(&file.as_str()) { &[] } else { &hosts };
        for (number, line) in (1_usize..).zip(text.lines()) {
            findings.extend(in_line(line, hosts).map(|what| format!("{file}:{number}: names {what}")));
        }
    }
    Ok(findings)
}

fn in_line(line: &str, hosts: &[String]) -> Option<String> {
    if FOLDERS.iter().any(|folder| names_folder(line, folder)) {
        return Some("a folder of somebody's machine".to_owned());
    }
    hosts.iter().find(|host| line.contains(host.as_str())).map(|_| "a package registry's host".to_owned())
}

/// Whether the folder stands in the line as an absolute path, not as the middle of a longer one or of a web address.
fn names_folder(line: &str, folder: &str) -> bool {
    line.match_indices(folder).any(|(at, _)| {
        let before = line.get(..at).and_then(|start| start.chars().next_back());
        folder.starts_with(':')
            || before.is_none_or(|c| !(c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '/' | '}' | '$' | ')' | '*')))
    })
}

/// The host of an address such as `scheme://user:word@host:port/path`; none for a word without a dot.
fn host_of(address: &str) -> Option<String> {
    let (_, rest) = address.split_once("://")?;
    let authority = rest.split('/').next()?;
    let host = authority.rsplit('@').next()?.split(':').next()?;
    host.contains('.').then(|| host.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts() -> Vec<String> {
        HOSTS.iter().map(|host| (*host).to_owned()).collect()
    }

    #[test]
    fn a_path_of_a_machine_is_a_finding() {
        for folder in FOLDERS {
            let drive = if folder.starts_with(':') { "C" } else { "" };
            assert!(in_line(&format!("see `{drive}{folder}anna/gatehouse`"), &hosts()).is_some(), "{folder}");
            assert!(in_line(&format!("{drive}{folder}x"), &hosts()).is_some(), "{folder}");
        }
    }

    #[test]
    fn the_same_word_inside_an_address_or_a_longer_path_is_none() {
        for folder in FOLDERS.iter().filter(|folder| folder.starts_with('/')) {
            assert_eq!(in_line(&format!("https://example.test{folder}start"), &hosts()), None);
            assert_eq!(in_line(&format!("$prefix{folder}start"), &hosts()), None);
        }
    }

    #[test]
    fn a_registry_host_is_a_finding() {
        for host in HOSTS {
            assert!(in_line(&format!("index = \"https://{host}/simple\""), &hosts()).is_some(), "{host}");
        }
        assert_eq!(in_line("both from crates.io, pinned", &hosts()), None);
    }

    #[test]
    fn the_host_of_this_machines_index_is_found_in_its_address() {
        assert_eq!(host_of("https://somebody:word@mirror.example.test:8443/simple/").as_deref(), Some("mirror.example.test"));
        assert_eq!(host_of("https://localhost/simple"), None);
        assert_eq!(host_of("direct"), None);
    }
}
