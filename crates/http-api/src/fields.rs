//! Groups of fields that several endpoints take and show.

use domain::user::UserRole;
use domain::{
    Address, AddressLine, ApplicationId, CompanyName, Contact, Country, Email, JobTitle, OrganizationProfile, PersonName, Phone,
    ProfileProblem, Reason, WebAddress,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::checks::Checks;
use crate::invitations::create::{Identifier, parse_identifiers};
use crate::problem::Problem;

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
    #[schema(example = "+1 206 555 0100")]
    pub phone: Option<String>,
    /// The job title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job_title: Option<String>,
}

impl ContactDetails {
    /// The valid contact; what is wrong with it is noted below this pointer.
    pub(crate) fn parse(&self, checks: &mut Checks, pointer: &str) -> Option<Contact> {
        let given_name = checks.parse(format!("{pointer}/given_name"), &self.given_name, PersonName::parse);
        let family_name = checks.parse(format!("{pointer}/family_name"), &self.family_name, PersonName::parse);
        let email = checks.parse(format!("{pointer}/email"), &self.email, Email::parse);
        let phone = checks.parse_optional(format!("{pointer}/phone"), self.phone.as_deref(), Phone::parse);
        let job_title = checks.parse_optional(format!("{pointer}/job_title"), self.job_title.as_deref(), JobTitle::parse);
        Some(Contact { given_name: given_name?, family_name: family_name?, email: email?, phone, job_title })
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

/// The profile of a company.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CompanyProfile {
    /// The name in the register of companies.
    #[schema(example = "Fastener Works, Inc.")]
    pub legal_name: String,
    /// The name it trades under, if another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trading_name: Option<String>,
    /// Where it sits.
    pub address: PostalAddress,
    /// Its registered identifiers; each belongs to one organization only.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub identifiers: Vec<Identifier>,
    /// The company's telephone number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// The company's web site.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub website: Option<String>,
}

/// Where a company sits.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PostalAddress {
    /// One or two lines: street and number, suite.
    pub lines: Vec<String>,
    /// The town.
    pub city: String,
    /// State, province or region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// The postal code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub postal_code: Option<String>,
    /// ISO 3166-1 alpha-2.
    #[schema(example = "US")]
    pub country: String,
}

impl CompanyProfile {
    /// The valid profile; what is wrong with it is noted below `/profile`.
    pub(crate) fn parse(&self, checks: &mut Checks) -> Option<OrganizationProfile> {
        let legal_name = checks.parse("/profile/legal_name", &self.legal_name, CompanyName::parse);
        let trading_name = checks.parse_optional("/profile/trading_name", self.trading_name.as_deref(), CompanyName::parse);
        let phone = checks.parse_optional("/profile/phone", self.phone.as_deref(), Phone::parse);
        let website = checks.parse_optional("/profile/website", self.website.as_deref(), WebAddress::parse);
        let identifiers = parse_identifiers(checks, "/profile/identifiers", &self.identifiers);
        let address = self.address.parse(checks);
        let profile = OrganizationProfile { legal_name: legal_name?, trading_name, address: address?, identifiers, phone, website };
        match profile.check() {
            Ok(()) => Some(profile),
            Err(problem) => {
                note(checks, problem);
                None
            }
        }
    }
}

fn note(checks: &mut Checks, problem: ProfileProblem) {
    checks.wrong(problem.field(), problem.to_string());
}

impl PostalAddress {
    fn parse(&self, checks: &mut Checks) -> Option<Address> {
        let mut lines = Vec::with_capacity(self.lines.len());
        for (index, line) in self.lines.iter().enumerate() {
            lines.extend(checks.parse(format!("/profile/address/lines/{index}"), line, AddressLine::parse));
        }
        let city = checks.parse("/profile/address/city", &self.city, AddressLine::parse);
        let region = checks.parse_optional("/profile/address/region", self.region.as_deref(), AddressLine::parse);
        let postal_code = checks.parse_optional("/profile/address/postal_code", self.postal_code.as_deref(), AddressLine::parse);
        let country = checks.parse("/profile/address/country", &self.country, Country::parse);
        Some(Address { lines, city: city?, region, postal_code, country: country? })
    }
}

impl From<&OrganizationProfile> for CompanyProfile {
    fn from(profile: &OrganizationProfile) -> Self {
        let address = &profile.address;
        Self {
            legal_name: profile.legal_name.to_string(),
            trading_name: profile.trading_name.as_ref().map(ToString::to_string),
            address: PostalAddress {
                lines: address.lines.iter().map(ToString::to_string).collect(),
                city: address.city.to_string(),
                region: address.region.as_ref().map(ToString::to_string),
                postal_code: address.postal_code.as_ref().map(ToString::to_string),
                country: address.country.to_string(),
            },
            identifiers: profile
                .identifiers
                .iter()
                .map(|identifier| Identifier { scheme: identifier.scheme.to_string(), value: identifier.value.to_string() })
                .collect(),
            phone: profile.phone.as_ref().map(ToString::to_string),
            website: profile.website.as_ref().map(ToString::to_string),
        }
    }
}

/// What a user may be beside a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "role", rename_all = "snake_case", deny_unknown_fields)]
pub enum HeldRole {
    /// Administrator of the organization.
    OrganizationAdministrator {},
    /// Administrator of one application for the organization.
    ApplicationAdministrator {
        /// Which application.
        application: Uuid,
    },
}

impl From<UserRole> for HeldRole {
    fn from(role: UserRole) -> Self {
        match role {
            UserRole::OrganizationAdministrator => Self::OrganizationAdministrator {},
            UserRole::ApplicationAdministrator(application) => Self::ApplicationAdministrator { application: application.0 },
        }
    }
}

impl From<HeldRole> for UserRole {
    fn from(role: HeldRole) -> Self {
        match role {
            HeldRole::OrganizationAdministrator {} => Self::OrganizationAdministrator,
            HeldRole::ApplicationAdministrator { application } => Self::ApplicationAdministrator(ApplicationId(application)),
        }
    }
}

/// Why something is decided.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Because {
    /// The reason, at most 1,000 characters. It is on record for good.
    #[schema(example = "left the company")]
    pub reason: String,
}

impl Because {
    /// The valid reason.
    pub(crate) fn parse(&self) -> Result<Reason, Problem> {
        let mut checks = Checks::default();
        let reason = checks.parse("/reason", &self.reason, Reason::parse);
        checks.finish(reason)
    }
}

/// It is so now.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub struct Done {
    /// The thing that it was done to.
    pub id: Uuid,
}
