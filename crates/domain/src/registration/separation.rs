//! The rule of separation: a staff member never decides on a registration of an organization to which they belong, and never
//! on one that they submitted (domain, "Who acts").

use std::fmt;

use super::commands::{Affiliation, Reviewer};
use super::events::Origin;
use super::state::Case;
use crate::names::comparable_name;
use crate::{CompanyName, Email, IdentifierValue, OrganizationId, Owner, RegisteredIdentifier};

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
            Self::Organization => "you belong to this organization",
        })
    }
}

/// The tie between a reviewer and a case, if there is one; `linked` is the organization that the case would be linked to.
/// What was erased cannot tie anybody.
pub(super) fn tie(reviewer: &Reviewer, case: &Case, linked: Option<OrganizationId>) -> Option<Tie> {
    let is_reviewer = |email: Option<&Email>| email.zip(reviewer.email.as_ref()).is_some_and(|(a, b)| same_mailbox(a, b));
    if is_reviewer(case.registrant.get().map(|registrant| &registrant.email)) {
        return Some(Tie::Registrant);
    }
    if case.dossier.nominees.iter().any(|nominee| is_reviewer(nominee.contact.get().map(|contact| &contact.email))) {
        return Some(Tie::Nominee);
    }
    reviewer.affiliations.iter().find_map(|affiliation| affiliation_tie(affiliation, case, linked))
}

fn affiliation_tie(affiliation: &Affiliation, case: &Case, linked: Option<OrganizationId>) -> Option<Tie> {
    match affiliation {
        Affiliation::Organization(organization) => {
            let is_inviter = match case.origin {
                Origin::Invitation { inviter: Owner::Partner(partner), .. } => partner == *organization,
                Origin::Invitation { inviter: Owner::Operator, .. } | Origin::Public => false,
            };
            if is_inviter {
                return Some(Tie::Inviter);
            }
            (linked == Some(*organization) || case.organization == *organization).then_some(Tie::Organization)
        }
        Affiliation::Identifier(identifier) => {
            let mut identifiers = case.dossier.profile.iter().flat_map(|profile| &profile.identifiers);
            identifiers.any(|other| same_identifier(identifier, other)).then_some(Tie::Identifier)
        }
        Affiliation::Company(name) => {
            let profile = case.dossier.profile.as_ref();
            let names = [
                case.company.as_ref(),
                profile.map(|profile| &profile.legal_name),
                profile.and_then(|profile| profile.trading_name.as_ref()),
            ];
            names.into_iter().flatten().any(|other| same_company(name, other)).then_some(Tie::CompanyName)
        }
    }
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
