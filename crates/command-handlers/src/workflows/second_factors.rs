//! Second factors (J2, J3): registered, shown to work, shown at sign-in, revoked. Each step can be sent again after a crash and goes on
//! where it stopped.

use credential_vault::{Assurance, AuthenticatorSecret, Claim, CredentialKind as Kind, Factor, FactorState, Session, Verification};
use domain::credential::{Credential, CredentialCommand, CredentialKind, CredentialState};
use domain::sign_in::{LoginStep, SignInMeans, SignInRule};
use domain::staff::{Staff, StaffCommand};
use domain::user::{User, UserCommand};
use domain::{CredentialId, CredentialLabel, PersonId, Reason, StaffId, UserId};
use zeroize::Zeroizing;

use super::holder::{AccountHolder, Ask, OpenAccount};
use super::sign_in::{SignedIn, Stage};
use super::{WorkflowError, WorkflowRejection, Workflows, because, security};
use crate::{Answer, CommandError, Sent};

/// What happens to a credential that was begun and never shown to work when another one is begun.
const NEVER_CONFIRMED: &str = "It was never confirmed, and another one was begun.";
/// What happens to recovery codes when there are new ones.
const REPLACED: &str = "New recovery codes took their place.";
/// Why a second factor ends whose removal was killed before it could say why.
const REMOVED: &str = "It was taken away as a second factor.";

/// An authenticator that waits to be shown to work.
#[derive(Debug)]
pub struct NewAuthenticator {
    /// Its id.
    pub credential: CredentialId,
    /// The User ID that the app calls it by.
    pub user_id: UserId,
    /// Its secret, to be shown this once; none if it was shown to work already.
    pub secret: Option<AuthenticatorSecret>,
}

/// New recovery codes.
pub struct NewRecoveryCodes {
    /// The set.
    pub credential: CredentialId,
    /// The codes, to be shown this once; none if they were shown before.
    pub codes: Option<Vec<Zeroizing<String>>>,
}

/// A code as it was typed.
#[derive(Clone, Copy)]
pub struct Code<'a> {
    /// The code.
    pub code: &'a str,
    /// The one that follows it, of a token whose button was pressed too often for nothing: by both, it is found again (RFC 4226 §7.4).
    pub next: Option<&'a str>,
}

impl Workflows {
    /// Begins to register an authenticator app. One that was begun before and never shown to work is given up.
    ///
    /// # Errors
    /// If a password is to be set first, or the account cannot be used.
    pub async fn begin_authenticator(
        &self,
        holder: AccountHolder,
        label: CredentialLabel,
        sent: &Sent,
    ) -> Result<(NewAuthenticator, Answer<()>), WorkflowError> {
        let account = self.account_with_password(holder).await?;
        let credential = CredentialId(sent.derive("credential"));
        let secret = self.vault.put_authenticator(credential, holder.person, self.now()).await?;
        let answer = self.register(holder.person, credential, CredentialKind::Authenticator, label, sent).await?;
        self.give_up_begun(&account, Kind::Authenticator, Some(credential), sent).await?;
        Ok((NewAuthenticator { credential, user_id: account.user_id, secret }, answer))
    }

    /// Begins to register a token that was bought elsewhere, by the serial number that is printed on it. Whoever began with it before goes on
    /// with that.
    ///
    /// # Errors
    /// If the inventory has no such token, or somebody else has it; as [`begin_authenticator`](Self::begin_authenticator) otherwise.
    pub async fn begin_token(
        &self,
        holder: AccountHolder,
        serial: &str,
        label: CredentialLabel,
        sent: &Sent,
    ) -> Result<(CredentialId, Answer<()>), WorkflowError> {
        let account = self.account_with_password(holder).await?;
        let credential = CredentialId(sent.derive("credential"));
        let kind = CredentialKind::Token { serial: serial.trim().to_ascii_uppercase() };
        match self.vault.claim_token(credential, holder.person, serial, self.now()).await? {
            Claim::Stored | Claim::Kept => {}
            Claim::NoSuchToken => return Err(WorkflowRejection::NoSuchToken.into()),
            Claim::Taken => {
                let begun = self.credentials_of(&account).await?.into_iter().find(|owned| !owned.counts && owned.registered.kind == kind);
                let begun = begun.ok_or(WorkflowRejection::TokenTaken)?.factor.id;
                let answer = self.rename_credential(holder.person, begun, label, sent).await?;
                return Ok((begun, answer));
            }
        }
        let answer = self.register(holder.person, credential, kind, label, sent).await?;
        self.give_up_begun(&account, Kind::Token, Some(credential), sent).await?;
        Ok((credential, answer))
    }

