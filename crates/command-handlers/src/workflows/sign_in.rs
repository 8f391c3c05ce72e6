//! Signing in, and first-time login (J2).

use credential_vault::{Assurance, NewSessionOf, Session, SessionHolder, SessionId, SessionLifetime, Verification};
use domain::organization::Organization;
use domain::sign_in::{LoginStep, OneTimePassword};
use domain::user::{Account, User, UserCommand, UserEvent, UserState};
use domain::{CredentialId, PersonId, UserId};
use zeroize::Zeroizing;

use super::{WorkflowError, WorkflowRejection, Workflows};
use crate::{Answer, CommandError, Sent};

/// Somebody who proved to be a user.
pub struct SignedIn {
    /// Who, of which organization.
    pub session: Session,
    /// The session's token, shown once.
    pub token: Zeroizing<String>,
    /// What is still to be done in first-time login; none: the account is established.
    pub next: Option<LoginStep>,
}

impl Workflows {
    /// Signs a user in by User ID and password, or one-time password while first-time login has set no password yet.
    ///
    /// The one-time password is used up when the password is set, so that a login interrupted before that resumes with it;
    /// five wrong guesses end it, counted durably by the vault whichever way they come.
    ///
    /// `user_id` is none if what was typed cannot be one: it is refused as any other, and as slowly.
    ///
    /// # Errors
    /// [`WorkflowRejection::SignInRefused`] whatever is wrong.
    pub async fn sign_in(&self, user_id: Option<&UserId>, secret: &str, sent: &Sent) -> Result<SignedIn, WorkflowError> {
        let person = match user_id {
            Some(user_id) => self.user_with(user_id).await?,
            None => None,
        };
        let account = match person {
            Some(person) => self.usable_account(person).await?,
            None => None,
        };
        // For an account that is not there, a credential of nobody takes as long to be refused.
        let nobody = CredentialId(sent.derive("nobody"));
        let credential = account.as_ref().map_or(nobody, |(_, account)| account.means.opens_with());
        let now = self.now();
        let mut verification = self.vault.verify(credential, secret, now).await?;
        // The log names this credential as in use: a crash between the event and its activation is mended here.
        if account.is_some() && verification == Verification::Unknown && self.vault.activate(credential).await? {
            verification = self.vault.verify(credential, secret, now).await?;
        }
        let Some((person, account)) = account else { return Err(WorkflowRejection::SignInRefused.into()) };
        match verification {
            Verification::Ok => {
                let holder = SessionHolder::User { organization: account.organization };
                let (assurance, lifetime) = (Assurance::OneFactor, SessionLifetime::USERS);
                let new = NewSessionOf { person, holder, assurance, lifetime, label: String::new() };
                let issued = self.vault.create_session(new, now).await?;
                Ok(SignedIn { session: issued.session, token: issued.secret, next: account.next_step(&self.handlers.policy()) })
            }
            Verification::Wrong { attempts_left: 0 } => {
                self.note_lock(person, &account, sent).await?;
                Err(WorkflowRejection::SignInRefused.into())
            }
            Verification::Locked { until } => {
                if until.is_none() {
                    self.note_lock(person, &account, sent).await?;
                }
                // The vault does not compare any more: a credential of nobody takes as long as a comparison would.
                let _refused_anyway = self.vault.verify(nobody, secret, now).await?;
                Err(WorkflowRejection::SignInRefused.into())
            }
            Verification::Wrong { .. } | Verification::Expired | Verification::Unknown => Err(WorkflowRejection::SignInRefused.into()),
        }
    }

    /// Changes the password of a user who is signed in and knows the current one.
    ///
    /// # Errors
    /// [`WorkflowRejection::WrongPassword`], or as [`Workflows::set_password`].
    pub async fn change_password(
        &self,
        person: PersonId,
        current: &str,
        password: &str,
        session: SessionId,
        sent: &Sent,
    ) -> Result<Answer<UserEvent>, WorkflowError> {
        let (_, account) = self.usable_account(person).await?.ok_or(WorkflowRejection::NoSuchAccount)?;
        // Sent again after it was done: what was the current password then is not any more.
        let is_done = account.means.password == Some(CredentialId(sent.derive("password")));
        if !is_done && self.vault.verify(account.means.opens_with(), current, self.now()).await? != Verification::Ok {
            return Err(WorkflowRejection::WrongPassword.into());
        }
        self.set_password(person, password, session, sent).await
    }

    /// Sets the first password, which uses up the one-time password, or changes it. Ends the user's other sessions.
    ///
    /// # Errors
    /// If it is too weak or the account cannot be used.
    pub async fn set_password(
        &self,
        person: PersonId,
        password: &str,
        session: SessionId,
        sent: &Sent,
    ) -> Result<Answer<UserEvent>, WorkflowError> {
        let (_, account) = self.usable_account(person).await?.ok_or(WorkflowRejection::NoSuchAccount)?;
        let mut context = vec![account.user_id.as_str(), account.organization_name.as_str()];
        // Each word of the company's name, too: whoever guesses will not type it as the register has it.
        context.extend(account.organization_name.as_str().split_whitespace());
        if let Some(contact) = account.contact.get() {
            context.extend([contact.given_name.as_str(), contact.family_name.as_str(), contact.email.as_str()]);
        }
        if let Err(weak) = credential_vault::strength::check(password, &context) {
            return Err(WorkflowRejection::WeakPassword(weak.to_string()).into());
        }
        let id = CredentialId(sent.derive("password"));
        self.vault.put_password(id, person, password, self.now()).await?;
        if let OneTimePassword::Issued(one_time_password) = account.means.one_time_password {
            let command = UserCommand::RedeemOneTimePassword { one_time_password };
            self.handlers.handle::<User>(person.0, command, &sent.part("redeem")).await.map_err(CommandError::of_any)?;
        }
        let command = UserCommand::SetPassword { password: id };
        let answer = self.handlers.handle::<User>(person.0, command, sent).await.map_err(CommandError::of_any)?;
        self.vault.activate(id).await?;
        self.vault.revoke(account.means.one_time_password.id()).await?;
        if let Some(replaced) = account.means.password.filter(|replaced| *replaced != id) {
            self.vault.revoke(replaced).await?;
        }
        self.vault.end_others(person, session).await?;
        Ok(answer)
    }

    /// The account of a user who can sign in, of an organization in good standing.
    async fn usable_account(&self, person: PersonId) -> Result<Option<(PersonId, Account)>, WorkflowError> {
        let account = self
            .handlers
            .inspect::<User, _>(person.0, |state: &UserState, _| state.can_sign_in().cloned())
            .await
            .map_err(CommandError::of_any)?;
        let Some(account) = account.flatten() else { return Ok(None) };
        let stands = self
            .handlers
            .inspect::<Organization, _>(account.organization.0, |state, _| state.is_in_good_standing())
            .await
            .map_err(CommandError::of_any)?;
        Ok((stands == Some(true)).then_some((person, account)))
    }

    /// Records that wrong guesses have ended a one-time password, so that its organization's administrators see it.
    async fn note_lock(&self, person: PersonId, account: &Account, sent: &Sent) -> Result<(), WorkflowError> {
        let OneTimePassword::Issued(one_time_password) = account.means.one_time_password else { return Ok(()) };
        let command = UserCommand::LockOneTimePassword { one_time_password };
        self.handlers.handle::<User>(person.0, command, &sent.part("lock")).await.map_err(CommandError::of_any)?;
        Ok(())
    }
}
