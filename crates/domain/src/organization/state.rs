//! What the events of an organization fold to.

use std::collections::BTreeMap;

use crate::registration::{About, Reviewer, Tie};
use crate::{OrganizationId, OrganizationProfile, PersonId, RegistrationId};

/// Where an organization stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum OrganizationState {
    /// There is none.
    #[default]
    NotRegistered,
    /// It is registered and its people can sign in.
    Registered(Registered),
    /// Nobody of it can sign in.
    Suspended(Registered),
    /// It is closed, for good.
    Closed(Registered),
}

/// A registered organization.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registered {
    /// The case that it was approved in.
    pub registration: RegistrationId,
    /// Its profile.
    pub profile: OrganizationProfile,
    /// The change of profile that waits for review.
    pub amendment: Option<Amendment>,
    /// Its administrators, and whether they can act.
    pub administrators: BTreeMap<PersonId, Standing>,
}

/// A change of profile that waits for review.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Amendment {
    /// The profile as it would be.
    pub profile: OrganizationProfile,
    /// Which user asked for it, if that is on record.
    pub requested_by: Option<PersonId>,
}

/// Whether an administrator can act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Their first-time login is not done yet.
    Expected,
    /// Their account is established: an active administrator.
    Established,
}

impl Registered {
    /// The tie between a reviewer and this organization, whose id is given, if there is one: they administer it, asked for the change that
    /// waits, belong to it, or to a company of a name or identifier that it has or asks for.
    #[must_use]
    pub fn tie(&self, id: OrganizationId, reviewer: &Reviewer) -> Option<Tie> {
        let requester = self.amendment.as_ref().and_then(|amendment| amendment.requested_by);
        let profiles: Vec<_> = std::iter::once(&self.profile).chain(self.amendment.iter().map(|amendment| &amendment.profile)).collect();
        let about = About {
            accounts: requester
                .map(|person| (person, Tie::Requester))
                .into_iter()
                .chain(self.administrators.keys().map(|person| (*person, Tie::Organization)))
                .collect(),
            organizations: vec![(id, Tie::Organization)],
            companies: profiles.iter().flat_map(|profile| std::iter::once(&profile.legal_name).chain(&profile.trading_name)).collect(),
            identifiers: profiles.iter().flat_map(|profile| &profile.identifiers).collect(),
            ..About::default()
        };
        about.tie(reviewer)
    }

    /// Whether the organization could go on without this administrator: another one is active, or, as long as none is, another
    /// one is expected.
    #[must_use]
    pub fn can_spare(&self, administrator: PersonId) -> bool {
        let others = || self.administrators.iter().filter(|(other, _)| **other != administrator);
        let has_active = self.administrators.values().any(|standing| *standing == Standing::Established);
        if has_active { others().any(|(_, standing)| *standing == Standing::Established) } else { others().next().is_some() }
    }
}

impl OrganizationState {
    /// What is registered, in whichever state; none before the approval.
    #[must_use]
    pub fn registered(&self) -> Option<&Registered> {
        match self {
            Self::NotRegistered => None,
            Self::Registered(registered) | Self::Suspended(registered) | Self::Closed(registered) => Some(registered),
        }
    }

    /// Whether its people can sign in and act.
    #[must_use]
    pub fn is_in_good_standing(&self) -> bool {
        match self {
            Self::Registered(_) => true,
            Self::NotRegistered | Self::Suspended(_) | Self::Closed(_) => false,
        }
    }

    /// Whether this person is an administrator of it who can act. In a suspended organization nobody can.
    #[must_use]
    pub fn has_active_administrator(&self, person: PersonId) -> bool {
        match self {
            Self::Registered(registered) => registered.administrators.get(&person) == Some(&Standing::Established),
            Self::NotRegistered | Self::Suspended(_) | Self::Closed(_) => false,
        }
    }

    /// Its administrators whose accounts are established, in the order of their ids.
    pub fn active_administrators(&self) -> impl Iterator<Item = PersonId> {
        self.registered()
            .into_iter()
            .flat_map(|registered| &registered.administrators)
            .filter(|(_, standing)| **standing == Standing::Established)
            .map(|(person, _)| *person)
    }
}
