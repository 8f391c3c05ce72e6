//! The index of decisions lists every decision, and nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::Context;

const INDEX: &str = "ADR/README.md";

/// One sentence for every decision that the index does not list, for every listed one that is not there, and for every number used twice.
///
/// # Errors
/// When the index cannot be read.
pub(super) fn findings(root: &Path, files: &BTreeSet<String>) -> anyhow::Result<Vec<String>> {
    let decisions: BTreeSet<&str> = files.iter().filter_map(|path| path.strip_prefix("ADR/")).filter(|name| is_decision(name)).collect();
    if decisions.is_empty() && !files.contains(INDEX) {
        return Ok(Vec::new());
    }
    if !files.contains(INDEX) {
        return Ok(vec![format!("{INDEX}: the index of decisions is missing")]);
    }
    let index = std::fs::read_to_string(root.join(INDEX)).with_context(|| format!("cannot read {INDEX}"))?;
    Ok(compare(&decisions, &index))
}

fn compare(decisions: &BTreeSet<&str>, index: &str) -> Vec<String> {
    let listed: BTreeSet<&str> =
        index.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '.')).filter(|word| is_decision(word)).collect();
    let mut findings: Vec<String> = decisions.difference(&listed).map(|name| format!("{INDEX}: ADR/{name} is not listed")).collect();
    findings.extend(listed.difference(decisions).map(|name| format!("{INDEX}: ADR/{name} is listed and does not exist")));
    let mut by_number: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for name in decisions {
        by_number.entry(name.get(..4).unwrap_or(name)).or_default().push(name);
    }
    let twice = by_number.into_iter().filter(|(_, names)| names.len() > 1);
    findings.extend(twice.map(|(number, names)| format!("ADR: number {number} is used by {}", names.join(" and "))));
    findings
}

/// `NNNN-title.md`; 0000 and files without a number (index, template) are no decisions.
fn is_decision(name: &str) -> bool {
    let Some((number, title)) = name.split_once('-') else { return false };
    number.len() == 4 && number.bytes().all(|byte| byte.is_ascii_digit()) && number != "0000" && title.ends_with(".md")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_that_lists_each_decision_is_in_order() {
        let decisions = BTreeSet::from(["0001-the-log-is-sqlite.md", "0002-one-writer.md"]);
        let index = "| [0001](0001-the-log-is-sqlite.md) | ... |\n| [0002](./0002-one-writer.md) | ... |\n[template](0000-template.md)";
        assert_eq!(compare(&decisions, index), Vec::<String>::new());
    }

    #[test]
    fn a_decision_missing_on_either_side_is_a_finding() {
        let found = compare(&BTreeSet::from(["0001-a.md"]), "[0002](0002-b.md)");
        assert_eq!(found, ["ADR/README.md: ADR/0001-a.md is not listed", "ADR/README.md: ADR/0002-b.md is listed and does not exist"]);
    }

    #[test]
    fn a_number_used_twice_is_a_finding() {
        let found = compare(&BTreeSet::from(["0001-a.md", "0001-b.md"]), "0001-a.md 0001-b.md");
        assert_eq!(found, ["ADR: number 0001 is used by 0001-a.md and 0001-b.md"]);
    }
}
