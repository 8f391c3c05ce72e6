//! How to reach a person, as requests and answers have it.

use domain::{Contact, Email, JobTitle, PersonName, Phone};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::checks::Checks;

/// How to reach a person.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ContactDetails {
    /// The given name.
    #[schema(example = "Ada")]
    pub given_name: String,
    /// The family name.
    #[schema(example = "Moreau")]
    pub family_name: String,
    /// The e-mail address.
    #[schema(example = "ada.moreau@fastener.example")]
    pub email: String,
    /// The telephone number, with `+` and the country code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "+33 1 99 00 55 50")]
    pub phone: Option<String>,
    /// The job title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job_title: Option<String>,
}

impl ContactDetails {
    /// The valid contact; what is wrong is noted under this pointer.
    pub(crate) fn parse(&self, checks: &mut Checks, pointer: &str) -> Option<Contact> {
        let given_name = checks.parse(format!("{pointer}/given_name"), &self.given_name, PersonName::parse);
        let family_name = checks.parse(format!("{pointer}/family_name"), &self.family_name, PersonName::parse);
        let email = checks.parse(format!("{pointer}/email"), &self.email, Email::parse);
        let phone = checks.parse_optional(format!("{pointer}/phone"), self.phone.as_deref(), Phone::parse);
        let job_title = checks.parse_optional(format!("{pointer}/job_title"), self.job_title.as_deref(), JobTitle::parse);
        let (given_name, family_name) = given_name.zip(family_name)?;
        Some(Contact { given_name, family_name, email: email?, phone, job_title })
    }
}

impl From<&Contact> for ContactDetails {
    fn from(contact: &Contact) -> Self {
        Self {
            given_name: contact.given_name.to_string(),
            family_name: contact.family_name.to_string(),
            email: contact.email.to_string(),
            phone: contact.phone.as_ref().map(ToString::to_string),
            job_title: contact.job_title.as_ref().map(ToString::to_string),
        }
    }
}
