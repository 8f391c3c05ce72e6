//! What people sign in with, users and staff alike: a one-time password first, then a password of their own, and second factors.
//! The secrets lie in the vault; here are their ids and the rules between them (domain, J2, J3; part 8).

use std::collections::BTreeSet;

use crate::{CredentialId, Rejection, RejectionKind};

/// What somebody signs in with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignInMeans {
    /// The latest one-time password.
    pub one_time_password: OneTimePassword,
    /// The password, in the vault.
    pub password: Option<CredentialId>,
    /// The second factors that work: authenticators, passkeys, tokens. Recovery codes are none, they stand in for one.
    pub second_factors: BTreeSet<CredentialId>,
}

/// The latest one-time password of an account, in the vault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OneTimePassword {
    /// It can be used, once.
    Issued(CredentialId),
    /// Wrong guesses have ended it.
    Locked(CredentialId),
    /// It was used; a password is to be set next.
    Redeemed(CredentialId),
    /// A password was set since.
    Spent(CredentialId),
}

impl OneTimePassword {
    /// Its id.
    #[must_use]
    pub fn id(&self) -> CredentialId {
        match self {
            Self::Issued(id) | Self::Locked(id) | Self::Redeemed(id) | Self::Spent(id) => *id,
        }
    }
}

/// A step on the way to an account that can be used (domain, J2). In this order; staff have neither profile nor terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LoginStep {
    /// Enter the one-time password.
    RedeemOneTimePassword,
    /// Set a password.
    SetPassword,
    /// Confirm the profile.
    ConfirmProfile,
    /// Accept the terms.
    AcceptTerms,
    /// Register a second factor.
    RegisterSecondFactor,
}

/// A rule between the things that somebody signs in with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignInRule {
    /// Another one was issued since.
    #[error("This one-time password was replaced by a newer one.")]
    OneTimePasswordReplaced,
    /// It was used.
    #[error("This one-time password was used already. Your administrator can issue a new one.")]
    OneTimePasswordUsed,
    /// Wrong guesses have ended it.
    #[error("This one-time password was ended after too many wrong attempts. Your administrator can issue a new one.")]
    OneTimePasswordLocked,
    /// First-time login has an order.
    #[error("{}", in_words(*next))]
    StepOutOfOrder {
        /// What comes next.
        next: LoginStep,
    },
    /// Who needs a second factor keeps one.
    #[error("This is your only second factor, and your account needs one. Please register another one first.")]
    LastSecondFactor,
}

/// What to do next, as a sentence.
fn in_words(next: LoginStep) -> &'static str {
    match next {
        LoginStep::RedeemOneTimePassword => "Please enter the one-time password first.",
        LoginStep::SetPassword => "Please set a password first.",
        LoginStep::ConfirmProfile => "Please confirm your profile first.",
        LoginStep::AcceptTerms => "Please accept the terms of use first.",
        LoginStep::RegisterSecondFactor => "Please register a second factor first.",
    }
}

impl Rejection for SignInRule {
    fn kind(&self) -> RejectionKind {
        match self {
            Self::StepOutOfOrder { .. } | Self::LastSecondFactor => RejectionKind::Conflict,
            Self::OneTimePasswordReplaced | Self::OneTimePasswordUsed | Self::OneTimePasswordLocked => RejectionKind::Gone,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::OneTimePasswordReplaced => "one-time-password-replaced",
            Self::OneTimePasswordUsed => "one-time-password-used",
            Self::OneTimePasswordLocked => "one-time-password-locked",
            Self::StepOutOfOrder { .. } => "login-step-out-of-order",
            Self::LastSecondFactor => "last-second-factor",
        }
    }
}

impl SignInMeans {
    /// Of a new account, whose first one-time password this is.
    #[must_use]
    pub(crate) fn begin_with(one_time_password: CredentialId) -> Self {
        Self { one_time_password: OneTimePassword::Issued(one_time_password), password: None, second_factors: BTreeSet::new() }
    }

