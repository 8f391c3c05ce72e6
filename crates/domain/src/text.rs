//! Texts that are valid by construction. They are parsed at the edge ([`parse`](CompanyName::parse)); what an event holds is taken as
//! it was recorded, since a rule made stricter later must not make old events unreadable.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why a value was not accepted: a sentence that says what is wrong and what would be right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct Invalid {
    /// What is wrong and what would be right.
    pub problem: String,
}

impl Invalid {
    /// With this sentence.
    pub fn new(problem: impl Into<String>) -> Self {
        Self { problem: problem.into() }
    }
}

/// What a line of text must satisfy everywhere: no control characters (CR and LF among them), not empty, not too long.
fn line(text: &str, what: &str, max_chars: usize) -> Result<String, Invalid> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Invalid::new(format!("{what} is required")));
    }
    if let Some(bad) = text.chars().find(|c| is_forbidden(*c)) {
        return Err(Invalid::new(format!("{what} must be one line of text without control characters (found U+{:04X})", u32::from(bad))));
    }
    at_most(text, what, max_chars)?;
    Ok(text.to_owned())
}

fn person_name(text: &str) -> Result<String, Invalid> {
    let name = line(text, "the name", 100)?;
    if is_formula(&name) {
        return Err(Invalid::new("the name must not begin with =, +, - or @, which a spreadsheet would take for a formula"));
    }
    Ok(name)
}

/// Whether a spreadsheet that is given this text in a cell computes it (OWASP, CSV injection). Texts have neither tabs nor line ends.
pub(crate) fn is_formula(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@'])
}

fn at_most(text: &str, what: &str, max_chars: usize) -> Result<(), Invalid> {
    let length = text.chars().count();
    if length > max_chars {
        return Err(Invalid::new(format!("{what} must be at most {max_chars} characters long (found {length})")));
    }
    Ok(())
}

/// Control characters, line and paragraph separators, and the marks that change the direction of what follows.
fn is_forbidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

macro_rules! texts {
    ($($(#[$doc:meta])* $name:ident = $parse:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Accepts a valid text, trimmed.
            ///
            /// # Errors
            /// [`Invalid`] with what is wrong and what would be right.
            pub fn parse(text: &str) -> Result<Self, Invalid> {
                let parse: fn(&str) -> Result<String, Invalid> = $parse;
                parse(text).map(Self)
            }

            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", self.0)
            }
        }
    )*};
}

texts! {
    /// The name of a company: one line, at most 200 characters.
    CompanyName = |text| line(text, "the company name", 200);
    /// A person's given or family name, or a whole name: one line, at most 100 characters, and nothing that a spreadsheet takes for a formula.
    PersonName = person_name;
    /// An e-mail address (RFC 5321 without quoted local parts and address literals), at most 254 characters; the domain in lower case.
    Email = email;
    /// A telephone number: `+` and 6 to 15 digits once spaces, dots, dashes and parentheses are taken out (ITU-T E.164).
    Phone = phone;
    /// A country: ISO 3166-1 alpha-2, upper case.
    Country = country;
    /// One line of a postal address, a town, a postal code: at most 120 characters.
    AddressLine = |text| line(text, "the address line", 120);
    /// The short code of an application, such as `BSCP`: 2 to 20 upper-case letters, digits and dashes.
    ApplicationCode = code;
    /// The name of an application: one line, at most 120 characters.
    ApplicationName = |text| line(text, "the application name", 120);
    /// What an application is for, or must be installed first: at most 2,000 characters, line breaks allowed.
    Description = |text| lines(text, "the description", 2_000);
    /// Words from one person to another, with line breaks: at most 2,000 characters.
    Message = |text| lines(text, "the message", 2_000);
    /// Why something was decided: at most 1,000 characters, line breaks allowed.
    Reason = |text| lines(text, "the reason", 1_000);
    /// The scheme of a registered identifier, such as `DUNS`, `CAGE`, `LEI`, `VAT`: 2 to 20 upper-case letters, digits and dashes.
    IdentifierScheme = code;
    /// A registered identifier of a company under its scheme: letters, digits, `-`, `.`, `/`; kept in upper case; at most 40 characters.
    IdentifierValue = identifier;
    /// An `https` (or, for a launch on the operator's own network, `http`) address: at most 500 characters, no spaces.
    WebAddress = web_address;
    /// The public part of a link that leads to an application's own registration: 2 to 40 lower-case letters, digits and dashes.
    Slug = slug;
    /// The name of a downstream service, which also names its consumer and its user at the message broker: 2 to 40 lower-case letters,
    /// digits and dashes.
    ServiceName = service_name;
    /// A User ID: readable, not the e-mail address, never derived from a name, never reused. Letters and digits in upper case with dashes.
    UserId = user_id;
    /// The number of a case as people quote it, such as `GH-7K3M-Q2XD-9VTA`.
    CaseNumber = user_id;
    /// The version of the terms of use that were accepted, such as `2026-01`.
    TermsVersion = |text| line(text, "the version of the terms", 40);
    /// What a user calls a credential: one line, at most 60 characters.
    CredentialLabel = |text| line(text, "the label", 60);
    /// A job title: one line, at most 100 characters.
    JobTitle = |text| line(text, "the job title", 100);
}

impl CaseNumber {
    /// The case number that follows from a seed: `GH-` and three groups of four in Crockford's base 32. Sixty bits of the
    /// seed, so that a million cases are most unlikely to have two alike and none can be guessed (the status page asks for
    /// nothing else).
    #[must_use]
    pub fn derive(seed: uuid::Uuid) -> Self {
        Self(readable("GH", 3, seed))
    }
}