    /// Makes ten new recovery codes, which stand in for a second factor, each once; those before work no more.
    ///
    /// # Errors
    /// As [`begin_authenticator`](Self::begin_authenticator).
    pub async fn make_recovery_codes(
        &self,
        holder: AccountHolder,
        label: CredentialLabel,
        sent: &Sent,
    ) -> Result<(NewRecoveryCodes, Answer<()>), WorkflowError> {
        self.account_with_password(holder).await?;
        let credential = CredentialId(sent.derive("credential"));
        let codes = self.vault.put_recovery_codes(credential, holder.person, self.now()).await?;
        self.register(holder.person, credential, CredentialKind::RecoveryCodes, label, sent).await?;
        self.vault.activate(credential).await?;
        let answer = self.activate_credential(credential, sent).await?;
        for factor in self.vault.factors_of(holder.person).await? {
            if factor.kind == Kind::RecoveryCodes && factor.id != credential && !self.is_over(&factor).await? {
                self.end_credential(factor.id, because(REPLACED)?, sent).await?;
            }
        }
        Ok((NewRecoveryCodes { credential, codes }, answer))
    }

    /// Shows that an authenticator or token works, by a code of it: from now on it counts. The session has shown a second factor by that, and
    /// goes on under a new token.
    ///
    /// # Errors
    /// If the code is not right, or there were too many wrong ones.
    pub async fn confirm_second_factor(
        &self,
        session: &Session,
        credential: CredentialId,
        code: Code<'_>,
        sent: &Sent,
    ) -> Result<SignedIn, WorkflowError> {
        let result = self.confirmed_by(session, credential, code, sent).await;
        security::note("confirmation", Some(session.person), sent, &result);
        result
    }

    async fn confirmed_by(
        &self,
        session: &Session,
        credential: CredentialId,
        code: Code<'_>,
        sent: &Sent,
    ) -> Result<SignedIn, WorkflowError> {
        let account = self.their_account(session.into()).await?;
        let owned = self.credentials_of(&account).await?.into_iter().find(|owned| owned.factor.id == credential);
        match owned.ok_or(WorkflowRejection::NoSuchCredential)?.registered.kind {
            CredentialKind::Authenticator | CredentialKind::Token { .. } => {}
            CredentialKind::Passkey | CredentialKind::RecoveryCodes => return Err(WorkflowRejection::NotByCode.into()),
        }
        let mut verification = self.verify_code(credential, code, true).await?;
        if verification == Verification::Unknown {
            // Shown to work before a crash, or active: then a code proves as much.
            verification = self.verify_code(credential, code, false).await?;
        }
        proved(verification)?;
        self.count(session, credential, sent).await
    }

    /// From now on this second factor, which was just shown to work in this session, counts.
    pub(super) async fn count(&self, session: &Session, credential: CredentialId, sent: &Sent) -> Result<SignedIn, WorkflowError> {
        if !self.vault.activate(credential).await? {
            // Revoked meanwhile: somebody who signs in with it only would be locked out.
            return Err(WorkflowRejection::NoSuchCredential.into());
        }
        self.tell(session.into(), Ask::AddSecondFactor(credential), &sent.part("add")).await?;
        self.activate_credential(credential, sent).await?;
        self.raise(session).await
    }

    /// Shows a second factor: at sign-in, or once more before something that asks for it. The session goes on under a new token.
    ///
    /// Which one, `credential` says; where it is none, a code of digits is tried on the one authenticator or token that there is, and any
    /// other on the recovery codes.
    ///
    /// # Errors
    /// If the code is not right, there were too many wrong ones, or it is not clear of which factor it is.
    pub async fn prove_second_factor(
        &self,
        session: &Session,
        credential: Option<CredentialId>,
        code: Code<'_>,
        sent: &Sent,
    ) -> Result<SignedIn, WorkflowError> {
        let result = self.proved_by(session, credential, code, sent).await;
        security::note("second_factor", Some(session.person), sent, &result);
        result
    }

