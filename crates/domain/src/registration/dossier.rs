//! The dossier: what a registrant fills in and a reviewer decides on.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::events::{AdministratorRole, RequestedApplication};
use crate::names::mixes_scripts;
use crate::text::is_formula;
use crate::{ApplicationId, CompanyName, Contact, CredentialId, OrganizationProfile, PersonId, Personal, Reason};

/// What a registrant fills in and a reviewer decides on. Its version counts up with every change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dossier {
    /// Counts up with every change; 1 at the start.
    pub version: u32,
    /// The applications that are asked for.
    pub applications: Vec<RequestedApplication>,
    /// The organization's profile, once saved.
    pub profile: Option<OrganizationProfile>,
    /// The administrators-to-be, in the order of their nomination. Each has at least one role.
    pub nominees: Vec<Nominee>,
    /// The version that the registrant confirmed last.
    pub confirmed_version: Option<u32>,
    /// In which version a section changed last.
    pub changed: BTreeMap<Section, u32>,
}

impl Dossier {
    /// What in it speaks for care, so that two people must approve: names that may be made to pass for others (UTS 39), or to be computed by a
    /// spreadsheet that they come into.
    pub(crate) fn risks(&self) -> impl Iterator<Item = Reason> {
        let of = |profile: &OrganizationProfile| [Some(profile.legal_name.clone()), profile.trading_name.clone()];
        let names = self.profile.as_ref().map(of).into_iter().flatten().flatten();
        let signal = |name: CompanyName| {
            let speaks = match name.as_str() {
                text if mixes_scripts(text) => "A word of it mixes scripts: it may be made to look like another name.",
                text if is_formula(text) => "It begins as a formula does: a spreadsheet that it comes into may compute it.",
                _ => return None,
            };
            Reason::parse(&format!("The name \u{201c}{name}\u{201d}: {speaks}")).ok()
        };
        names.filter_map(signal)
    }
}

/// An administrator-to-be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nominee {
    /// Who, and how to reach them.
    pub contact: Personal<Contact>,
    /// Whether the registrant named themselves.
    pub is_registrant: bool,
    /// Their one-time password, in the vault.
    pub one_time_password: CredentialId,
    /// Whether the registrant said that they will hand it over.
    pub handover_acknowledged: bool,
    /// What they shall be.
    pub roles: BTreeSet<AdministratorRole>,
}

impl Nominee {
    /// Who.
    #[must_use]
    pub fn person(&self) -> PersonId {
        self.contact.person()
    }
}

/// A part of the dossier that can change. Shown as a JSON pointer into it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Section {
    /// The name in the register of companies.
    LegalName,
    /// The name it trades under.
    TradingName,
    /// Where it sits.
    Address,
    /// Its registered identifiers.
    Identifiers,
    /// Its telephone number.
    Phone,
    /// Its web site.
    Website,
    /// Who is to be administrator of the organization.
    OrganizationAdministrators,
    /// Who is to be administrator of an application.
    ApplicationAdministrators(ApplicationId),
}

impl From<AdministratorRole> for Section {
    fn from(role: AdministratorRole) -> Self {
        match role {
            AdministratorRole::OrganizationAdministrator => Self::OrganizationAdministrators,
            AdministratorRole::ApplicationAdministrator(application) => Self::ApplicationAdministrators(application),
        }
    }
}

impl fmt::Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LegalName => f.write_str("/profile/legal_name"),
            Self::TradingName => f.write_str("/profile/trading_name"),
            Self::Address => f.write_str("/profile/address"),
            Self::Identifiers => f.write_str("/profile/identifiers"),
            Self::Phone => f.write_str("/profile/phone"),
            Self::Website => f.write_str("/profile/website"),
            Self::OrganizationAdministrators => f.write_str("/administrators/organization"),
            Self::ApplicationAdministrators(application) => write!(f, "/administrators/{application}"),
        }
    }
}

/// A step of the registration, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Prove to be human.
    HumanCheck,
    /// Fill in the organization's profile.
    Profile,
    /// Name at least one organization administrator.
    OrganizationAdministrators,
    /// Name at least one administrator of this application.
    ApplicationAdministrators(ApplicationId),
    /// Acknowledge that this nominee's one-time password will be handed over.
    Handover(PersonId),
    /// Look through the whole and confirm it.
    Review,
    /// Nothing is missing: submit.
    Submit,
}

impl Step {
    /// What is to be done in it, as the end of a sentence.
    #[must_use]
    pub fn task(self) -> &'static str {
        match self {
            Self::HumanCheck => "pass the human check",
            Self::Profile => "save the organization profile",
            Self::OrganizationAdministrators => "name at least one organization administrator",
            Self::ApplicationAdministrators(_) => "name at least one administrator for each application that needs one",
            Self::Handover(_) => "acknowledge that you will hand over each one-time password",
            Self::Review => "look through your entries and confirm them",
            Self::Submit => "submit the registration",
        }
    }
}

impl Dossier {
    /// The dossier of a registration that has just begun.
    #[must_use]
    pub(super) fn new(applications: Vec<RequestedApplication>) -> Self {
        Self { version: 1, applications, profile: None, nominees: Vec::new(), confirmed_version: None, changed: BTreeMap::new() }
    }

    /// Whether the registrant has confirmed it as it is now.
    #[must_use]
    pub fn is_confirmed(&self) -> bool {
        self.confirmed_version == Some(self.version)
    }

    /// The nominee who is this person.
    #[must_use]
    pub fn nominee(&self, person: PersonId) -> Option<&Nominee> {
        self.nominees.iter().find(|nominee| nominee.person() == person)
    }

    /// Those who are to have this role.
    pub fn administrators(&self, role: AdministratorRole) -> impl Iterator<Item = &Nominee> {
        self.nominees.iter().filter(move |nominee| nominee.roles.contains(&role))
    }

    /// The sections that changed after a version.
    pub fn changed_since(&self, version: u32) -> impl Iterator<Item = Section> {
        self.changed.iter().filter(move |(_, changed)| **changed > version).map(|(section, _)| *section)
    }

    /// The first step that is missing before the registrant can look through the whole.
    #[must_use]
    pub(super) fn first_missing_entry(&self) -> Option<Step> {
        if self.profile.is_none() {
            return Some(Step::Profile);
        }
        if self.administrators(AdministratorRole::OrganizationAdministrator).next().is_none() {
            return Some(Step::OrganizationAdministrators);
        }
        self.applications
            .iter()
            .filter(|requested| requested.needs_administrator)
            .map(|requested| requested.application)
            .find(|application| self.administrators(AdministratorRole::ApplicationAdministrator(*application)).next().is_none())
            .map(Step::ApplicationAdministrators)
    }

    /// The nominee whose handover is not acknowledged yet.
    #[must_use]
    pub(super) fn first_missing_handover(&self) -> Option<Step> {
        self.nominees.iter().find(|nominee| !nominee.handover_acknowledged).map(|nominee| Step::Handover(nominee.person()))
    }

    pub(super) fn nominee_mut(&mut self, person: PersonId) -> Option<&mut Nominee> {
        self.nominees.iter_mut().find(|nominee| nominee.person() == person)
    }

    /// Notes that these sections changed, in a new version.
    pub(super) fn note_change(&mut self, sections: impl IntoIterator<Item = Section>) {
        self.version = self.version.saturating_add(1);
        self.changed.extend(sections.into_iter().map(|section| (section, self.version)));
    }
}
