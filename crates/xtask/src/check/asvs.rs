//! `SECURITY.md` answers each requirement of the OWASP ASVS 5.0.0 of levels 1 and 2 once, and what it names is there.
//!
//! An answer is a row `| number | level | what is asked | verdict | how it is shown, or why not |`. The verdict is one of [`VERDICTS`]. Tests are
//! named as `path::name`, in a path of this repository or one that begins with a crate's name; decisions as `ADR 0012`. The table
//! of totals (`| V1 … | met | in part | not met | not here |`) is counted.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::Context;

use crate::workspace::Member;

const PAGE: &str = "SECURITY.md";

/// Numbers and levels.
const CATALOGUE: &str = include_str!("asvs-5.0.0.txt");

/// What may be said of a requirement, in the order of the columns of the table of totals.
const VERDICTS: [&str; 4] = ["met", "in part", "not met", "not here"];

/// The row that all chapters add up to.
const TOGETHER: &str = "together";

/// The fewest characters of a reason.
const REASON: usize = 12;

/// One sentence for every requirement without an answer or with two, and for everything that the page names and that is not there.
///
/// # Errors
/// When the page, or a file that it names, cannot be read.
pub(super) fn findings(root: &Path, files: &BTreeSet<String>, members: &[Member]) -> anyhow::Result<Vec<String>> {
    if !files.contains(PAGE) {
        return Ok(vec![format!("{PAGE} is missing")]);
    }
    let read = |path: &str| std::fs::read_to_string(root.join(path)).with_context(|| format!("cannot read {path}"));
    let page = read(PAGE)?;
    let mut findings = answers(&page);
    for (line, path, name) in tests(&page) {
        match file_of(path, files, members) {
            None => findings.push(format!("{PAGE}:{line}: there is no file {path}")),
            Some(file) if is_test(&read(&file)?, name) => {}
            Some(_) => findings.push(format!("{PAGE}:{line}: there is no test {name} in {path}")),
        }
    }
    findings.extend(decisions(&page, files));
    Ok(findings)
}

/// A row of the page: what is said of a requirement.
struct Answer<'a> {
    line: usize,
    number: &'a str,
    level: &'a str,
    verdict: &'a str,
    shown: &'a str,
}

/// The answers of the page, held against the catalogue and the totals.
fn answers(page: &str) -> Vec<String> {
    let mut findings = Vec::new();
    let mut left: BTreeMap<&str, &str> =
        CATALOGUE.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(' ')).collect();
    let known = left.clone();
    let mut totals: BTreeMap<&str, [usize; 4]> = BTreeMap::new();
    for answer in rows(page) {
        let Answer { line, number, level, verdict, .. } = answer;
        match (known.get(number), left.remove(number)) {
            (None, _) => findings.push(format!("{PAGE}:{line}: {number} is no requirement of level 1 or 2")),
            (Some(_), None) => findings.push(format!("{PAGE}:{line}: {number} is answered twice")),
            (Some(_), Some(asked)) if asked != level => findings.push(format!("{PAGE}:{line}: {number} is of level {asked}")),
            (Some(_), Some(_)) => {}
        }
        match VERDICTS.iter().position(|known| *known == verdict) {
            None => findings.push(format!("{PAGE}:{line}: the verdict of {number} should be one of {}", VERDICTS.join(", "))),
            Some(column) => {
                let chapter = number.split('.').next().unwrap_or(number);
                if let Some(count) = totals.entry(chapter).or_default().get_mut(column) {
                    *count = count.saturating_add(1);
                }
                findings.extend(unfounded(&answer));
            }
        }
    }
    findings.extend(left.keys().map(|number| format!("{PAGE}: {number} is not answered")));
    findings.extend(miscounted(page, &totals));
    findings
}

fn rows(page: &str) -> impl Iterator<Item = Answer<'_>> {
    (1_usize..).zip(page.lines()).filter_map(|(line, text)| {
        let cells = cells(text)?;
        let [number, level, _, verdict, shown] = cells.as_slice() else { return None };
        let is_number = number.split('.').count() == 3 && number.split('.').all(|part| part.parse::<u8>().is_ok());
        is_number.then_some(Answer { line, number, level, verdict, shown })
    })
}

/// The cells of a line of a table.
fn cells(line: &str) -> Option<Vec<&str>> {
    let inner = line.trim().strip_prefix('|')?.strip_suffix('|')?;
    Some(inner.split('|').map(str::trim).collect())
}

/// What is met is shown by something that is there; what is not has a reason.
fn unfounded(answer: &Answer<'_>) -> Option<String> {
    let Answer { line, number, verdict, shown, .. } = answer;
    if *verdict == "met" {
        let names_something =
            shown.split('`').skip(1).step_by(2).any(|span| span.contains('/') || span.contains('.')) || shown.contains("ADR 0");
        return (!names_something).then(|| format!("{PAGE}:{line}: {number} is met, but nothing that shows it is named"));
    }
    let reason: usize = shown.split('`').step_by(2).map(|words| words.trim().chars().count()).sum();
    (reason < REASON).then(|| format!("{PAGE}:{line}: {number} needs a reason"))
}

