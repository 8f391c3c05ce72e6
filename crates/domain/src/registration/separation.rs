//! The rule of separation: a staff member never decides on a registration of an organization to which they belong, and never
//! on one that they submitted (domain, "Who acts"), nor on one that they invited. It holds for every decision about a company: on its
//! registration, on changes of its profile, on its subscriptions.

use std::fmt;

use super::commands::{Affiliation, Reviewer};
use super::events::Origin;
use super::state::Case;
use crate::names::comparable_name;
use crate::{CompanyName, Email, IdentifierValue, OrganizationId, Owner, PersonId, RegisteredIdentifier, StaffId};

/// In which way a reviewer has to do with what they would decide on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tie {
    /// They are the registrant.
    Registrant,
    /// They are to be an administrator.
    Nominee,
    /// They belong to the company, by a registered identifier.
    Identifier,
    /// They belong to the company, by its name.
    CompanyName,
    /// They belong to the partner that invited it.
    Inviter,
    /// They invited it for the operator.
    Invited,
    /// They asked for it themselves.
    Requester,
    /// They belong to the organization that it would become or be linked to.
    Organization,
}

impl fmt::Display for Tie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Registrant => "you submitted this registration yourself",
            Self::Nominee => "you are to be an administrator of this company",
            Self::Identifier => "you belong to a company with the same registered identifier",
            Self::CompanyName => "you belong to a company of the same name",
            Self::Inviter => "you belong to the partner that invited this company",
            Self::Invited => "you invited this company yourself",
            Self::Requester => "you asked for this change yourself",
            Self::Organization => "you belong to this organization",
        })
    }
}

/// What a decision is about, as far as a reviewer can have to do with it: each with the tie that it would be.
#[derive(Debug, Default)]
pub(crate) struct About<'a> {
    /// Members of the staff.
    pub(crate) staff: Vec<(StaffId, Tie)>,
    /// Mailboxes. What was erased cannot tie anybody.
    pub(crate) mailboxes: Vec<(&'a Email, Tie)>,
    /// Users.
    pub(crate) accounts: Vec<(PersonId, Tie)>,
    /// Registered organizations.
    pub(crate) organizations: Vec<(OrganizationId, Tie)>,
    /// Names of the company.
    pub(crate) companies: Vec<&'a CompanyName>,
    /// Registered identifiers of the company.
    pub(crate) identifiers: Vec<&'a RegisteredIdentifier>,
}

impl About<'_> {
    /// The tie of this reviewer, if there is one.
    pub(crate) fn tie(&self, reviewer: &Reviewer) -> Option<Tie> {
        let by_staff = || self.staff.iter().find(|(staff, _)| *staff == reviewer.staff).map(|(_, tie)| *tie);
        let by_mailbox = || {
            let email = reviewer.email.as_ref()?;
            self.mailboxes.iter().find(|(mailbox, _)| same_mailbox(mailbox, email)).map(|(_, tie)| *tie)
        };
        let by_account = || self.accounts.iter().find(|(person, _)| reviewer.accounts.contains(person)).map(|(_, tie)| *tie);
        let by_affiliation = || reviewer.affiliations.iter().find_map(|affiliation| self.affiliation_tie(affiliation));
        by_staff().or_else(by_mailbox).or_else(by_account).or_else(by_affiliation)
    }

    fn affiliation_tie(&self, affiliation: &Affiliation) -> Option<Tie> {
        match affiliation {
            Affiliation::Organization(organization) => {
                self.organizations.iter().find(|(other, _)| other == organization).map(|(_, tie)| *tie)
            }
            Affiliation::Identifier(identifier) => {
                self.identifiers.iter().any(|other| same_identifier(identifier, other)).then_some(Tie::Identifier)
            }
            Affiliation::Company(name) => self.companies.iter().any(|other| same_company(name, other)).then_some(Tie::CompanyName),
        }
    }
}

/// The tie between a reviewer and a case, if there is one; `linked` is the organization that the case would be linked to.
pub(super) fn tie(reviewer: &Reviewer, case: &Case, linked: Option<OrganizationId>) -> Option<Tie> {
    let inviter = match case.origin {
        Origin::Invitation { inviter: Owner::Partner(partner), .. } => Some((partner, Tie::Inviter)),
        Origin::Invitation { inviter: Owner::Operator, .. } | Origin::Public => None,
    };
    let registrant = case.registrant.get().map(|registrant| (&registrant.email, Tie::Registrant));
    let nominees = case.dossier.nominees.iter().filter_map(|nominee| Some((&nominee.contact.get()?.email, Tie::Nominee)));
    let profile = case.dossier.profile.as_ref();
    let names = [case.company.as_ref(), profile.map(|profile| &profile.legal_name), profile.and_then(|of| of.trading_name.as_ref())];
    let about = About {
        staff: case.invited_by.iter().map(|staff| (*staff, Tie::Invited)).collect(),
        mailboxes: registrant.into_iter().chain(nominees).collect(),
        accounts: Vec::new(),
        organizations: inviter.into_iter().chain(linked.into_iter().chain([case.organization]).map(|of| (of, Tie::Organization))).collect(),
        companies: names.into_iter().flatten().collect(),
        identifiers: profile.iter().flat_map(|profile| &profile.identifiers).collect(),
    };
    about.tie(reviewer)
}

/// Whether two addresses are one mailbox in practice: compared without regard to case.
#[must_use]
pub fn same_mailbox(a: &Email, b: &Email) -> bool {
    a.as_str().to_lowercase() == b.as_str().to_lowercase()
}

/// Whether two registered identifiers are the same, without regard to how they are punctuated.
#[must_use]
pub fn same_identifier(a: &RegisteredIdentifier, b: &RegisteredIdentifier) -> bool {
    let bare = |value: &IdentifierValue| value.as_str().chars().filter(char::is_ascii_alphanumeric).collect::<String>();
    a.scheme == b.scheme && bare(&a.value) == bare(&b.value)
}

/// Whether two names are likely to be of the same company.
#[must_use]
pub fn same_company(a: &CompanyName, b: &CompanyName) -> bool {
    comparable_name(a.as_str()) == comparable_name(b.as_str())
}