impl UserId {
    /// The User ID that follows from a seed: `GU-` and two groups of four in Crockford's base 32. Forty bits of the seed: two
    /// alike are possible, so it is reserved before it is used.
    #[must_use]
    pub fn derive(seed: uuid::Uuid) -> Self {
        Self(readable("GU", 2, seed))
    }
}

/// A prefix and groups of four digits in Crockford's base 32, from the end of the seed.
fn readable(prefix: &str, groups: u32, seed: uuid::Uuid) -> String {
    const ALPHABET: [char; 32] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'J', 'K', 'M', 'N', 'P', 'Q', 'R', 'S',
        'T', 'V', 'W', 'X', 'Y', 'Z',
    ];
    // The lower half; its upper bits only say which kind of UUID it is, and are not used.
    let (_, random) = seed.as_u64_pair();
    let mut text = String::from(prefix);
    let digits = groups * 4;
    for digit in 0..digits {
        if digit % 4 == 0 {
            text.push('-');
        }
        let value = (random >> (5 * (digits - 1 - digit))) & 31;
        text.extend(usize::try_from(value).ok().and_then(|value| ALPHABET.get(value)));
    }
    text
}

fn lines(text: &str, what: &str, max_chars: usize) -> Result<String, Invalid> {
    let text = text.trim().replace("\r\n", "\n");
    if text.is_empty() {
        return Err(Invalid::new(format!("{what} is required")));
    }
    if let Some(bad) = text.chars().find(|c| is_forbidden(*c) && *c != '\n' && *c != '\t') {
        return Err(Invalid::new(format!("{what} must not hold control characters (found U+{:04X})", u32::from(bad))));
    }
    at_most(&text, what, max_chars)?;
    Ok(text)
}

fn email(text: &str) -> Result<String, Invalid> {
    let text = line(text, "the e-mail address", 254)?;
    let wrong = || Invalid::new("this is not an e-mail address: it should look like name@example.com");
    let (local, domain) = text.rsplit_once('@').ok_or_else(wrong)?;
    let local_is_valid = (1..=64).contains(&local.len())
        && local.split('.').all(|atom| !atom.is_empty() && atom.chars().all(|c| c.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c)));
    let labels: Vec<&str> = domain.split('.').collect();
    let domain_is_valid = labels.len() >= 2
        && labels.iter().all(|label| {
            (1..=63).contains(&label.len())
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.chars().all(|c| c.is_alphanumeric() || c == '-')
        });
    if !(local_is_valid && domain_is_valid) {
        return Err(wrong());
    }
    Ok(format!("{local}@{}", domain.to_lowercase()))
}

fn phone(text: &str) -> Result<String, Invalid> {
    let text = line(text, "the telephone number", 40)?;
    let compact: String = text.chars().filter(|c| !" .-()/".contains(*c)).collect();
    let digits = compact.strip_prefix('+').unwrap_or_default();
    if !(6..=15).contains(&digits.len()) || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Invalid::new("the telephone number must start with + and the country code, such as +1 206 555 0100"));
    }
    Ok(compact)
}

fn country(text: &str) -> Result<String, Invalid> {
    let text = text.trim().to_ascii_uppercase();
    if text.len() != 2 || !text.bytes().all(|b| b.is_ascii_uppercase()) {
        return Err(Invalid::new("the country must be its two-letter code (ISO 3166-1), such as US or DE"));
    }
    Ok(text)
}

fn code(text: &str) -> Result<String, Invalid> {
    let text = line(text, "the code", 20)?.to_ascii_uppercase();
    if text.len() < 2 || !text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'-') {
        return Err(Invalid::new("the code must be 2 to 20 letters, digits and dashes, such as BSCP"));
    }
    Ok(text)
}

fn identifier(text: &str) -> Result<String, Invalid> {
    let text = line(text, "the registered identifier", 40)?.to_ascii_uppercase();
    if !text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b"-./".contains(&b)) {
        return Err(Invalid::new("the registered identifier may hold letters, digits, dashes, dots and slashes only"));
    }
    Ok(text)
}

fn web_address(text: &str) -> Result<String, Invalid> {
    let text = line(text, "the web address", 500)?;
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    match rest {
        Some(rest)
            if !rest.is_empty() && !rest.starts_with('/') && !text.contains(char::is_whitespace) && !text.contains(['"', '<', '>']) =>
        {
            Ok(text)
        }
        Some(_) | None => {
            Err(Invalid::new("the web address must start with https:// and hold no spaces, such as https://example.com/start"))
        }
    }
}

fn slug(text: &str) -> Result<String, Invalid> {
    let text = line(text, "the link", 40)?;
    if text.len() < 2 || !text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-') {
        return Err(Invalid::new("the link must be 2 to 40 lower-case letters, digits and dashes"));
    }
    Ok(text)
}

fn service_name(text: &str) -> Result<String, Invalid> {
    let text = line(text, "the name of the service", 40)?;
    if text.len() < 2 || !text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-') {
        return Err(Invalid::new("the name of a service must be 2 to 40 lower-case letters, digits and dashes, such as sft-provisioning"));
    }
    if text == "public" {
        return Err(Invalid::new("public is what history calls those who come without a token: choose another name for the service"));
    }
    Ok(text)
}

fn user_id(text: &str) -> Result<String, Invalid> {
    let text = line(text, "the User ID", 30)?.to_ascii_uppercase();
    if text.len() < 4 || !text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'-') {
        return Err(Invalid::new("this must be letters, digits and dashes, such as GH-7K3M-Q2XD"));
    }
    Ok(text)
}
