//! What takes more than one command, or a secret and a command: each step idempotent under ids that derive from the command,
//! so that a crash between two of them is mended by sending the command again, or by the process manager that follows.

mod accounts;
mod approve;
mod catalogue;
mod credentials;
mod entitle;
mod erasure;
mod forget;
mod holder;
mod identity;
mod invite;
mod members;
mod nominate;
mod owned;
mod passkeys;
mod profiles;
mod register;
mod release;
mod second_factors;
mod security;
mod separation;
mod sign_in;
mod staff;

pub use accounts::NewUser;
pub use approve::Approve;
pub use credentials::Swept;
pub use entitle::AskAccess;
pub use erasure::{Evidence, Told};
pub use holder::{AccountHolder, ActsAs, OpenAccount};
pub use identity::{ProviderIdentity, ProviderProof};
pub use invite::Invite;
pub use nominate::Nominate;
pub use owned::OwnedCredential;
pub use passkeys::NewPasskey;
pub use second_factors::{Code, NewAuthenticator, NewRecoveryCodes};
pub use sign_in::{SignedIn, Stage};

use std::sync::Arc;

use credential_vault::strength::Blocklist;
use credential_vault::{Vault, VaultError};
use domain::application::{ApplicationDetails, RegistrationPolicy, Way};
use domain::sign_in::SignInRule;
use domain::{ApplicationId, CompanyName, OrganizationId, Reason, RegisteredIdentifier, Rejection, RejectionKind};
use key_ring::{KeyRing, KeyRingError, MasterKey};
use uuid::Uuid;

use crate::{CommandError, CommandHandlers};

/// Runs what takes more than one command. Cheap to share.
#[derive(Clone)]
pub struct Workflows {
    handlers: Arc<CommandHandlers>,
    keys: Arc<KeyRing>,
    vault: Arc<Vault>,
    master: Arc<MasterKey>,
    operator_name: CompanyName,
    refused_passwords: Arc<Blocklist>,
}

/// Why a workflow went no further. What it did before stands, and sending the command again goes on from there.
pub type WorkflowError = CommandError<AnyRejection>;

/// A rule of whichever aggregate.
#[derive(Debug)]
pub struct AnyRejection(Box<dyn Rejection>);

impl std::fmt::Display for AnyRejection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for AnyRejection {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source()
    }
}

impl Rejection for AnyRejection {
    fn kind(&self) -> RejectionKind {
        self.0.kind()
    }

    fn code(&self) -> &'static str {
        self.0.code()
    }

    fn field(&self) -> Option<String> {
        self.0.field()
    }

    fn changed(&self) -> Vec<String> {
        self.0.changed()
    }
}

/// Rules that no single aggregate can know.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WorkflowRejection {
    /// The catalogue has no such application.
    #[error("the catalogue has no application {0}")]
    UnknownApplication(ApplicationId),
    /// The application takes nobody new.
    #[error("this application is retired and takes no new registrations")]
    RetiredApplication(ApplicationId),
    /// What somebody was invited to is gone.
    #[error("none of the applications of this invitation takes new organizations any more: please ask whoever invited you")]
    AllApplicationsRetired,
    /// The application belongs to somebody else.
    #[error("you can invite to your own applications only")]
    NotYourApplication(ApplicationId),
    /// The application does not let in whoever comes this way.
    #[error("this application cannot be registered for in this way; {1}")]
    NotOpenThisWay(ApplicationId, OpenWay),
    /// The same, of the one application that a command names.
    #[error(transparent)]
    OfTheOne(Box<Self>),
    /// There is no such organization, or it may not act now.
    #[error("there is no such organization in good standing")]
    NoSuchOrganization,
    /// The organization's own administrators do this.
    #[error("this organization has an administrator who can act: its users are created by its administrators")]
    HasAdministrator,
    /// A registered identifier of the case belongs to another organization, registered or about to be.
    #[error(
        "the registered identifier {} {} belongs to organization {organization} already: link the case to that organization \
         instead of approving it",
        .identifier.scheme, .identifier.value
    )]
    IdentifierTaken {
        /// Which one.
        identifier: RegisteredIdentifier,
        /// Whose it is.
        organization: OrganizationId,
    },
    /// There is no such invitation.
    #[error("there is no such invitation")]
    NoSuchInvitation,
    /// There is no such registration.
    #[error("there is no such registration")]
    NoSuchRegistration,
    /// The one-time password or password is too weak.
    #[error("{0}")]
    TooWeak(String),
    /// The new password is too weak.
    #[error("{0}")]
    WeakPassword(String),
    /// The current password, asked for once more, is wrong.
    #[error("the current password is not right")]
    WrongPassword,
    /// There is no such user in this organization.
    #[error("there is no such user")]
    NoSuchUser,
    /// The organization is not subscribed to the application.
    #[error("the organization is not subscribed to this application")]
    NotSubscribed(ApplicationId),
    /// User ID and secret do not fit together, or the account cannot be used. Says no more on purpose.
    #[error("the User ID or the password is not right")]
    SignInRefused,
    /// Whoever the provider says it is, they cannot sign in here.
    #[error("nobody on the staff who can sign in is linked to this identity")]
    IdentityRefused,
    /// They have no such credential.
    #[error("there is no such credential")]
    NoSuchCredential,
    /// The inventory has no token of this serial number.
    #[error("no token of this serial number is known here; please check the number on its back")]
    NoSuchToken,
    /// The token is somebody else's, or was until it was revoked.
    #[error("this token is registered to somebody, or was until it was revoked; the operator can release it")]
    TokenTaken,
    /// The code is not right, was used before, or is past its time.
    #[error("this code is not right; each code works once, for about a minute")]
    CodeRefused,
    /// It is no authenticator and no token.
    #[error("this credential makes no codes")]
    NotByCode,
    /// Too many codes were wrong.
    #[error("too many codes were wrong; please try again after {0}")]
    TooManyCodes(jiff::Timestamp),
    /// They have no passkey.
    #[error("you have no passkey")]
    NoPasskey,
    /// The ceremony is over.
    #[error("this took longer than five minutes, or was begun anew; please begin once more")]
    PasskeyTooLate,
    /// What the authenticator answered is not accepted.
    #[error("this passkey was not accepted; please try again, or use another one")]
    PasskeyRefused,
    /// The code may be of several second factors.
    #[error("you have several second factors; please say which one this code is of")]
    WhichFactor,
    /// What they sign in with does not allow it.
    #[error(transparent)]
    SignIn(#[from] SignInRule),
    /// The user is suspended.
    #[error("this user is suspended; an administrator of the organization reinstates them first")]
    SuspendedUser,
    /// They were invited, and are no user yet.
    #[error("this person has no account yet; it is created when an administrator of the organization confirms their registration")]
    NoAccountYet,
    /// They are not on the staff.
    #[error("nobody of this id is on the operator's staff; please appoint them first")]
    NotOnStaff,
    /// The account that is signed in to cannot be used any more.
    #[error("this account cannot be used now: it, or its organization, was suspended or closed; please ask an administrator")]
    NoSuchAccount,
}