/// The table of totals says what the rows add up to.
fn miscounted(page: &str, totals: &BTreeMap<&str, [usize; 4]>) -> Vec<String> {
    let mut findings = Vec::new();
    let mut left: BTreeSet<&str> = totals.keys().copied().chain([TOGETHER]).collect();
    let all = totals.values().fold([0_usize; 4], |all, of| std::array::from_fn(|column| sum(&all, of, column)));
    for (line, cells) in (1_usize..).zip(page.lines()).filter_map(|(line, text)| cells(text).map(|cells| (line, cells))) {
        let Some((name, counts)) = cells.split_first() else { continue };
        let chapter = name.strip_prefix('V').and_then(|name| name.split(' ').next()).unwrap_or(name);
        let total = if chapter == TOGETHER { Some(&all) } else { totals.get(chapter) };
        let Some(total) = total else { continue };
        left.remove(chapter);
        let counted = total.map(|count| count.to_string());
        if *counts != counted.each_ref().map(String::as_str) {
            findings.push(format!("{PAGE}:{line}: the totals of {name} are {}", counted.join(", ")));
        }
    }
    findings.extend(left.iter().map(|chapter| format!("{PAGE}: there are no totals of {chapter}")));
    findings
}

fn sum(all: &[usize; 4], of: &[usize; 4], column: usize) -> usize {
    let at = |counts: &[usize; 4]| counts.get(column).copied().unwrap_or_default();
    at(all).saturating_add(at(of))
}

/// The tests that are named, each with its line: path and name.
fn tests(page: &str) -> impl Iterator<Item = (usize, &str, &str)> {
    (1_usize..).zip(page.lines()).flat_map(|(line, text)| {
        let spans = text.split('`').skip(1).step_by(2);
        spans
            .filter_map(move |span| span.split_once("::").map(|(path, name)| (line, path, name)))
            .filter(|(_, path, _)| path.ends_with(".rs"))
    })
}

/// The file of a path, which may begin with a crate's name instead of its folder.
fn file_of(path: &str, files: &BTreeSet<String>, members: &[Member]) -> Option<String> {
    if files.contains(path) {
        return Some(path.to_owned());
    }
    let (first, rest) = path.split_once('/')?;
    let folder = &members.iter().find(|member| member.name == first)?.folder;
    Some(format!("{folder}/{rest}")).filter(|path| files.contains(path))
}

/// Whether a file has a test of this name: a function that is marked as one, or that a list of the file names (a suite that runs
/// on several stores).
fn is_test(text: &str, name: &str) -> bool {
    let is_it = |line: &str| {
        let function = line.trim_start().trim_start_matches("pub ").trim_start_matches("async ");
        function.strip_prefix("fn ").and_then(|rest| rest.strip_prefix(name)).is_some_and(|rest| rest.starts_with(['(', '<']))
    };
    let lines: Vec<&str> = text.lines().collect();
    let Some(at) = lines.iter().position(|line| is_it(line)) else { return false };
    let marks = lines.iter().take(at).rev().take_while(|line| line.trim_start().starts_with(['#', '/'])).any(|line| line.contains("test"));
    let is_listed = || {
        let words = text.split(|c: char| !(c.is_alphanumeric() || c == '_'));
        words.filter(|word| *word == name).count() > 1
    };
    marks || is_listed()
}