    async fn proved_by(
        &self,
        session: &Session,
        credential: Option<CredentialId>,
        code: Code<'_>,
        sent: &Sent,
    ) -> Result<SignedIn, WorkflowError> {
        let account = self.their_account(session.into()).await?;
        let credential = self.factor_for(&account, credential, code.code).await?;
        let mut verification = self.verify_code(credential, code, false).await?;
        // The log names it: a crash between the event and its activation is mended here.
        if verification == Verification::Unknown && self.vault.activate(credential).await? {
            verification = self.verify_code(credential, code, false).await?;
        }
        proved(verification)?;
        self.shown(session, credential, sent).await
    }

    /// This second factor, which counts, was shown in this session just now.
    pub(super) async fn shown(&self, session: &Session, credential: CredentialId, sent: &Sent) -> Result<SignedIn, WorkflowError> {
        // It counts since their own stream has it; a crash may have come before its own.
        if let CredentialState::Pending(_) = self.credential(credential).await? {
            self.activate_credential(credential, sent).await?;
        }
        self.raise(session).await
    }

    async fn verify_code(&self, credential: CredentialId, code: Code<'_>, is_pending: bool) -> Result<Verification, WorkflowError> {
        let now = self.now();
        Ok(match code {
            // Whether it is pending, the vault sees by itself.
            Code { code, next: Some(next) } => self.vault.resynchronize(credential, [code, next], now).await?,
            Code { code, next: None } if is_pending => self.vault.prove_pending(credential, code, now).await?,
            Code { code, next: None } => self.vault.prove(credential, code, now).await?,
        })
    }

    /// Calls a credential something else.
    ///
    /// # Errors
    /// If it is not theirs, or was revoked.
    pub async fn rename_credential(
        &self,
        person: PersonId,
        credential: CredentialId,
        label: CredentialLabel,
        sent: &Sent,
    ) -> Result<Answer<()>, WorkflowError> {
        self.own_credential(person, credential).await?;
        let command = CredentialCommand::RenameCredential { label };
        let answer = self.handlers.handle::<Credential>(credential.0, command, sent).await.map_err(CommandError::of_any)?;
        Ok(answer.without_events())
    }

    /// Ends a credential of their own.
    ///
    /// # Errors
    /// If it is not theirs, or is the only second factor of somebody who needs one.
    pub async fn revoke_credential(
        &self,
        holder: AccountHolder,
        credential: CredentialId,
        reason: Reason,
        sent: &Sent,
    ) -> Result<Answer<()>, WorkflowError> {
        self.own_credential(holder.person, credential).await?;
        self.tell(holder, Ask::RemoveSecondFactor(credential), sent).await?;
        self.end_credential(credential, reason, sent).await
    }

    /// Takes all second factors and recovery codes from a user who has lost them, and ends their sessions: what an administrator does who
    /// knows the person. They register another one when they sign in next.
    ///
    /// What the log does not take away by the event ends before it, and once more after it: killed anywhere, it leaves no recovery code and no
    /// session to somebody who has no second factor any more.
    ///
    /// # Errors
    /// If there is no such account.
    pub async fn reset_second_factors(&self, person: PersonId, reason: &Reason, sent: &Sent) -> Result<Answer<()>, WorkflowError> {
        let has_account = self.handlers.inspect::<User, _>(person.0, |state, _| state.open_account().is_some()).await;
        if has_account.map_err(CommandError::of_any)? == Some(true) {
            self.end_stand_ins(person, reason, sent).await?;
        }
        let command = UserCommand::ResetSecondFactors {};
        let answer = self.handlers.handle::<User>(person.0, command, sent).await.map_err(CommandError::of_any)?;
        self.end_all_credentials(person, reason, sent).await?;
        Ok(answer.without_events())
    }

