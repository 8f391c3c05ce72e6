//! What reviewers find cases by: the words of the company's name and of the case number.
//!
//! A case is found by the beginnings of its words, without regard to case, accents and punctuation ([`domain::names::words`]):
//! `mull` finds `Müller & Söhne GmbH`. Beginnings up to [`LONGEST`] characters are rows, so that a word that few cases have is
//! looked up; the words that many have are looked for along the queue, where they are soon found.

use std::collections::BTreeSet;

use domain::names::words;

/// The most characters of a beginning that is a row of its own. Longer words are looked up by so many, then compared.
const LONGEST: usize = 8;

/// What all case numbers begin with: it tells none from another.
const MARK: &str = "gh";

/// The most words of a text that are looked for.
const MOST_WORDS: usize = 8;

/// The words that a case is found by, each between spaces.
pub(crate) fn text_of(company: Option<&str>, case_number: &str) -> String {
    let of_number = words(case_number).into_iter().filter(|word| word != MARK);
    let all: Vec<String> = words(company.unwrap_or_default()).into_iter().chain(of_number).collect();
    format!(" {} ", all.join(" "))
}

/// The rows of a case's text: every beginning of a word from two characters on, and the words of one.
pub(crate) fn terms_of(text: &str) -> BTreeSet<String> {
    let mut terms = BTreeSet::new();
    for word in text.split_ascii_whitespace() {
        let mut ends = word.char_indices().map(|(start, character)| start + character.len_utf8()).take(LONGEST);
        let first = ends.next();
        let before = terms.len();
        terms.extend(ends.filter_map(|end| word.get(..end)).map(str::to_owned));
        if terms.len() == before && first == Some(word.len()) {
            terms.insert(word.to_owned());
        }
    }
    terms
}

/// A word that is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// The row to look it up by.
    pub(crate) term: String,
    /// What its place in a text looks like, as LIKE has it; holds nothing else that LIKE takes for a sign.
    pub(crate) pattern: String,
    /// Whether the row says it all.
    pub(crate) is_whole: bool,
}

/// The words of what somebody typed.
pub(crate) fn wanted(typed: &str) -> Vec<Wanted> {
    let mut all = words(typed);
    if all.len() > 1 {
        all.retain(|word| word != MARK);
    }
    all.dedup();
    all.into_iter().take(MOST_WORDS).map(Wanted::of).collect()
}

impl Wanted {
    fn of(word: String) -> Self {
        let term: String = word.chars().take(LONGEST).collect();
        // A single letter begins too many words: it finds only itself.
        let pattern = if word.chars().nth(1).is_none() { format!("% {word} %") } else { format!("% {word}%") };
        Self { is_whole: term == word, term, pattern }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_is_found_by_the_beginnings_of_its_words() {
        let text = text_of(Some("Müller & Sö AG"), "GH-7K3M-Q2XD");
        assert_eq!(text, " muller so ag 7k3m q2xd ");
        let terms: Vec<String> = terms_of(&text).into_iter().collect();
        assert_eq!(terms, ["7k", "7k3", "7k3m", "ag", "mu", "mul", "mull", "mulle", "muller", "q2", "q2x", "q2xd", "so"]);
    }

    #[test]
    fn long_words_have_rows_up_to_a_length_and_words_of_one_letter_only_themselves() {
        let terms: Vec<String> = terms_of(&text_of(Some("A Internationale"), "GH-0000")).into_iter().collect();
        assert_eq!(terms, ["00", "000", "0000", "a", "in", "int", "inte", "inter", "intern", "interna", "internat"]);
        let wanted = wanted("International A");
        assert_eq!((wanted[0].term.as_str(), wanted[0].pattern.as_str(), wanted[0].is_whole), ("internat", "% international%", false));
        assert_eq!((wanted[1].term.as_str(), wanted[1].pattern.as_str(), wanted[1].is_whole), ("a", "% a %", true));
    }

    #[test]
    fn what_all_case_numbers_begin_with_is_not_looked_for() {
        let terms = |typed: &str| wanted(typed).into_iter().map(|word| word.term).collect::<Vec<_>>();
        assert_eq!(terms("GH-7K3M"), ["7k3m"]);
        assert_eq!(terms("gh"), ["gh"], "alone it is the beginning of a company's name");
        assert!(terms(" % ").is_empty());
    }
}
