//! Performs the acts.

use std::collections::HashMap;
use std::sync::Arc;

use command_handlers::Sent;
use command_handlers::workflows::{Code, Invite};
use credential_vault::{AuthenticatorSecret, Session};
use domain::invitation::{Invitation, InvitationCommand};
use domain::sign_in::LoginStep;
use domain::user::{User, UserCommand};
use domain::{
    Actor, Addressee, CredentialLabel, InvitationId, Message, Owner, PersonId, PersonName, Personal, Reason, RegistrationId, StaffId,
    TermsVersion, UserId,
};
use jiff::{SignedDuration, Timestamp};
use zeroize::Zeroizing;

use super::PATIENCE;
use super::cast::{Cast, sent};
use super::dice::{Company, Dice};
use super::plot::{Act, Plot, What};
use super::registrar::{Registrar, refused};
use crate::failure::Failure;
use crate::service::Service;

/// Where the acts happen.
pub(super) struct Stage<'a> {
    service: Arc<Service>,
    cast: &'a Cast,
    seed: u64,
    lives: HashMap<u32, Life>,
    /// A user who can sign in.
    pub(super) user: Option<Account>,
}

/// By what a user of the demonstration signs in.
#[derive(Debug, Clone)]
pub(super) struct Account {
    pub(super) user_id: UserId,
    pub(super) password: &'static str,
    /// Their authenticator app, if they need one.
    pub(super) authenticator: Option<Authenticator>,
}

/// An authenticator app.
#[derive(Debug, Clone)]
pub(super) struct Authenticator {
    secret: Arc<AuthenticatorSecret>,
    /// Its secret, to be given to another one.
    pub(super) text: String,
}

/// What has become of a company so far.
struct Life {
    company: Company,
    invitation: Option<InvitationId>,
    registration: Option<RegistrationId>,
    administrator: Option<(PersonId, Zeroizing<String>)>,
    claims: u32,
}

/// The password of those who have logged in, in the demonstration only.
const PASSWORD: &str = "plover-lantern-granite-72";

impl<'a> Stage<'a> {
    pub(super) fn new(service: Arc<Service>, cast: &'a Cast, plot: &Plot) -> Self {
        Self { service, cast, seed: plot.seed, lives: HashMap::new(), user: None }
    }

    /// Lets an act happen. What a company's life up to now does not allow (a question to a case that is two people's) is left out.
    pub(super) async fn perform(&mut self, act: &Act) -> Result<(), Failure> {
        let mut life = match self.lives.remove(&act.company) {
            Some(life) => life,
            None => Life {
                company: Company::throw(act.company + 1, &mut Dice::new(self.seed, 1_000_000 + u64::from(act.company))).map_err(refused)?,
                invitation: None,
                registration: None,
                administrator: None,
                claims: 0,
            },
        };
        let done = self.act_out(act, &mut life).await;
        self.lives.insert(act.company, life);
        match done {
            Err(Failure::Refused(why)) => {
                tracing::debug!(company = act.company, act = ?act.what, why, "an act of the demonstration was left out");
                Ok(())
            }
            other => other,
        }
    }

    async fn act_out(&mut self, act: &Act, life: &mut Life) -> Result<(), Failure> {
        let service = Arc::clone(&self.service);
        let company = life.company.clone();
        let registrar = Registrar { service: &service, label: format!("company {}", act.company), company: &company };
        match act.what {
            What::Invite => life.invitation = Some(self.invite(act, &company).await?),
            What::Revoke => self.revoke(act, life).await?,
            What::Start => {
                life.registration = Some(match life.invitation {
                    Some(invitation) => {
                        let sent = sent(&format!("company {} accept", act.company), Actor::Addressee(invitation));
                        service.workflows.accept_invitation(invitation, 0, &sent).await?.0
                    }
                    None => registrar.start_public(&self.cast.public).await?,
                });
            }
            What::FirstLogin => self.first_login(act, life).await?,
            What::Profile
            | What::Administrators
            | What::Submit
            | What::Claim
            | What::Ask
            | What::Answer
            | What::Withdraw
            | What::Approve
            | What::Reject => {
                let Some(registration) = life.registration else { return Ok(()) };
                self.on_case(act, life, &registrar, registration).await?;
            }
        }
        Ok(())
    }

    async fn on_case(&self, act: &Act, life: &mut Life, registrar: &Registrar<'_>, registration: RegistrationId) -> Result<(), Failure> {
        let reviewer = self.reviewer(act.company);
        match act.what {
            What::Profile => registrar.fill_profile(registration).await,
            What::Administrators => {
                life.administrator = Some(registrar.name_administrators(registration).await?);
                Ok(())
            }
            What::Submit => registrar.submit(registration).await,
            What::Claim => {
                life.claims += 1;
                registrar.claim(registration, reviewer, &life.claims.to_string()).await
            }
            What::Ask => registrar.ask(registration, reviewer).await,
            What::Answer => registrar.answer(registration).await,
            What::Withdraw => registrar.withdraw(registration).await,
            What::Approve => registrar.approve(registration, reviewer, "Register entry, address and people check out.").await,
            What::Reject => registrar.reject(registration, reviewer).await,
            What::Invite | What::Revoke | What::Start | What::FirstLogin => Ok(()),
        }
    }

    fn reviewer(&self, company: u32) -> StaffId {
        let index = usize::try_from(company).unwrap_or_default() % self.cast.reviewers.len().max(1);
        self.cast.reviewers.get(index).copied().unwrap_or(StaffId(uuid::Uuid::nil()))
    }

