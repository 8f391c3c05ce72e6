//! How strong a password is, and what to say to people whose password is not strong enough.

use std::collections::HashSet;

use zxcvbn::zxcvbn;

/// The fewest characters.
pub const MIN_CHARACTERS: usize = 12;
/// The most characters; longer ones only cost time.
pub const MAX_CHARACTERS: usize = 128;

const PASSWORD_ADVICE: &str = "A good password is four or more uncommon words, or one that a password manager made.";

/// How strong a secret is that was found strong enough.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Strength {
    /// 3 (safe against guessing from outside) or 4 (safe even if the verifiers were stolen).
    pub score: u8,
    /// The decimal logarithm of the number of guesses that would find it.
    pub guesses_log10: f64,
}

/// Why a secret is too weak: sentences for the person who typed it, the problem first, then what would be right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", sentences.join(" "))]
pub struct Weak {
    /// The sentences, at least one.
    pub sentences: Vec<String>,
}

/// Checks a password: 12 to 128 characters, and not guessable with less than about 10^8 attempts (zxcvbn score 3) by
/// somebody who knows the `context`: words about the person and the service, such as the names, the company, the User ID.
///
/// # Errors
/// [`Weak`] with what to tell the person.
pub fn check(candidate: &str, context: &[&str]) -> Result<Strength, Weak> {
    judge(candidate, context, 3, PASSWORD_ADVICE)
}

/// Checks a one-time password that a person typed instead of taking the proposed one: as [`check`], but not guessable with
/// less than about 10^10 attempts (zxcvbn score 4), since it is handed over by hand and the five attempts must be worth nothing.
///
/// # Errors
/// [`Weak`] with what to tell the person.
pub fn check_one_time_password(candidate: &str, context: &[&str]) -> Result<Strength, Weak> {
    judge(candidate, context, 4, "Take the one that is proposed, or type four or more uncommon words.")
}

/// Passwords that nobody may choose, such as those that have become known elsewhere; beside the 30,000 commonest, which [`check`] knows.
#[derive(Debug, Clone, Default)]
pub struct Blocklist(HashSet<Box<str>>);

