//! Signing in, and first-time login (J2): the password, or the one-time password before there is one.

use credential_vault::{Assurance, NewSessionOf, OpenedBy, Session, Verification};
use domain::sign_in::{LoginStep, OneTimePassword, SignInRule};
use domain::{CredentialId, UserId};
use jiff::Timestamp;
use zeroize::Zeroizing;

use super::holder::{AccountHolder, Ask, OpenAccount};
use super::{WorkflowError, WorkflowRejection, Workflows, security};
use crate::{Answer, Sent};

/// What the service is called: a word that whoever guesses a password of its users would try.
const SERVICE: &str = "Gatehouse";

/// Somebody who proved to be the holder of an account.
pub struct SignedIn {
    /// Who, as whom, and by what.
    pub session: Session,
    /// The session's token, shown once.
    pub token: Zeroizing<String>,
    /// What comes next in it.
    pub stage: Stage,
}

/// How far somebody is who is signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// They have a second factor and have not shown it: nothing else can be done.
    ProveSecondFactor,
    /// A step of first-time login, or of setting a new password by a one-time password, or a second factor to be registered.
    Step(LoginStep),
    /// Nothing: the account can be used.
    Done,
}

impl Stage {
    /// Of a session of such an assurance.
    #[must_use]
    pub fn of(account: &OpenAccount, assurance: Assurance) -> Self {
        match account.next {
            // The operator's provider has seen both factors.
            _ if assurance == Assurance::TwoFactorsElsewhere => Self::Done,
            // Whoever has second factors shows one first, whatever is left: also who comes with a one-time password.
            _ if assurance < Assurance::TwoFactors && !account.means.second_factors.is_empty() => Self::ProveSecondFactor,
            Some(step) => Self::Step(step),
            None => Self::Done,
        }
    }
}

impl Workflows {
    /// Signs somebody in by User ID and password, or one-time password while first-time login has set no password yet. What has to be shown or
    /// done next, [`SignedIn::stage`] says.
    ///
    /// The one-time password is used up when the password is set, so that a login interrupted before that resumes with it;
    /// five wrong guesses end it, counted durably by the vault whichever way they come.
    ///
    /// `user_id` is none if what was typed cannot be one: it is refused as any other, and as slowly. `label` is what the session is known by
    /// in the list of sessions.
    ///
    /// # Errors
    /// [`WorkflowRejection::SignInRefused`] whatever is wrong.
    pub async fn sign_in(&self, user_id: Option<&UserId>, secret: &str, label: &str, sent: &Sent) -> Result<SignedIn, WorkflowError> {
        let account = match user_id {
            Some(user_id) => self.account_under(user_id).await?,
            None => None,
        };
        let person = account.as_ref().map(|account| account.holder.person);
        let result = self.open(account, secret, label, sent).await;
        security::note("password", person, sent, &result);
        result
    }

    async fn open(&self, account: Option<OpenAccount>, secret: &str, label: &str, sent: &Sent) -> Result<SignedIn, WorkflowError> {
        // For an account that is not there, a credential of nobody takes as long to be refused.
        let nobody = CredentialId(sent.derive("nobody"));
        let credential = account.as_ref().map_or(nobody, |account| account.means.opens_with());
        let now = self.now();
        let mut verification = self.vault.verify(credential, secret, now).await?;
        // The log names this credential as in use: a crash between the event and its activation is mended here.
        if account.is_some() && verification == Verification::Unknown && self.vault.activate(credential).await? {
            verification = self.vault.verify(credential, secret, now).await?;
        }
        let Some(account) = account else { return Err(WorkflowRejection::SignInRefused.into()) };
        match verification {
            Verification::Ok => self.admit(account, OpenedBy::Secret(credential), (Assurance::OneFactor, None), label, sent).await,
            Verification::Wrong { attempts_left: 0 } | Verification::Locked { until: None } => {
                self.note_lock(&account, sent).await?;
                Err(WorkflowRejection::SignInRefused.into())
            }
            Verification::Wrong { .. } | Verification::Locked { until: Some(_) } | Verification::Expired | Verification::Unknown => {
                Err(WorkflowRejection::SignInRefused.into())
            }
        }
    }

    pub(super) async fn admit(
        &self,
        account: OpenAccount,
        opened_by: OpenedBy,
        (assurance, proved_at): (Assurance, Option<Timestamp>),
        label: &str,
        sent: &Sent,
    ) -> Result<SignedIn, WorkflowError> {
        // What held up first-time login may not be asked for any more.
        let account = if account.next.is_none() && !account.is_established {
            self.ask(account.holder, Ask::CompleteFirstLogin, &sent.part("complete")).await?;
            self.their_account(account.holder).await?
        } else {
            account
        };
        let AccountHolder { person, holder } = account.holder;
        let new = NewSessionOf { person, holder, opened_by, assurance, proved_at, lifetime: account.lifetime(), label: label.to_owned() };
        let issued = self.vault.create_session(new, self.now()).await?;
        Ok(SignedIn { session: issued.session, token: issued.secret, stage: Stage::of(&account, assurance) })
    }

