//! Values that several aggregates share.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    AddressLine, CompanyName, Country, Email, IdentifierScheme, IdentifierValue, JobTitle, Message, PersonName, Phone, WebAddress,
};

/// How to reach a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Contact {
    /// The given name.
    pub given_name: PersonName,
    /// The family name.
    pub family_name: PersonName,
    /// The e-mail address.
    pub email: Email,
    /// The telephone number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<Phone>,
    /// The job title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job_title: Option<JobTitle>,
}

impl Contact {
    /// Given and family name, as a letter would address them.
    #[must_use]
    pub fn full_name(&self) -> String {
        format!("{} {}", self.given_name, self.family_name)
    }
}

/// Whom an invitation addresses, with the words meant for them: all of it is about one person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Addressee {
    /// The name, if the partner gave one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<PersonName>,
    /// The e-mail address.
    pub email: Email,
    /// The partner's personal message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<Message>,
}

/// Who registers a company.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Registrant {
    /// The name, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<PersonName>,
    /// The e-mail address.
    pub email: Email,
}

/// What identifies a company in a register: a D-U-N-S number, a CAGE code, an LEI, a VAT number.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
pub struct RegisteredIdentifier {
    /// Which register.
    pub scheme: IdentifierScheme,
    /// The identifier in it.
    pub value: IdentifierValue,
}

/// Where a company sits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Address {
    /// One or two lines: street and number, suite.
    pub lines: Vec<AddressLine>,
    /// The town.
    pub city: AddressLine,
    /// State, province or region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<AddressLine>,
    /// The postal code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub postal_code: Option<AddressLine>,
    /// The country.
    pub country: Country,
}

/// The profile of an organization. Legal name, country and identifiers change only through a new review.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct OrganizationProfile {
    /// The name in the register of companies.
    pub legal_name: CompanyName,
    /// The name it trades under, if another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trading_name: Option<CompanyName>,
    /// Where it sits.
    pub address: Address,
    /// Its registered identifiers; each belongs to one organization only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub identifiers: Vec<RegisteredIdentifier>,
    /// The company's telephone number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<Phone>,
    /// The company's web site.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub website: Option<WebAddress>,
}

/// How many registered identifiers a profile may hold.
pub const MOST_IDENTIFIERS: usize = 20;

/// What is wrong with a profile as a whole, whose parts are valid each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ProfileProblem {
    /// No address line, or more than two.
    #[error("the address has one or two lines beside town, region and postal code")]
    AddressLines,
    /// More than [`MOST_IDENTIFIERS`].
    #[error("a profile holds at most {MOST_IDENTIFIERS} registered identifiers")]
    TooManyIdentifiers,
    /// One identifier is given twice.
    #[error("this registered identifier is given twice")]
    IdentifierRepeated {
        /// Which one of the list, from 0.
        index: usize,
    },
}

impl ProfileProblem {
    /// A stable name, kebab-case.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::AddressLines => "address-lines",
            Self::TooManyIdentifiers => "too-many-identifiers",
            Self::IdentifierRepeated { .. } => "identifier-repeated",
        }
    }

    /// The field that is wrong, as a JSON pointer into a command that holds the profile as `profile`.
    #[must_use]
    pub fn field(self) -> String {
        match self {
            Self::AddressLines => "/profile/address/lines".to_owned(),
            Self::TooManyIdentifiers => "/profile/identifiers".to_owned(),
            Self::IdentifierRepeated { index } => format!("/profile/identifiers/{index}"),
        }
    }
}

impl OrganizationProfile {
    /// Whether the parts, valid each, make a valid whole.
    ///
    /// # Errors
    /// What is wrong.
    pub fn check(&self) -> Result<(), ProfileProblem> {
        if !(1..=2).contains(&self.address.lines.len()) {
            return Err(ProfileProblem::AddressLines);
        }
        if self.identifiers.len() > MOST_IDENTIFIERS {
            return Err(ProfileProblem::TooManyIdentifiers);
        }
        let mut met = std::collections::BTreeSet::new();
        match self.identifiers.iter().position(|identifier| !met.insert(identifier)) {
            Some(index) => Err(ProfileProblem::IdentifierRepeated { index }),
            None => Ok(()),
        }
    }
}

/// An instant by which something is due, and on which calendar it was computed, so that a replay years later gives the same answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Due {
    /// The instant.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub at: Timestamp,
    /// The instant from which it is due soon.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub soon_at: Timestamp,
    /// From when on business time is counted: submission, or when the clock went on.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub counted_from: Timestamp,
    /// How much business time after that it is due, in seconds.
    pub business_seconds: i64,
    /// The time zone of the calendar.
    pub time_zone: String,
    /// The version of the calendar.
    pub calendar_version: u32,
}
