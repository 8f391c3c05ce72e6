//! What the events of a member of the staff fold to.

use std::collections::BTreeSet;

use crate::registration::{Affiliation, Reviewer};
use crate::sign_in::{LoginStep, SignInMeans};
use crate::{Contact, Personal, ReservationId, StaffId, StaffRole, UserId};

/// Where a member of the staff stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum StaffState {
    /// There is none.
    #[default]
    NotAppointed,
    /// On the staff.
    Member(Member),
    /// Left the staff.
    Dismissed(Member),
}

/// A member of the staff.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// How to reach them.
    pub contact: Personal<Contact>,
    /// Their roles; none implies another.
    pub roles: BTreeSet<StaffRole>,
    /// The organizations that they belong to, whose cases they never decide.
    pub affiliations: Vec<Affiliation>,
    /// By what they sign in; none: by nothing yet, tokens apart.
    pub account: Option<StaffAccount>,
    /// Who they are at the operator's identity provider; none: they do not sign in there.
    pub identity: Option<ReservationId>,
}

/// How a member of the staff signs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaffAccount {
    /// The User ID.
    pub user_id: UserId,
    /// Password and second factors.
    pub means: SignInMeans,
}

impl StaffAccount {
    /// What comes next before the account can be used. Staff always need a second factor.
    #[must_use]
    pub fn next_step(&self) -> Option<LoginStep> {
        let lacks_second_factor = self.means.second_factors.is_empty();
        self.means.next_step().or(lacks_second_factor.then_some(LoginStep::RegisterSecondFactor))
    }
}

impl StaffState {
    /// The member, as long as they are on the staff.
    #[must_use]
    pub fn member(&self) -> Option<&Member> {
        match self {
            Self::Member(member) => Some(member),
            Self::NotAppointed | Self::Dismissed(_) => None,
        }
    }

    /// Whether they have exactly this role: a role implies no other. Who left has none.
    #[must_use]
    pub fn has_role(&self, role: StaffRole) -> bool {
        self.member().is_some_and(|member| member.roles.contains(&role))
    }

    /// The member under this id with what the rule of separation needs to know of them.
    #[must_use]
    pub fn reviewer(&self, staff: StaffId) -> Option<Reviewer> {
        self.member().map(|member| Reviewer {
            staff,
            email: member.contact.get().map(|contact| contact.email.clone()),
            affiliations: member.affiliations.clone(),
            accounts: Vec::new(),
        })
    }
}
