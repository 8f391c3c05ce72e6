//! An organization's profile, as requests and answers have it.

use domain::{Address, AddressLine, CompanyName, Country, OrganizationProfile, Phone, WebAddress};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::checks::Checks;
use crate::invitations::create::{Identifier, parse_identifiers};

/// An organization's profile. Required: legal name, address with one or two lines, town and country.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// The name in the register of companies.
    #[schema(example = "Fastener Works SARL")]
    pub legal_name: String,
    /// The name it trades under, if another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trading_name: Option<String>,
    /// Where it sits.
    pub address: PostalAddress,
    /// Its registered identifiers; each belongs to one organization only. At most 20.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub identifiers: Vec<Identifier>,
    /// The company's telephone number, with `+` and the country code.
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
    #[schema(example = json!(["12 rue des Ateliers"]))]
    pub lines: Vec<String>,
    /// The town.
    #[schema(example = "Toulouse")]
    pub city: String,
    /// State, province or region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// The postal code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "31000")]
    pub postal_code: Option<String>,
    /// ISO 3166-1 alpha-2.
    #[schema(example = "FR")]
    pub country: String,
}

impl Profile {
    /// The valid profile; what is wrong is noted.
    pub(crate) fn parse(&self, checks: &mut Checks) -> Option<OrganizationProfile> {
        let legal_name = checks.parse("/legal_name", &self.legal_name, CompanyName::parse);
        let trading_name = checks.parse_optional("/trading_name", self.trading_name.as_deref(), CompanyName::parse);
        let address = self.address.parse(checks);
        let identifiers = parse_identifiers(checks, "/identifiers", &self.identifiers);
        let phone = checks.parse_optional("/phone", self.phone.as_deref(), Phone::parse);
        let website = checks.parse_optional("/website", self.website.as_deref(), WebAddress::parse);
        let (legal_name, address) = legal_name.zip(address)?;
        let profile = OrganizationProfile { legal_name, trading_name, address, identifiers, phone, website };
        if let Err(problem) = profile.check() {
            // The rule speaks of a command that holds the profile; here the profile is the whole body.
            checks.wrong(problem.field().trim_start_matches("/profile"), problem.to_string());
        }
        Some(profile)
    }
}

impl PostalAddress {
    fn parse(&self, checks: &mut Checks) -> Option<Address> {
        let mut lines = Vec::with_capacity(self.lines.len());
        for (index, line) in self.lines.iter().enumerate() {
            lines.extend(checks.parse(format!("/address/lines/{index}"), line, AddressLine::parse));
        }
        let city = checks.parse("/address/city", &self.city, AddressLine::parse);
        let region = checks.parse_optional("/address/region", self.region.as_deref(), AddressLine::parse);
        let postal_code = checks.parse_optional("/address/postal_code", self.postal_code.as_deref(), AddressLine::parse);
        let country = checks.parse("/address/country", &self.country, Country::parse);
        let (city, country) = city.zip(country)?;
        Some(Address { lines, city, region, postal_code, country })
    }
}

impl From<&OrganizationProfile> for Profile {
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
