//! Which mails there are.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! templates {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
        /// Which mail it is (domain, "Mails"). Its name is the name of its template's files and stands in its fate.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum Template {
            $($(#[$doc])* #[serde(rename = $text)] $name,)*
        }

        impl Template {
            /// All of them, in the order of the domain's list.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// Its name, such as `invitation`.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }

            /// The mail of this name, if there is one.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|template| template.as_str() == text)
            }
        }
    };
}

templates! {
    /// A partner invites a company.
    Invitation = "invitation";
    /// A partner offers its applications to a company that is registered already.
    InvitationOffer = "invitation_offer";
    /// The invitation ends soon, unanswered.
    InvitationReminder = "invitation_reminder";
    /// The inviter took the invitation back.
    InvitationRevoked = "invitation_revoked";
    /// The registration was received and will be decided.
    RegistrationAcknowledged = "registration_acknowledged";
    /// The reviewer has questions.
    InformationRequested = "information_requested";
    /// The company turned out to be registered: the case is closed.
    RegistrationLinked = "registration_linked";
    /// The organization is registered: User ID and first-time login, to each designated administrator.
    Approved = "approved";
    /// The registration was rejected.
    Rejected = "rejected";
    /// The organization is subscribed to an application.
    OrganizationSubscribed = "organization_subscribed";
    /// The subscription was denied.
    SubscriptionDenied = "subscription_denied";
    /// An organization administrator created the user's account.
    AccountCreated = "account_created";
    /// An organization administrator invites somebody to register as a user.
    SelfRegistrationInvitation = "self_registration_invitation";
    /// Who registered as a user was confirmed.
    SelfRegistrationConfirmed = "self_registration_confirmed";
    /// Who registered as a user was refused.
    SelfRegistrationRefused = "self_registration_refused";
    /// A user asks for access, to the application's administrators.
    AccessAsked = "access_asked";
    /// Access was granted.
    AccessGranted = "access_granted";
    /// Access was denied.
    AccessDenied = "access_denied";
    /// Access was revoked.
    AccessRevoked = "access_revoked";
    /// First-time login is complete.
    LoginSuccess = "login_success";
    /// The password was changed.
    PasswordChanged = "password_changed";
    /// A credential was added.
    CredentialAdded = "credential_added";
    /// A credential was removed.
    CredentialRemoved = "credential_removed";
    /// The account, or the whole organization, was suspended.
    AccountSuspended = "account_suspended";
    /// A review is due soon, to staff.
    ReviewDueSoon = "review_due_soon";
    /// A review is overdue, to staff.
    ReviewOverdue = "review_overdue";
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