    async fn invite(&self, act: &Act, company: &Company) -> Result<InvitationId, Failure> {
        let person = &company.registrant;
        let invite = Invite {
            inviter: Owner::Partner(self.cast.partner),
            company: company.name.clone(),
            identifiers: Vec::new(),
            addressee: Addressee {
                name: Some(PersonName::parse(&person.full_name()).map_err(refused)?),
                email: person.email.clone(),
                message: Some(
                    Message::parse(
                        "We would like to exchange drawings and purchase orders with you through the gateway from next quarter on.",
                    )
                    .map_err(refused)?,
                ),
            },
            applications: self.cast.invited_to.clone(),
            organization: None,
            expires_in_days: None,
        };
        let sent = sent(&format!("company {} invite", act.company), Actor::Partner(self.cast.partner));
        let (invitation, _) = self.service.workflows.invite_org(invite, &sent).await?;
        Ok(invitation)
    }

    async fn revoke(&self, act: &Act, life: &Life) -> Result<(), Failure> {
        let Some(invitation) = life.invitation else { return Ok(()) };
        let reason = Some(Reason::parse("The contract went to another supplier.").map_err(refused)?);
        let sent = sent(&format!("company {} revoke", act.company), Actor::Partner(self.cast.partner));
        self.service.handlers.handle::<Invitation>(invitation.0, InvitationCommand::RevokeInvitation { reason }, &sent).await?;
        Ok(())
    }

    /// User ID and one-time password, a password, the profile confirmed, the terms accepted.
    async fn first_login(&mut self, act: &Act, life: &mut Life) -> Result<(), Failure> {
        let Some((person, one_time_password)) = life.administrator.take() else { return Ok(()) };
        let head = *self.service.log.head().borrow();
        if !self.service.runtime.wait_for_consumers(head, PATIENCE).await {
            return Err(Failure::Unavailable("the process managers have not caught up in two minutes".to_owned()));
        }
        let account = self.service.handlers.inspect::<User, _>(person.0, |state, _| state.account().cloned()).await?;
        let Some(account) = account.flatten() else { return Ok(()) };
        let actor = Actor::User { person, organization: account.organization };
        let by_user = |what: &str| sent(&format!("company {} {what}", act.company), actor.clone());
        let signed_in = self.service.workflows.sign_in(Some(&account.user_id), &one_time_password, "demo", &by_user("sign in")).await?;
        self.service.workflows.set_password(&signed_in.session, PASSWORD, &by_user("password")).await?;
        let contact = Personal::new(person, life.company.registrant.clone());
        self.service.handlers.handle::<User>(person.0, UserCommand::ConfirmProfile { contact }, &by_user("profile confirmed")).await?;
        let version = TermsVersion::parse(&self.service.handlers.policy().terms_version).map_err(refused)?;
        self.service.handlers.handle::<User>(person.0, UserCommand::AcceptTerms { version }, &by_user("terms")).await?;
        let authenticator = self.authenticator(&signed_in.session, by_user).await?;
        self.user = Some(Account { user_id: account.user_id, password: PASSWORD, authenticator });
        Ok(())
    }

    /// Signs the user in, now that the story is told: the token of their session.
    ///
    /// # Errors
    /// A store refuses.
    pub(super) async fn sign_in(&self) -> Result<Option<Zeroizing<String>>, Failure> {
        let Some(Account { user_id, password, authenticator }) = &self.user else { return Ok(None) };
        let workflows = &self.service.workflows;
        let by_user = |what: &str| sent(&format!("the tour, {what}"), Actor::Service("public".to_owned()));
        let signed_in = workflows.sign_in(Some(user_id), password, "the tour", &by_user("sign in")).await?;
        let Some(Authenticator { secret, .. }) = authenticator else { return Ok(Some(signed_in.token)) };
        // The code of the next half minute: that of this one may have been used in the story.
        let soon = (self.service.handlers.clock())().saturating_add(SignedDuration::from_secs(30)).unwrap_or(Timestamp::MAX);
        let code = secret.code(soon).map_err(|error| Failure::from_error(&error))?;
        let code = Code { code: &code, next: None };
        Ok(Some(workflows.prove_second_factor(&signed_in.session, None, code, &by_user("second factor")).await?.token))
    }

    /// Registers an authenticator app for somebody who needs one: its secret, for whoever plays with the demonstration.
    async fn authenticator(&self, session: &Session, by_user: impl Fn(&str) -> Sent) -> Result<Option<Authenticator>, Failure> {
        let workflows = &self.service.workflows;
        let account = workflows.open_account(session.into()).await?;
        if account.and_then(|account| account.next) != Some(LoginStep::RegisterSecondFactor) {
            return Ok(None);
        }
        let label = CredentialLabel::parse("Demonstration").map_err(refused)?;
        let (begun, _) = workflows.begin_authenticator(session.into(), label, &by_user("authenticator")).await?;
        let Some(secret) = begun.secret else { return Ok(None) };
        let now = (self.service.handlers.clock())();
        let (text, code) = secret.base32().and_then(|text| Ok((text, secret.code(now)?))).map_err(|error| Failure::from_error(&error))?;
        workflows
            .confirm_second_factor(session, begun.credential, Code { code: &code, next: None }, &by_user("authenticator works"))
            .await?;
        Ok(Some(Authenticator { secret: Arc::new(secret), text: text.to_string() }))
    }
}