/// In which way an application is registered for instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpenWay {
    /// By invitation.
    Invitation,
    /// By the application's own link.
    OwnLink,
    /// By the public page.
    PublicPage,
    /// From inside an account.
    Account,
}

impl OpenWay {
    /// The easiest that is open for who has no invitation; an invitation, if none is.
    fn of(details: &ApplicationDetails) -> Self {
        let is_open = |is: fn(&Way) -> bool| details.registration == RegistrationPolicy::Public && details.ways.iter().any(is);
        if is_open(|way| matches!(way, Way::PublicLink(_))) {
            Self::OwnLink
        } else if is_open(|way| *way == Way::PublicRegistration) {
            Self::PublicPage
        } else if is_open(|way| *way == Way::Account) {
            Self::Account
        } else {
            Self::Invitation
        }
    }
}

impl std::fmt::Display for OpenWay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Invitation => "its owner must invite you",
            Self::OwnLink => "please register by the application's own link",
            Self::PublicPage => "please register on the public page",
            Self::Account => "an administrator of a registered organization subscribes to it from inside the account",
        })
    }
}

impl Rejection for WorkflowRejection {
    fn kind(&self) -> RejectionKind {
        match self {
            Self::UnknownApplication(_)
            | Self::TooWeak(_)
            | Self::WeakPassword(_)
            | Self::WrongPassword
            | Self::NoSuchToken
            | Self::CodeRefused
            | Self::NotByCode
            | Self::PasskeyRefused
            | Self::WhichFactor => RejectionKind::Invalid,
            Self::OfTheOne(rejection) => rejection.kind(),
            Self::SignIn(rule) => rule.kind(),
            Self::RetiredApplication(_) | Self::AllApplicationsRetired | Self::PasskeyTooLate => RejectionKind::Gone,
            Self::NotYourApplication(_)
            | Self::NotOpenThisWay(..)
            | Self::SignInRefused
            | Self::IdentityRefused
            | Self::TooManyCodes(_) => RejectionKind::Forbidden,
            Self::NoSuchOrganization | Self::NoSuchInvitation | Self::NoSuchRegistration | Self::NoSuchUser | Self::NoSuchCredential => {
                RejectionKind::NotFound
            }
            Self::HasAdministrator
            | Self::SuspendedUser
            | Self::NoAccountYet
            | Self::NotOnStaff
            | Self::NoSuchAccount
            | Self::NotSubscribed(_)
            | Self::IdentifierTaken { .. }
            | Self::TokenTaken
            | Self::NoPasskey => RejectionKind::Conflict,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::UnknownApplication(_) => "unknown-application",
            Self::RetiredApplication(_) => "retired-application",
            Self::AllApplicationsRetired => "all-applications-retired",
            Self::NotYourApplication(_) => "not-your-application",
            Self::NotOpenThisWay(..) => "not-open-this-way",
            Self::OfTheOne(rejection) => rejection.code(),
            Self::NoSuchOrganization => "no-such-organization",
            Self::HasAdministrator => "has-administrator",
            Self::IdentifierTaken { .. } => "identifier-taken",
            Self::NoSuchInvitation => "no-such-invitation",
            Self::NoSuchRegistration => "no-such-registration",
            Self::TooWeak(_) | Self::WeakPassword(_) => "too-weak",
            Self::WrongPassword => "wrong-password",
            Self::NoSuchUser => "no-such-user",
            Self::NotSubscribed(_) => "not-subscribed",
            Self::SignInRefused => "sign-in-refused",
            Self::IdentityRefused => "identity-refused",
            Self::NoSuchCredential => "no-such-credential",
            Self::NoSuchToken => "no-such-token",
            Self::TokenTaken => "token-taken",
            Self::CodeRefused => "code-refused",
            Self::NotByCode => "not-by-code",
            Self::NoPasskey => "no-passkey",
            Self::PasskeyTooLate => "passkey-too-late",
            Self::PasskeyRefused => "passkey-refused",
            Self::TooManyCodes(_) => "too-many-codes",
            Self::WhichFactor => "which-second-factor",
            Self::SignIn(rule) => rule.code(),
            Self::SuspendedUser => "user-suspended",
            Self::NoAccountYet => "no-account-yet",
            Self::NotOnStaff => "not-on-staff",
            Self::NoSuchAccount => "no-such-account",
        }
    }

