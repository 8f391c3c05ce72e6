//! Names as people mean them, however they are written: for comparing companies and for finding them by words. And names as people
//! see them, which somebody may use to pass for another (Unicode Technical Standard 39).

use unicode_security::RestrictionLevelDetection;
use unicode_security::confusable_detection::skeleton;
use unicode_security::restriction_level::RestrictionLevel;

/// What stands at the end of a company's name and says no more than its legal form, as [`words`] has it; in one piece.
const LEGAL_FORMS: &[&str] = &[
    "ab",
    "ag",
    "aps",
    "as",
    "asa",
    "bv",
    "co",
    "company",
    "corp",
    "corporation",
    "cv",
    "doo",
    "eg",
    "ev",
    "gesmbh",
    "gmbh",
    "inc",
    "incorporated",
    "kft",
    "kg",
    "kgaa",
    "kk",
    "lda",
    "limited",
    "llc",
    "llp",
    "lp",
    "ltd",
    "ltda",
    "mbh",
    "nv",
    "ohg",
    "oy",
    "oyj",
    "plc",
    "pte",
    "pty",
    "pvt",
    "sa",
    "sarl",
    "sas",
    "sasu",
    "se",
    "sl",
    "slu",
    "sp",
    "spa",
    "spzoo",
    "srl",
    "sro",
    "ug",
    "zoo",
];

/// The most pieces that a legal form is written in: `Sp. z o.o.`, `S. A. S.`.
const PIECES: usize = 3;

/// The words of a name or of what somebody typed: lower case, without accents, split at everything but letters and digits. Dots and
/// apostrophes vanish, so that `S.A.` and `O'Neill` are one word.
#[must_use]
pub fn words(text: &str) -> Vec<String> {
    let mut folded = String::with_capacity(text.len());
    for c in text.chars().flat_map(char::to_lowercase) {
        match c {
            'à'..='å' | 'ā' | 'ă' | 'ą' => folded.push('a'),
            'æ' => folded.push_str("ae"),
            'ç' | 'ć' | 'č' => folded.push('c'),
            'ď' | 'đ' => folded.push('d'),
            'è'..='ë' | 'ē' | 'ę' | 'ě' => folded.push('e'),
            'ğ' => folded.push('g'),
            'ì'..='ï' | 'ī' | 'ı' => folded.push('i'),
            'ł' => folded.push('l'),
            'ñ' | 'ń' | 'ň' => folded.push('n'),
            'ò'..='ö' | 'ø' | 'ō' | 'ő' => folded.push('o'),
            'œ' => folded.push_str("oe"),
            'ř' => folded.push('r'),
            'ś' | 'š' | 'ş' | 'ș' => folded.push('s'),
            'ß' => folded.push_str("ss"),
            'ť' | 'ţ' | 'ț' => folded.push('t'),
            'ù'..='ü' | 'ū' | 'ů' | 'ű' => folded.push('u'),
            'ý' | 'ÿ' => folded.push('y'),
            'ź' | 'ż' | 'ž' => folded.push('z'),
            // A combining accent or the dot that a lower-cased İ leaves.
            '\u{300}'..='\u{36f}' | '.' | '\'' | '’' => {}
            c if c.is_alphanumeric() => folded.push(c),
            _ => folded.push(' '),
        }
    }
    folded.split_ascii_whitespace().map(str::to_owned).collect()
}

/// A company's name as look-alikes share it: the letters and digits of its [`words`], without `and` and without legal forms at the
/// end: `Müller & Söhne GmbH`, `MULLER SOHNE` and `Muller and Sohne` share one.
///
/// Something is always left: the name `AG` stays `ag`.
#[must_use]
pub fn comparable_name(name: &str) -> String {
    without_form(words(name), |form| LEGAL_FORMS.contains(&form))
}

/// A company's name as it looks to who reads it in passing: names that look alike share one, such as `Boeing` and one whose `о` is Cyrillic,
/// `Lockheed` and `Iockheed`, `Farnborough` and `Famborough`.
///
/// What looks alike is what UTS 39 says (its skeletons), in upper and in lower case, and the letters i and l, which do in upper case only.
#[must_use]
pub fn look_alike_name(name: &str) -> String {
    let seen = words(name).iter().map(|word| as_seen(word)).collect();
    // Upper case looks like other letters than lower case does (Cyrillic В like B, в like nothing Latin). Whatever can be seen as
    // plain letters is meant to be.
    let in_capitals = words(&as_seen(name)).iter().map(|word| as_seen(word)).collect();
    let is_form = |form: &str| LEGAL_FORMS.iter().any(|known| as_seen(known) == form);
    let (lower, upper) = (without_form(seen, is_form), without_form(in_capitals, is_form));
    if lower.is_ascii() { lower } else { upper }
}

fn as_seen(text: &str) -> String {
    skeleton(text).flat_map(char::to_lowercase).map(|c| if c == 'i' { 'l' } else { c }).collect()
}

