//! What can be asked about a member of the operator's staff.

use crate::registration::Affiliation;
use crate::{Contact, Personal, Reason, StaffRole};

/// What can be asked about a member of the operator's staff.
#[derive(Debug, Clone)]
pub enum StaffCommand {
    /// Takes somebody onto the staff.
    AppointStaff {
        /// How to reach them.
        contact: Personal<Contact>,
        /// Their roles. At least one.
        roles: Vec<StaffRole>,
    },
    /// Gives a role.
    GrantStaffRole {
        /// Which.
        role: StaffRole,
    },
    /// Takes a role.
    RevokeStaffRole {
        /// Which.
        role: StaffRole,
        /// Why.
        reason: Reason,
    },
    /// Declares the organizations that they belong to.
    DeclareAffiliations {
        /// All of them.
        affiliations: Vec<Affiliation>,
    },
    /// Ends their membership.
    DismissStaff {
        /// Why.
        reason: Reason,
    },
}
