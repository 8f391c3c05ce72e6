//! Names as people mean them, however they are written: for comparing companies and for finding them by words.

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
    let all = words(name);
    let mut rest: Vec<&str> = all.iter().map(String::as_str).filter(|word| *word != "and").collect();
    if rest.is_empty() {
        return all.concat();
    }
    // A form may be written in pieces, so the longest ending that is one goes first.
    while let Some(kept) = (1..=PIECES).rev().find_map(|pieces| without_form(&rest, pieces)) {
        rest.truncate(kept);
    }
    rest.concat()
}

/// How many words are left when the last few, which are a legal form in so many pieces, go; none if they are not or nothing that
/// names a company would be left.
fn without_form(words: &[&str], pieces: usize) -> Option<usize> {
    let kept = words.len().checked_sub(pieces)?;
    let (before, form) = words.split_at_checked(kept)?;
    let says_something = before.iter().any(|word| *word != "the");
    (says_something && LEGAL_FORMS.contains(&form.concat().as_str())).then_some(kept)
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
}