    /// As [`reset_second_factors`](Self::reset_second_factors), of somebody on the staff.
    ///
    /// # Errors
    /// If they are not, or have no account.
    pub async fn reset_staff_second_factors(&self, staff: StaffId, reason: &Reason, sent: &Sent) -> Result<Answer<()>, WorkflowError> {
        let person = self.person_on_staff(staff).await?;
        self.end_stand_ins(person, reason, sent).await?;
        let command = StaffCommand::ResetStaffSecondFactors {};
        let answer = self.handlers.handle::<Staff>(staff.0, command, sent).await.map_err(CommandError::of_any)?;
        self.end_all_credentials(person, reason, sent).await?;
        Ok(answer.without_events())
    }

    async fn end_all_credentials(&self, person: PersonId, reason: &Reason, sent: &Sent) -> Result<(), WorkflowError> {
        for factor in self.vault.factors_of(person).await? {
            if !self.is_over(&factor).await? {
                self.end_begun(factor.id, reason.clone(), sent).await?;
            }
        }
        self.vault.end_all(person).await?;
        Ok(())
    }

    /// Ends what lets somebody in without a second factor that counts: sessions first, as new codes could be made in one.
    async fn end_stand_ins(&self, person: PersonId, reason: &Reason, sent: &Sent) -> Result<(), WorkflowError> {
        self.vault.end_all(person).await?;
        for factor in self.vault.factors_of(person).await? {
            if factor.kind == Kind::RecoveryCodes && !self.is_over(&factor).await? {
                self.end_begun(factor.id, reason.clone(), sent).await?;
            }
        }
        Ok(())
    }

    /// Whether nothing is left to end, neither in the vault nor, where a crash came between the two, in the log.
    async fn is_over(&self, factor: &Factor) -> Result<bool, WorkflowError> {
        if factor.state != FactorState::Revoked {
            return Ok(false);
        }
        match self.credential(factor.id).await? {
            CredentialState::NotRegistered | CredentialState::Revoked(_) => Ok(true),
            CredentialState::Pending(_) | CredentialState::Active(_) => Ok(false),
        }
    }

    /// Ends all that somebody signed in with whose account is over, and their sessions: passwords, second factors, recovery codes. A token that
    /// was bought elsewhere can be released then. Doing it again does nothing new.
    ///
    /// # Errors
    /// If a store refuses; sent again, it goes on.
    pub async fn end_means(&self, person: PersonId, means: &SignInMeans, reason: &Reason, sent: &Sent) -> Result<(), WorkflowError> {
        for secret in means.password.into_iter().chain([means.one_time_password.id()]) {
            self.vault.revoke(secret).await?;
        }
        self.end_all_credentials(person, reason, sent).await
    }

    /// Ends a second factor that its person's stream has no more, where the command that took it away was killed before it came to that.
    ///
    /// # Errors
    /// If a store refuses; sent again, it goes on.
    pub async fn end_removed_factor(&self, credential: CredentialId, sent: &Sent) -> Result<(), WorkflowError> {
        self.end_begun(credential, because(REMOVED)?, sent).await
    }

    /// The session, in which a second factor was shown just now, under a new token.
    async fn raise(&self, session: &Session) -> Result<SignedIn, WorkflowError> {
        let raised = self.vault.raise_session(session.id, Assurance::TwoFactors, self.now()).await?;
        let raised = raised.ok_or(WorkflowRejection::NoSuchAccount)?;
        let account = self.their_account(session.into()).await?;
        Ok(SignedIn { stage: Stage::of(&account, raised.session.assurance), session: raised.session, token: raised.secret })
    }

    /// A password comes before second factors.
    pub(super) async fn account_with_password(&self, holder: AccountHolder) -> Result<OpenAccount, WorkflowError> {
        let account = self.their_account(holder).await?;
        match account.next {
            Some(next @ (LoginStep::RedeemOneTimePassword | LoginStep::SetPassword)) => {
                Err(WorkflowRejection::SignIn(SignInRule::StepOutOfOrder { next }).into())
            }
            Some(LoginStep::ConfirmProfile | LoginStep::AcceptTerms | LoginStep::RegisterSecondFactor) | None => Ok(account),
        }
    }

