//! Names as look-alikes share them.

/// Endings that say only which legal form a company has, after folding.
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
    "doo",
    "gmbh",
    "gmbhcokg",
    "inc",
    "incorporated",
    "kft",
    "kg",
    "kk",
    "limited",
    "llc",
    "llp",
    "lp",
    "ltd",
    "ltda",
    "mbh",
    "nv",
    "oy",
    "oyj",
    "plc",
    "pte",
    "pty",
    "sa",
    "sarl",
    "sas",
    "se",
    "sl",
    "spa",
    "spzoo",
    "srl",
    "sro",
];

/// Mail services that anybody can have an address of: sharing one says nothing.
const PUBLIC_MAIL: &[&str] = &[
    "aol.com",
    "gmail.com",
    "gmx.de",
    "gmx.net",
    "googlemail.com",
    "hotmail.com",
    "icloud.com",
    "live.com",
    "mail.com",
    "mail.ru",
    "me.com",
    "msn.com",
    "outlook.com",
    "proton.me",
    "protonmail.com",
    "qq.com",
    "t-online.de",
    "web.de",
    "yahoo.com",
    "yandex.ru",
    "ymail.com",
    "163.com",
];

/// The name in lower case, without accents, punctuation, spaces and legal form: `Müller & Söhne GmbH` and `MULLER SOHNE` share one.
/// A name that is nothing but a legal form keeps it.
#[must_use]
pub fn key(name: &str) -> String {
    let folded = fold(name);
    let mut words: Vec<&str> = folded.split(' ').filter(|word| !word.is_empty()).collect();
    // A form may be written in pieces ("S. A."), which the punctuation left as words of their own.
    while words.len() > 1 {
        let ending = (1..=3.min(words.len() - 1)).rev().find(|count| {
            let ending: String = words.iter().skip(words.len() - count).copied().collect();
            LEGAL_FORMS.contains(&ending.as_str())
        });
        match ending {
            Some(count) => words.truncate(words.len() - count),
            None => break,
        }
    }
    words.concat()
}

/// The words to look for inside a key, from what somebody typed.
#[must_use]
pub fn needle(typed: &str) -> String {
    fold(typed).replace(' ', "")
}

/// The domain of an e-mail address, lower case, unless it is one that anybody can have an address of.
#[must_use]
pub fn company_domain(email: &str) -> Option<String> {
    let (_, domain) = email.rsplit_once('@')?;
    let domain = domain.to_lowercase();
    (!PUBLIC_MAIL.contains(&domain.as_str())).then_some(domain)
}

/// Lower case, accents taken off, everything but letters and digits turned into spaces; dots and apostrophes vanish, so that
/// `S.A.` stays one word.
fn fold(name: &str) -> String {
    let mut folded = String::with_capacity(name.len());
    for c in name.chars().flat_map(char::to_lowercase) {
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
    folded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn look_alikes_share_a_key() {
        for (one, other) in [
            ("Müller & Söhne GmbH", "MULLER SOHNE"),
            ("Boeing Supply-Chain, Inc.", "boeing supply chain"),
            ("Airframes S.A.", "Airframes SA"),
            ("Airframes S. A.", "Airframes"),
            ("Acme Co., Ltd.", "ACME"),
            ("O'Neill Aero LLC", "ONeill Aero"),
        ] {
            assert_eq!(key(one), key(other), "{one} and {other}");
        }
        assert_ne!(key("Acme Aerospace"), key("Acme Avionics"));
    }

    #[test]
    fn a_name_that_is_nothing_but_a_legal_form_keeps_it() {
        assert_eq!(key("AG"), "ag");
        assert_eq!(key("The Company"), "the");
    }

    #[test]
    fn an_address_that_anybody_can_have_tells_no_company() {
        assert_eq!(company_domain("anna@Example.COM").as_deref(), Some("example.com"));
        assert_eq!(company_domain("anna@gmail.com"), None);
    }
}