/// The decisions that are named are there.
fn decisions(page: &str, files: &BTreeSet<String>) -> Vec<String> {
    let numbers = |text: &str| -> Vec<String> {
        let after = text.split("ADR ").skip(1).filter_map(|rest| rest.get(..4));
        after.filter(|number| number.bytes().all(|byte| byte.is_ascii_digit())).map(str::to_owned).collect()
    };
    let mut findings = Vec::new();
    for (line, text) in (1_usize..).zip(page.lines()) {
        for number in numbers(text) {
            if !files.iter().any(|file| file.strip_prefix("ADR/").is_some_and(|name| name.starts_with(&format!("{number}-")))) {
                findings.push(format!("{PAGE}:{line}: there is no ADR {number}"));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A page that answers everything: the first requirement as it is given, all others as not met.
    fn page(first: &str) -> String {
        let mut rows = vec![first.to_owned()];
        let mut totals: BTreeMap<u8, u32> = BTreeMap::new();
        for line in CATALOGUE.lines().filter(|line| !line.starts_with('#')) {
            let (number, level) = line.split_once(' ').unwrap();
            let counted = totals.entry(number.split('.').next().unwrap().parse().unwrap()).or_default();
            if number != "1.1.1" {
                rows.push(format!("| {number} | {level} | words | not met | nobody has done it yet |"));
                *counted += 1;
            }
        }
        let met = |chapter: u8| u8::from(chapter == 1);
        let all: u32 = totals.values().sum();
        rows.push(format!("| together | 1 | 0 | {all} | 0 |"));
        rows.extend(totals.iter().map(|(chapter, count)| format!("| V{chapter} Words | {} | 0 | {count} | 0 |", met(*chapter))));
        rows.join("\n")
    }

    #[test]
    fn the_catalogue_has_as_many_requirements_as_the_standard() {
        let levels: Vec<&str> =
            CATALOGUE.lines().filter(|line| !line.starts_with('#')).map(|line| line.split_once(' ').unwrap().1).collect();
        let of = |wanted: &str| levels.iter().filter(|level| **level == wanted).count();
        assert_eq!((of("1"), of("2"), levels.len()), (70, 183, 253));
    }

    #[test]
    fn a_page_that_answers_each_requirement_once_is_in_order() {
        assert_eq!(answers(&page("| 1.1.1 | 2 | words | met | code: `crates/http-api/src/body.rs` |")), Vec::<String>::new());
    }

    #[test]
    fn what_is_missing_said_twice_unknown_or_of_another_level_is_a_finding() {
        assert_eq!(answers(&page(""))[0], "SECURITY.md: 1.1.1 is not answered");
        let shown = "met | `ADR/0001.md` |";
        let first = |row: &str| answers(&page(row))[0].clone();
        assert_eq!(first(&format!("| 1.1.1 | 1 | words | {shown}")), "SECURITY.md:1: 1.1.1 is of level 2");
        assert_eq!(first(&format!("| 1.2.10 | 3 | words | {shown}")), "SECURITY.md:1: 1.2.10 is no requirement of level 1 or 2");
        let twice = format!("| 1.1.1 | 2 | words | {shown}\n| 1.1.1 | 2 | words | {shown}");
        assert_eq!(first(&twice), "SECURITY.md:2: 1.1.1 is answered twice");
    }

    #[test]
    fn what_is_met_names_something_and_what_is_not_has_a_reason() {
        let first = |verdict: &str| answers(&page(&format!("| 1.1.1 | 2 | words | {verdict} |")))[0].clone();
        assert_eq!(first("met | we are sure"), "SECURITY.md:1: 1.1.1 is met, but nothing that shows it is named");
        assert_eq!(first("not here | -"), "SECURITY.md:1: 1.1.1 needs a reason");
        assert!(first("yes | `a/b.rs`").starts_with("SECURITY.md:1: the verdict of 1.1.1 should be one of met, "));
    }

    #[test]
    fn totals_are_what_the_rows_add_up_to() {
        let text = page("| 1.1.1 | 2 | words | in part | half of it is done |");
        let found = answers(&text);
        let told: Vec<&str> = found.iter().map(|finding| finding.split(": ").nth(1).unwrap()).collect();
        assert_eq!(told, ["the totals of together are 0, 1, 252, 0", "the totals of V1 Words are 0, 1, 26, 0"]);
    }

    #[test]
    fn a_test_is_marked_as_one_or_listed_in_its_file() {
        let text = "suite!(a_listed_one);\nasync fn a_listed_one(x: X) {}\n#[tokio::test]\nasync fn a_marked_one() {}\nfn a_helper() {}\n";
        assert!(is_test(text, "a_listed_one") && is_test(text, "a_marked_one"));
        assert!(!is_test(text, "a_helper") && !is_test(text, "a_marked") && !is_test(text, "gone"));
    }

    #[test]
    fn a_named_test_whose_file_or_function_is_gone_is_a_finding() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("crates/a/src")).unwrap();
        std::fs::write(folder.path().join("crates/a/src/lib.rs"), "#[test]\nfn it_holds() {}\n").unwrap();
        let rows =
            page("| 1.1.1 | 2 | words | met | test: `a/src/lib.rs::it_holds` `a/src/lib.rs::gone` `a/src/no.rs::it_holds`, ADR 0099 |");
        std::fs::write(folder.path().join(PAGE), rows).unwrap();
        let files = BTreeSet::from([PAGE.to_owned(), "crates/a/src/lib.rs".to_owned(), "ADR/0001-a.md".to_owned()]);
        let members = [Member::new("crates/a".to_owned(), "[package]\nname = \"a\"".parse().unwrap())];
        let found = findings(folder.path(), &files, &members).unwrap();
        let expected = ["there is no test gone in a/src/lib.rs", "there is no file a/src/no.rs", "there is no ADR 0099"];
        assert_eq!(found, expected.map(|what| format!("SECURITY.md:1: {what}")));
        assert_eq!(findings(folder.path(), &BTreeSet::new(), &[]).unwrap(), ["SECURITY.md is missing"]);
    }
}