    fn field(&self) -> Option<String> {
        match self {
            Self::UnknownApplication(_) | Self::RetiredApplication(_) | Self::NotYourApplication(_) | Self::NotOpenThisWay(..) => {
                Some("/applications".to_owned())
            }
            Self::TooWeak(_) => Some("/one_time_password".to_owned()),
            Self::IdentifierTaken { .. } => Some("/profile/identifiers".to_owned()),
            Self::WeakPassword(_) => Some("/password".to_owned()),
            Self::WrongPassword => Some("/current_password".to_owned()),
            Self::NotSubscribed(_) | Self::OfTheOne(_) => Some("/application".to_owned()),
            Self::NoSuchToken | Self::TokenTaken => Some("/serial".to_owned()),
            Self::CodeRefused | Self::NotByCode | Self::TooManyCodes(_) => Some("/code".to_owned()),
            Self::PasskeyRefused => Some("/passkey".to_owned()),
            Self::WhichFactor => Some("/credential".to_owned()),
            Self::AllApplicationsRetired
            | Self::NoSuchOrganization
            | Self::HasAdministrator
            | Self::NoSuchInvitation
            | Self::NoSuchRegistration
            | Self::NoSuchUser
            | Self::SignInRefused
            | Self::IdentityRefused
            | Self::NoSuchCredential
            | Self::NoPasskey
            | Self::PasskeyTooLate
            | Self::SignIn(_)
            | Self::SuspendedUser
            | Self::NoAccountYet
            | Self::NotOnStaff
            | Self::NoSuchAccount => None,
        }
    }
}

/// A reason in words of our own.
fn because(words: &str) -> Result<Reason, WorkflowError> {
    Reason::parse(words).map_err(|invalid| CommandError::Internal(Box::new(invalid)))
}

impl From<WorkflowRejection> for WorkflowError {
    fn from(rejection: WorkflowRejection) -> Self {
        Self::Rejected(AnyRejection(Box::new(rejection)))
    }
}

impl From<KeyRingError> for WorkflowError {
    fn from(error: KeyRingError) -> Self {
        Self::Unavailable(error.into())
    }
}

impl From<VaultError> for WorkflowError {
    fn from(error: VaultError) -> Self {
        Self::Unavailable(error.into())
    }
}

impl<R: Rejection> CommandError<R> {
    /// The same, of whichever aggregate.
    #[must_use]
    pub fn of_any(self) -> WorkflowError {
        match self {
            Self::Rejected(rejection) => CommandError::Rejected(AnyRejection(Box::new(rejection))),
            other @ (Self::Taken(_) | Self::IdReused | Self::Erased | Self::Unavailable(_) | Self::Internal(_)) => {
                other.without_rejection()
            }
        }
    }
}

impl Workflows {
    /// Workflows over these stores. `operator_name` is how mails call the operator where it invites itself.
    #[must_use]
    pub fn new(
        handlers: Arc<CommandHandlers>,
        keys: Arc<KeyRing>,
        vault: Arc<Vault>,
        master: Arc<MasterKey>,
        operator_name: CompanyName,
    ) -> Self {
        Self { handlers, keys, vault, master, operator_name, refused_passwords: Arc::default() }
    }

    /// With passwords that nobody may choose.
    #[must_use]
    pub fn refusing(self, passwords: Blocklist) -> Self {
        Self { refused_passwords: Arc::new(passwords), ..self }
    }

    /// The name of the gateway's operator, as people know it.
    #[must_use]
    pub fn operator_name(&self) -> &CompanyName {
        &self.operator_name
    }

    /// An idempotency key for a sender who gave none: a time-ordered UUID.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the edge where ids are allotted")]
    pub fn fresh_key(&self) -> String {
        Uuid::now_v7().to_string()
    }

    fn now(&self) -> jiff::Timestamp {
        (self.handlers.clock())()
    }
}

impl std::fmt::Debug for Workflows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Workflows")
    }
}