/// Whether a word of this name mixes scripts that do not go together, such as Latin and Cyrillic, as names do that pass for others: its
/// restriction level (UTS 39, section 5.2) is below "moderately restrictive".
#[must_use]
pub fn mixes_scripts(name: &str) -> bool {
    words(name).iter().any(|word| match word.detect_restriction_level() {
        RestrictionLevel::ASCIIOnly
        | RestrictionLevel::SingleScript
        | RestrictionLevel::HighlyRestrictive
        | RestrictionLevel::ModeratelyRestrictive => false,
        RestrictionLevel::MinimallyRestrictive | RestrictionLevel::Unrestricted => true,
    })
}

/// The words of a name in one piece, without `and` and without the legal forms at its end.
fn without_form(all: Vec<String>, is_form: impl Fn(&str) -> bool) -> String {
    let mut rest: Vec<&str> = all.iter().map(String::as_str).filter(|word| *word != "and").collect();
    if rest.is_empty() {
        return all.concat();
    }
    // A form may be written in pieces, so the longest ending that is one goes first.
    while let Some(kept) = (1..=PIECES).rev().find_map(|pieces| before_form(&rest, pieces, &is_form)) {
        rest.truncate(kept);
    }
    rest.concat()
}

/// How many words are left when the last few, which are a legal form in so many pieces, go; none if they are not or nothing that
/// names a company would be left.
fn before_form(words: &[&str], pieces: usize, is_form: impl Fn(&str) -> bool) -> Option<usize> {
    let kept = words.len().checked_sub(pieces)?;
    let (before, form) = words.split_at_checked(kept)?;
    let says_something = before.iter().any(|word| *word != "the");
    (says_something && is_form(&form.concat())).then_some(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_have_no_case_accents_or_punctuation() {
        assert_eq!(words("  Ærø-Šport S.A. (O’Neill) "), ["aero", "sport", "sa", "oneill"]);
        assert_eq!(words("GH-7K3M-Q2XD"), ["gh", "7k3m", "q2xd"]);
        assert_eq!(words("株式会社 東京 İstanbul"), ["株式会社", "東京", "istanbul"]);
        assert!(words("… — !").is_empty());
    }

    #[test]
    fn look_alikes_share_a_name() {
        for (one, other) in [
            ("Müller & Söhne GmbH", "MULLER SOHNE"),
            ("Müller & Söhne GmbH", "Muller and Sohne"),
            ("Müller Luftfahrt GmbH & Co. KG", "Müller-Luftfahrt"),
            ("Boeing Supply-Chain, Inc.", "boeing supply chain"),
            ("Airframes S.A.", "Airframes SA"),
            ("Airframes S. A.", "Airframes"),
            ("Wir Sp. z o.o.", "Wir"),
            ("Acme Co., Ltd.", "ACME"),
            ("Aéro S.A.R.L.", "aero"),
            ("O'Neill Aero LLC", "ONeill Aero"),
        ] {
            assert_eq!(comparable_name(one), comparable_name(other), "{one} and {other}");
        }
        assert_ne!(comparable_name("Acme Aerospace"), comparable_name("Acme Avionics"));
        assert_ne!(comparable_name("SA Aero"), comparable_name("Aero"));
    }

    #[test]
    fn a_name_that_is_nothing_but_a_legal_form_keeps_it() {
        assert_eq!(comparable_name("AG"), "ag");
        assert_eq!(comparable_name("S. A."), "sa");
        assert_eq!(comparable_name("The Company"), "thecompany");
        assert_eq!(comparable_name("Company AG"), "company");
        assert_eq!(comparable_name("& and"), "and");
    }

    #[test]
    fn names_that_look_alike_share_what_is_seen() {
        for (one, other) in [
            ("Boeing", "B\u{43e}eing"),
            ("BOEING", "\u{412}\u{41e}\u{415}ING"),
            ("Lockheed", "Iockheed"),
            ("Farnborough Aero GmbH", "Famborough Aero"),
            ("Vector 10 Ltd", "Vector lO"),
            ("Müller & Söhne GmbH", "MULLER SOHNE"),
            ("Airframes S.A.", "Airframes"),
            ("Meridian", "MERIDIAN"),
        ] {
            assert_eq!(look_alike_name(one), look_alike_name(other), "{one} and {other}");
        }
        assert_ne!(look_alike_name("Acme Aerospace"), look_alike_name("Acme Avionics"));
        assert_ne!(look_alike_name("Ромашка"), look_alike_name("Василёк"));
    }

    #[test]
    fn a_word_of_several_scripts_is_told_from_a_name_in_several() {
        for mixed in ["B\u{43e}eing", "Meridi\u{3b1}n Works", "Αcme"] {
            assert!(mixes_scripts(mixed), "{mixed}");
        }
        for fine in ["Boeing", "Müller & Söhne GmbH", "ООО Ромашка (Romashka LLC)", "株式会社 東京", "ABC株式会社", "Æro 3M", "Ελλάς A.E."]
        {
            assert!(!mixes_scripts(fine), "{fine}");
        }
    }
}