    /// Which factor a code is of.
    async fn factor_for(&self, account: &OpenAccount, credential: Option<CredentialId>, code: &str) -> Result<CredentialId, WorkflowError> {
        let owned = self.credentials_of(account).await?;
        let usable = owned.iter().filter(|owned| owned.counts);
        if let Some(credential) = credential {
            let is_theirs = usable.map(|owned| owned.factor.id).any(|id| id == credential);
            return is_theirs.then_some(credential).ok_or(WorkflowRejection::NoSuchCredential.into());
        }
        let is_digits = !code.is_empty() && code.bytes().all(|byte| byte.is_ascii_digit() || byte == b' ');
        let is_meant = |kind| match kind {
            Kind::Authenticator | Kind::Token => is_digits,
            Kind::RecoveryCodes => !is_digits,
            Kind::Password | Kind::OneTimePassword | Kind::Passkey => false,
        };
        let meant: Vec<_> = usable.filter(|owned| is_meant(owned.factor.kind)).collect();
        match meant.as_slice() {
            [] => Err(WorkflowRejection::CodeRefused.into()),
            [one] => Ok(one.factor.id),
            [..] => Err(WorkflowRejection::WhichFactor.into()),
        }
    }

    pub(super) async fn register(
        &self,
        user: PersonId,
        credential: CredentialId,
        kind: CredentialKind,
        label: CredentialLabel,
        sent: &Sent,
    ) -> Result<Answer<()>, WorkflowError> {
        let command = CredentialCommand::RegisterCredential { user, kind, label };
        let answer = self.handlers.handle::<Credential>(credential.0, command, sent).await.map_err(CommandError::of_any)?;
        Ok(answer.without_events())
    }

    async fn activate_credential(&self, credential: CredentialId, sent: &Sent) -> Result<Answer<()>, WorkflowError> {
        let (command, sent) = (CredentialCommand::ActivateCredential {}, sent.part("activate"));
        let answer = self.handlers.handle::<Credential>(credential.0, command, &sent).await.map_err(CommandError::of_any)?;
        Ok(answer.without_events())
    }

    /// Ends a credential: in the vault first, so that it does not work from the moment on that anybody is told.
    async fn end_credential(&self, credential: CredentialId, reason: Reason, sent: &Sent) -> Result<Answer<()>, WorkflowError> {
        self.vault.revoke(credential).await?;
        let command = CredentialCommand::RevokeCredential { reason };
        let sent = sent.part(&format!("end {credential}"));
        let answer = self.handlers.handle::<Credential>(credential.0, command, &sent).await.map_err(CommandError::of_any)?;
        Ok(answer.without_events())
    }

    /// As [`end_credential`](Self::end_credential), also where a crash left a secret that no event named.
    async fn end_begun(&self, credential: CredentialId, reason: Reason, sent: &Sent) -> Result<(), WorkflowError> {
        if self.credential(credential).await?.registered().is_none() {
            return Ok(self.vault.revoke(credential).await?);
        }
        self.end_credential(credential, reason, sent).await.map(|_| ())
    }

    /// Ends what was begun of this kind and does not count, but one: also what a crash left before or behind the log.
    pub(super) async fn give_up_begun(
        &self,
        account: &OpenAccount,
        kind: Kind,
        but: Option<CredentialId>,
        sent: &Sent,
    ) -> Result<(), WorkflowError> {
        for factor in self.vault.factors_of(account.holder.person).await? {
            let counts = account.means.second_factors.contains(&factor.id) || Some(factor.id) == but;
            if factor.kind == kind && !counts && !self.is_over(&factor).await? {
                self.end_begun(factor.id, because(NEVER_CONFIRMED)?, sent).await?;
            }
        }
        Ok(())
    }
}

/// Whether a code was right.
fn proved(verification: Verification) -> Result<(), WorkflowError> {
    match verification {
        Verification::Ok => Ok(()),
        Verification::Locked { until: Some(until) } => Err(WorkflowRejection::TooManyCodes(until).into()),
        Verification::Locked { until: None } | Verification::Wrong { .. } | Verification::Expired | Verification::Unknown => {
            Err(WorkflowRejection::CodeRefused.into())
        }
    }
}