impl Blocklist {
    /// Of a text with one password on each line. Upper and lower case are one.
    #[must_use]
    pub fn of_lines(text: &str) -> Self {
        Self(text.lines().filter(|line| !line.is_empty()).map(|line| line.to_lowercase().into()).collect())
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether it refuses none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// As [`check`], and that it is not one of these.
    ///
    /// # Errors
    /// [`Weak`] with what to tell the person.
    pub fn check(&self, candidate: &str, context: &[&str]) -> Result<Strength, Weak> {
        if self.0.contains(candidate.to_lowercase().as_str()) {
            let sentences = ["It is on a list of passwords that others know.", PASSWORD_ADVICE].map(str::to_owned).into();
            return Err(Weak { sentences });
        }
        check(candidate, context)
    }
}

fn judge(candidate: &str, context: &[&str], wanted: u8, advice: &str) -> Result<Strength, Weak> {
    let mut sentences = Vec::new();
    let characters = candidate.chars().count();
    if characters < MIN_CHARACTERS {
        sentences.push(format!("It has {characters} characters; at least {MIN_CHARACTERS} are needed."));
    }
    if characters > MAX_CHARACTERS {
        sentences.push(format!("It has {characters} characters; at most {MAX_CHARACTERS} are taken."));
    }
    if candidate.chars().any(char::is_control) {
        sentences.push("It holds a character that cannot be seen, such as a tab or an end of line.".to_owned());
    }
    if !sentences.is_empty() {
        sentences.push(advice.to_owned());
        return Err(Weak { sentences });
    }
    let words: Vec<&str> = context.iter().flat_map(|words| split(words)).collect();
    let mut entropy = zxcvbn(candidate, &words);
    // "Ada Moreau 2026" is three words to zxcvbn, but one guess to whoever knows Ada Moreau: what is left without them must do alone.
    if let Some(rest) = without(candidate, &words) {
        let alone = zxcvbn(&rest, &words);
        if alone.guesses() < entropy.guesses() {
            entropy = alone;
        }
    }
    let score = u8::from(entropy.score());
    if score >= wanted {
        return Ok(Strength { score, guesses_log10: entropy.guesses_log10() });
    }
    sentences.push("It is too easy to guess.".to_owned());
    if let Some(feedback) = entropy.feedback() {
        sentences.extend(feedback.warning().map(|warning| warning.to_string()));
        sentences.extend(feedback.suggestions().iter().map(ToString::to_string));
    }
    sentences.push(advice.to_owned());
    Err(Weak { sentences })
}

/// What is left of a candidate without the words that people who know the user know; none if it has none of them.
fn without(candidate: &str, words: &[&str]) -> Option<String> {
    let whole = candidate.to_lowercase();
    let mut known: Vec<String> = words.iter().filter(|word| word.chars().count() > 2).map(|word| word.to_lowercase()).collect();
    known.sort_by_key(|word| std::cmp::Reverse(word.len()));
    let rest = known.iter().fold(whole.clone(), |rest, word| rest.replace(word.as_str(), ""));
    (rest != whole).then_some(rest)
}

/// A context entry as a whole and its single words: "Acme Aerospace" is as guessable as "Acme".
fn split(words: &str) -> impl Iterator<Item = &str> {
    let parts = words.split(|character: char| !character.is_alphanumeric()).filter(|part| part.chars().count() > 2);
    std::iter::once(words).chain(parts).filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn uncommon_words_are_strong_enough() {
        for candidate in ["kettle mural osprey tundra", "tR7#qLw9!xZp2vB", "K7TM-XQ4W-9HCP-R3FD"] {
            let strength = check(candidate, &["Acme Aerospace"]).unwrap();
            assert!(strength.score >= 3 && strength.guesses_log10 >= 8.0, "{candidate}");
            check_one_time_password(candidate, &[]).unwrap();
        }
    }

    #[test]
    fn what_everybody_knows_of_a_person_adds_nothing() {
        let known = ["Ada", "Moreau", "ada.moreau@fastener.example", "Fastener Works"];
        for guess in ["Ada Moreau 2026", "Fastener Works 1", "fastener-moreau-ada", "Moreau.Fastener.Works!"] {
            assert!(check_one_time_password(guess, &known).is_err() && check(guess, &known).is_err(), "{guess}");
        }
        assert!(check("Moreau-lantern-47-gravel-tundra", &known).is_ok());
    }

    #[test]
    fn a_weak_one_is_refused_with_what_is_wrong_and_what_would_be_right() {
        let weak = check("password1234", &[]).unwrap_err();
        assert_eq!(weak.sentences[0], "It is too easy to guess.");
        assert!(weak.sentences.len() > 2, "{weak}");
        assert!(weak.to_string().ends_with("that a password manager made."), "{weak}");
        let weak = check("x7#Lq", &[]).unwrap_err();
        assert_eq!(weak.sentences[0], "It has 5 characters; at least 12 are needed.");
        assert_eq!(check("é1tTx9#Lqw7", &[]).unwrap_err().sentences[0], "It has 11 characters; at least 12 are needed.");
        assert!(check(&"x7#Lq".repeat(30), &[]).unwrap_err().sentences[0].starts_with("It has 150 characters; at most 128"));
        assert!(check("kettle mural\u{7} osprey tundra", &[]).unwrap_err().sentences[0].contains("cannot be seen"));
    }

    #[test]
    fn what_everyone_knows_of_the_person_does_not_count() {
        let context = ["Rosalind Featherstonehaugh", "Zephyrine Aerodynamics", "ZEPH-4821"];
        assert!(check("Featherstonehaugh", &[]).is_ok());
        for candidate in ["Featherstonehaugh", "featherstonehaugh1", "RosalindZephyrine", "ZEPH-4821-ZEPH"] {
            assert!(check(candidate, &context).is_err(), "{candidate}");
        }
    }

    #[test]
    fn what_others_know_is_refused_however_strong_it_is() {
        let known = Blocklist::of_lines("Kettle mural osprey tundra\n\ncorrect horse battery staple\n");
        assert_eq!(known.len(), 2);
        let refused = known.check("kettle MURAL osprey tundra", &[]).unwrap_err();
        assert_eq!(refused.sentences[0], "It is on a list of passwords that others know.");
        known.check("kettle mural osprey tundra 7", &[]).unwrap();
        assert!(known.check("short", &[]).unwrap_err().sentences[0].contains("12 are needed"));
    }

    #[test]
    fn a_one_time_password_must_be_stronger_than_a_password() {
        let between = "tundra kettle";
        assert_eq!(check(between, &[]).unwrap().score, 3);
        assert!(check_one_time_password(between, &[]).unwrap_err().to_string().contains("Take the one that is proposed"));
    }

    proptest! {
        #[test]
        fn any_text_gets_an_answer(candidate in ".{0,140}", context in prop::collection::vec(".{0,20}", 0..4)) {
            let context: Vec<&str> = context.iter().map(String::as_str).collect();
            if let Err(weak) = check(&candidate, &context) {
                prop_assert!(!weak.sentences.is_empty());
            }
        }
    }
}