    /// What of it comes next; none: there is a password, and no one-time password waits to be used.
    #[must_use]
    pub(crate) fn next_step(&self) -> Option<LoginStep> {
        match self.one_time_password {
            OneTimePassword::Issued(_) | OneTimePassword::Locked(_) => Some(LoginStep::RedeemOneTimePassword),
            OneTimePassword::Redeemed(_) => Some(LoginStep::SetPassword),
            OneTimePassword::Spent(_) => None,
        }
    }

    /// Which secret opens the account now: a one-time password that waits to be used, else the password.
    #[must_use]
    pub fn opens_with(&self) -> CredentialId {
        match (self.one_time_password, self.password) {
            (OneTimePassword::Issued(id) | OneTimePassword::Locked(id) | OneTimePassword::Redeemed(id), _) => id,
            (OneTimePassword::Spent(_), Some(password)) => password,
            (OneTimePassword::Spent(id), None) => id,
        }
    }

    /// Whether a new one-time password is issued, or it is this one already. Also for an established account: this is how somebody is
    /// helped who has forgotten the password.
    pub(crate) fn can_issue(&self, one_time_password: CredentialId) -> bool {
        self.one_time_password.id() != one_time_password
    }

    /// Whether this one-time password can be used.
    pub(crate) fn redeem(&self, one_time_password: CredentialId) -> Result<(), SignInRule> {
        if self.one_time_password.id() != one_time_password {
            return Err(SignInRule::OneTimePasswordReplaced);
        }
        match self.one_time_password {
            OneTimePassword::Issued(_) => Ok(()),
            OneTimePassword::Locked(_) => Err(SignInRule::OneTimePasswordLocked),
            // Not "already so": whoever holds it would be let in twice.
            OneTimePassword::Redeemed(_) | OneTimePassword::Spent(_) => Err(SignInRule::OneTimePasswordUsed),
        }
    }

    /// Whether wrong guesses end this one-time password now; one that serves no more is not ended.
    pub(crate) fn can_lock(&self, one_time_password: CredentialId) -> bool {
        self.one_time_password == OneTimePassword::Issued(one_time_password)
    }

    /// Whether this becomes the password, or is it already. A one-time password that waits comes first: also one that was issued to somebody
    /// who has a password, since it does not serve any more.
    pub(crate) fn can_set_password(&self, password: CredentialId) -> Result<bool, SignInRule> {
        if self.password == Some(password) {
            return Ok(false);
        }
        match self.one_time_password {
            OneTimePassword::Issued(_) => Err(SignInRule::StepOutOfOrder { next: LoginStep::RedeemOneTimePassword }),
            OneTimePassword::Locked(_) => Err(SignInRule::OneTimePasswordLocked),
            OneTimePassword::Redeemed(_) | OneTimePassword::Spent(_) => Ok(true),
        }
    }

    /// Whether this second factor is added, or is there already. A password comes first.
    pub(crate) fn can_add_second_factor(&self, credential: CredentialId) -> Result<bool, SignInRule> {
        match self.next_step() {
            Some(next) => Err(SignInRule::StepOutOfOrder { next }),
            None => Ok(!self.second_factors.contains(&credential)),
        }
    }

    /// Whether this second factor is removed, or is not there. `needed`: the account cannot be without one.
    pub(crate) fn can_remove_second_factor(&self, credential: CredentialId, needed: bool) -> Result<bool, SignInRule> {
        if !self.second_factors.contains(&credential) {
            return Ok(false);
        }
        if needed && self.second_factors.len() == 1 { Err(SignInRule::LastSecondFactor) } else { Ok(true) }
    }

    pub(crate) fn set_password(&mut self, password: CredentialId) {
        self.password = Some(password);
        self.one_time_password = OneTimePassword::Spent(self.one_time_password.id());
    }
}