    /// Changes the password of somebody who is signed in and knows the current one. Ends their other sessions.
    ///
    /// # Errors
    /// [`WorkflowRejection::WrongPassword`], or if it is too weak or the account cannot be used.
    pub async fn change_password(
        &self,
        session: &Session,
        current: &str,
        password: &str,
        sent: &Sent,
    ) -> Result<Answer<()>, WorkflowError> {
        let account = self.their_account(session.into()).await?;
        // Sent again after it was done: what was the current password then is not any more.
        let is_done = account.means.password == Some(password_of(sent));
        if !is_done && self.vault.verify(account.means.opens_with(), current, self.now()).await? != Verification::Ok {
            let refused = Err(WorkflowRejection::WrongPassword.into());
            security::note("current_password", Some(session.person), sent, &refused);
            return refused;
        }
        self.put_password(&account, None, password, session, sent).await
    }

    /// Sets the first password, or a new one by a new one-time password, which is used up by it. Ends their other sessions. Whoever has a
    /// password that serves [changes](Self::change_password) it, whatever else is left for them to do.
    ///
    /// # Errors
    /// If another step is next, it is too weak, or the account cannot be used.
    pub async fn set_password(&self, session: &Session, password: &str, sent: &Sent) -> Result<Answer<()>, WorkflowError> {
        let account = self.their_account(session.into()).await?;
        // Sent again after it was done, it goes on where it stopped.
        if account.means.password == Some(password_of(sent)) {
            return self.put_password(&account, None, password, session, sent).await;
        }
        password_is_next(&account, session)?;
        let redeemed = match account.means.one_time_password {
            OneTimePassword::Issued(one_time_password) => Some(one_time_password),
            OneTimePassword::Locked(_) | OneTimePassword::Redeemed(_) | OneTimePassword::Spent(_) => None,
        };
        self.put_password(&account, redeemed, password, session, sent).await
    }

    /// All other sessions are over as soon as the log has the password. The one that it was set in goes on if the write comes that says so: a
    /// crash before it ends that one, too.
    async fn put_password(
        &self,
        account: &OpenAccount,
        redeemed: Option<CredentialId>,
        password: &str,
        session: &Session,
        sent: &Sent,
    ) -> Result<Answer<()>, WorkflowError> {
        let holder = account.holder;
        let known = [account.known_words(), vec![self.operator_name.as_str(), SERVICE]].concat();
        if let Err(weak) = self.refused_passwords.check(password, &known) {
            return Err(WorkflowRejection::WeakPassword(weak.to_string()).into());
        }
        let id = password_of(sent);
        self.vault.put_password(id, holder.person, account.names(), password, self.now()).await?;
        if let Some(one_time_password) = redeemed {
            self.tell(holder, Ask::Redeem(one_time_password), &sent.part("redeem")).await?;
        }
        let answer = self.tell(holder, Ask::SetPassword(id), sent).await?;
        self.vault.activate(id).await?;
        let opened_by = match session.opened_by {
            OpenedBy::Secret(_) => OpenedBy::Secret(id),
            elsewhere @ (OpenedBy::Provider | OpenedBy::Unrecorded) => elsewhere,
        };
        self.vault.end_others_and_reopen(holder.person, session.id, opened_by).await?;
        self.vault.revoke(account.means.one_time_password.id()).await?;
        if let Some(replaced) = account.means.password.filter(|replaced| *replaced != id) {
            self.vault.revoke(replaced).await?;
        }
        Ok(answer)
    }

    /// Records that wrong guesses have ended a one-time password, so that administrators see it.
    async fn note_lock(&self, account: &OpenAccount, sent: &Sent) -> Result<(), WorkflowError> {
        let OneTimePassword::Issued(one_time_password) = account.means.one_time_password else { return Ok(()) };
        self.tell(account.holder, Ask::Lock(one_time_password), &sent.part("lock")).await?;
        Ok(())
    }
}

/// The password that a command sets.
fn password_of(sent: &Sent) -> CredentialId {
    CredentialId(sent.derive("password"))
}

/// Whether a password is what is set next, by somebody who came with the one-time password that is to be used up by it: not in a session that
/// was there before it was issued, nor in one that the identity provider opened.
fn password_is_next(account: &OpenAccount, session: &Session) -> Result<(), WorkflowError> {
    match account.next {
        Some(LoginStep::RedeemOneTimePassword | LoginStep::SetPassword)
            if session.opened_by == OpenedBy::Secret(account.means.opens_with()) =>
        {
            Ok(())
        }
        Some(LoginStep::RedeemOneTimePassword | LoginStep::SetPassword) => {
            let next = LoginStep::RedeemOneTimePassword;
            Err(WorkflowRejection::SignIn(SignInRule::StepOutOfOrder { next }).into())
        }
        Some(next @ (LoginStep::ConfirmProfile | LoginStep::AcceptTerms | LoginStep::RegisterSecondFactor)) => {
            Err(WorkflowRejection::SignIn(SignInRule::StepOutOfOrder { next }).into())
        }
        None => Err(WorkflowRejection::NoSuchAccount.into()),
    }
}
