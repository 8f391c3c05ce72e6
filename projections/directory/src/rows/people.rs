//! Users, their credentials, and the operator's staff.

use domain::credential::CredentialKind;
use domain::registration::Affiliation;
use domain::user::{UserOrigin, UserRole};
use domain::{CredentialId, OrganizationId, PersonId, StaffId, StaffRole};
use jiff::Timestamp;
use projection_runtime::table::Json;
use projection_runtime::{table, words};

words! {
    /// Where a user stands.
    pub enum UserState {
        /// An administrator invited them to register as a user.
        Invited = "invited",
        /// They filled in who they are; an administrator confirms or refuses.
        SelfRegistered = "self_registered",
        /// An administrator refused them.
        Refused = "refused",
        /// They did not follow the invitation in time.
        InvitationExpired = "invitation_expired",
        /// The account is created; first-time login is not complete.
        PendingFirstLogin = "pending_first_login",
        /// The account is established.
        Active = "active",
        /// The account is suspended.
        Suspended = "suspended",
        /// The account is closed, for good.
        Closed = "closed",
    }
}

words! {
    /// What became of the last one-time password of a user.
    pub enum OneTimePasswordState {
        /// It works.
        Issued = "issued",
        /// Wrong guesses have ended it.
        Locked = "locked",
        /// It was used; a password is to be set.
        Redeemed = "redeemed",
        /// A password was set after it.
        Spent = "spent",
    }
}

words! {
    /// The next step of first-time login, or after a new one-time password was issued.
    pub enum LoginStep {
        /// Sign in with the one-time password.
        OneTimePassword = "one_time_password",
        /// Choose a password.
        Password = "password",
        /// Confirm the profile.
        Profile = "profile",
        /// Accept the terms of use.
        Terms = "terms",
    }
}

table! {
    /// A user, from the invitation on.
    pub struct User in "users" {
        key {
            /// Who.
            pub person: PersonId,
        }
        /// Of which organization.
        pub organization: OrganizationId,
        /// The User ID, once the account is created.
        pub user_id: Option<String>,
        /// The given name. Personal.
        pub given_name: Option<String>,
        /// The family name. Personal.
        pub family_name: Option<String>,
        /// The e-mail address. Personal.
        pub email: Option<String>,
        /// The domain of the e-mail address. Personal.
        pub email_domain: Option<String>,
        /// The telephone number. Personal.
        pub phone: Option<String>,
        /// The job title. Personal.
        pub job_title: Option<String>,
        /// What they are beside a user, in order.
        pub roles: Json<Vec<UserRole>>,
        /// Where they stand.
        pub state: UserState,
        /// Why they were refused, suspended, reinstated or closed.
        pub reason: Option<String>,
        /// How the account came to be.
        pub origin: Option<Json<UserOrigin>>,
        /// The last one-time password, in the vault.
        pub one_time_password: Option<CredentialId>,
        /// What became of it. It works only while it is `issued`.
        pub one_time_password_state: Option<OneTimePasswordState>,
        /// The password that works now, in the vault.
        pub password: Option<CredentialId>,
        /// The second factors that work, in the vault, in the order in which they were added.
        pub second_factors: Json<Vec<CredentialId>>,
        /// Whether they confirmed their profile.
        pub profile_confirmed: bool,
        /// The version of the terms that they accepted last.
        pub terms_version: Option<String>,
        /// When.
        pub terms_accepted_at: Option<Timestamp>,
        /// When first-time login was completed.
        pub established_at: Option<Timestamp>,
        /// Until when the invitation can be followed.
        pub invitation_expires_at: Option<Timestamp>,
        /// When the state changed last.
        pub since: Timestamp,
    }
}

impl User {
    /// The step of login that comes next, of a user who has an account; kept by the server, so that an interrupted first-time
    /// login resumes where it stopped. None: nothing is left.
    #[must_use]
    pub fn next_login_step(&self) -> Option<LoginStep> {
        self.user_id.as_ref()?;
        match self.one_time_password_state? {
            OneTimePasswordState::Issued | OneTimePasswordState::Locked => Some(LoginStep::OneTimePassword),
            OneTimePasswordState::Redeemed => Some(LoginStep::Password),
            OneTimePasswordState::Spent if !self.profile_confirmed => Some(LoginStep::Profile),
            OneTimePasswordState::Spent if self.terms_version.is_none() => Some(LoginStep::Terms),
            OneTimePasswordState::Spent => None,
        }
    }

    /// The one-time password that works now.
    #[must_use]
    pub fn usable_one_time_password(&self) -> Option<CredentialId> {
        self.one_time_password.filter(|_| self.one_time_password_state == Some(OneTimePasswordState::Issued))
    }

    /// Given and family name, unless erased or not known yet.
    #[must_use]
    pub fn full_name(&self) -> Option<String> {
        Some(format!("{} {}", self.given_name.as_ref()?, self.family_name.as_ref()?))
    }

    /// Whether they have this role.
    #[must_use]
    pub fn has_role(&self, role: UserRole) -> bool {
        self.roles.0.contains(&role)
    }
}

words! {
    /// Where a credential beyond the password stands.
    pub enum CredentialState {
        /// It waits for its first use.
        Pending = "pending",
        /// It works.
        Active = "active",
        /// It works no more.
        Revoked = "revoked",
    }
}

table! {
    /// A credential of a user beyond the password.
    pub struct Credential in "credentials" {
        key {
            /// Which one; its secret lies in the vault under this id.
            pub id: CredentialId,
        }
        /// Whose.
        pub person: PersonId,
        /// Which kind.
        pub kind: Json<CredentialKind>,
        /// What the user calls it.
        pub label: String,
        /// Where it stands.
        pub state: CredentialState,
        /// When it was registered.
        pub registered_at: Timestamp,
        /// When the state changed last.
        pub since: Timestamp,
    }
}

table! {
    /// A member of the operator's staff.
    pub struct StaffMember in "staff" {
        key {
            /// Which one.
            pub id: StaffId,
        }
        /// The person behind.
        pub person: PersonId,
        /// The given name. Personal.
        pub given_name: Option<String>,
        /// The family name. Personal.
        pub family_name: Option<String>,
        /// The e-mail address. Personal.
        pub email: Option<String>,
        /// The telephone number. Personal.
        pub phone: Option<String>,
        /// The job title. Personal.
        pub job_title: Option<String>,
        /// Their roles, in order.
        pub roles: Json<Vec<StaffRole>>,
        /// The organizations that they belong to.
        pub affiliations: Json<Vec<Affiliation>>,
        /// The User ID, once they can sign in.
        pub user_id: Option<String>,
        /// The second factors that work, in the vault, in the order in which they were added.
        pub second_factors: Json<Vec<CredentialId>>,
        /// Since when.
        pub appointed_at: Timestamp,
        /// When they left.
        pub dismissed_at: Option<Timestamp>,
    }
}

impl StaffMember {
    /// Whether they are on the staff and have this role.
    #[must_use]
    pub fn acts_as(&self, role: StaffRole) -> bool {
        self.dismissed_at.is_none() && self.roles.0.contains(&role)
    }

    /// Given and family name, unless erased.
    #[must_use]
    pub fn full_name(&self) -> Option<String> {
        Some(format!("{} {}", self.given_name.as_ref()?, self.family_name.as_ref()?))
    }
}
