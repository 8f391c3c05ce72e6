//! The users of an organization, after they were created: invited, confirmed, suspended, closed (J7).

use credential_vault::NamedBy;
use domain::organization::{Organization, OrganizationCommand};
use domain::reservation::ReservationKind;
use domain::user::{User, UserCommand, UserEvent, UserRole, UserState};
use domain::{Contact, Email, OrganizationId, Owner, PersonId, Personal, Reason, UserId};

use super::accounts::{TRIES, given};
use super::nominate::one_time_password_of;
use super::{WorkflowError, WorkflowRejection, Workflows};
use crate::{Answer, CommandError, Reserve, Sent};

/// Why an administrator who was forgotten leaves.
const NOBODY_CAN_ACT: &str = "Nobody can act as this administrator any more.";

impl Workflows {
    /// Invites somebody to register as a user of an organization.
    ///
    /// # Errors
    /// If the organization is not in good standing or a rule of the user is broken.
    pub async fn invite_user(
        &self,
        organization: OrganizationId,
        email: Email,
        sent: &Sent,
    ) -> Result<(PersonId, Answer<UserEvent>), WorkflowError> {
        let organization_name = self.name_of(Owner::Partner(organization)).await?;
        let person = self.person_of(sent).await?;
        let command = UserCommand::InviteUser { organization, organization_name, email: Personal::new(person, email) };
        let answer = self.handlers.create::<User>(person.0, command, sent, &[]).await.map_err(CommandError::of_any)?;
        Ok((person, answer))
    }

    /// Fills in who the invited person is; the one-time password that they choose goes to the vault first.
    ///
    /// # Errors
    /// If the one-time password is too weak, or a rule of the user is broken.
    pub async fn self_register(
        &self,
        person: PersonId,
        contact: Contact,
        one_time_password: &str,
        sent: &Sent,
    ) -> Result<Answer<UserEvent>, WorkflowError> {
        let organization = self.handlers.inspect::<User, _>(person.0, |state, _| state.organization());
        let company = match organization.await.map_err(CommandError::of_any)?.flatten() {
            Some(organization) => Some(self.name_of(Owner::Partner(organization)).await?),
            None => None,
        };
        super::nominate::check(one_time_password, &contact, company.as_ref())?;
        let command = UserCommand::SelfRegister { contact: Personal::new(person, contact), one_time_password: one_time_password_of(sent) };
        // What will be refused, or was done before, is not worth the hashing, nor a row.
        if let Some(answer) = self.handlers.rehearse::<User>(person.0, command.clone(), sent).await.map_err(CommandError::of_any)? {
            return Ok(answer);
        }
        self.put_one_time_password_of_somebody_to_come(person, NamedBy::User(person), one_time_password, sent).await?;
        self.handlers.handle::<User>(person.0, command, sent).await.map_err(CommandError::of_any)
    }

    /// Confirms who came: the account is created under a User ID that nobody has or had, and its one-time password works.
    ///
    /// # Errors
    /// If nobody came, or the account exists already.
    pub async fn confirm_self_registration(
        &self,
        person: PersonId,
        administrator: PersonId,
        sent: &Sent,
    ) -> Result<(UserId, Answer<UserEvent>), WorkflowError> {
        let mut taken = ReservationKind::UserId;
        for attempt in 0..TRIES {
            let user_id = UserId::derive(sent.derive(&format!("user id {attempt}")));
            let reserve = Reserve { id: self.user_id_reservation(&user_id), kind: ReservationKind::UserId, owner: person.0 };
            let command = UserCommand::ConfirmSelfRegistration { user_id: user_id.clone(), administrator };
            match self.handlers.handle_reserving::<User>(person.0, command, sent, &[reserve]).await {
                Ok(answer) => {
                    let created = answer.events.iter().find_map(|event| {
                        if let UserEvent::Created { one_time_password, .. } = event { Some(*one_time_password) } else { None }
                    });
                    if let Some(one_time_password) = created {
                        self.vault.activate(one_time_password).await?;
                    }
                    return Ok((given(&answer).unwrap_or(user_id), answer));
                }
                Err(CommandError::Taken(kind)) => taken = kind,
                Err(error) => return Err(error.of_any()),
            }
        }
        Err(CommandError::Taken(taken))
    }

    /// Creates an administrator of an organization that has none who can act, by the staff: the last one was forgotten, say (ADR 0019), or the
    /// first ones never came. Those who were forgotten leave.
    ///
    /// # Errors
    /// If an administrator of it can act, or as [`Workflows::create_user_of`].
    pub async fn restore_administrator(
        &self,
        organization: OrganizationId,
        by: PersonId,
        contact: Contact,
        one_time_password: &str,
        sent: &Sent,
    ) -> Result<(PersonId, UserId, Answer<UserEvent>), WorkflowError> {
        let named: Vec<PersonId> = self
            .handlers
            .inspect::<Organization, _>(organization.0, |state, _| {
                state.registered().map(|registered| registered.administrators.keys().copied().collect())
            })
            .await
            .map_err(CommandError::of_any)?
            .flatten()
            .unwrap_or_default();
        let mut lost = Vec::new();
        for administrator in named {
            // As the account is now: what the organization knows of it comes a moment later.
            let is_erased = |state: &UserState| state.account().is_some_and(|account| account.contact.is_erased());
            let seen = self.handlers.inspect::<User, _>(administrator.0, |state, _| (is_erased(state), state.is_active())).await;
            match seen.map_err(CommandError::of_any)? {
                Some((true, _)) => lost.push(administrator),
                Some((false, true)) if !self.has_created(sent).await? => return Err(WorkflowRejection::HasAdministrator.into()),
                Some((false, _)) | None => {}
            }
        }
        let roles = vec![UserRole::OrganizationAdministrator];
        let created = self.create_user_of(organization, by, contact, roles, one_time_password, sent).await?;
        for administrator in lost {
            self.lose_administrator(organization, administrator, &sent.part(&format!("lost {administrator}"))).await?;
        }
        Ok(created)
    }

    async fn lose_administrator(&self, organization: OrganizationId, administrator: PersonId, sent: &Sent) -> Result<(), WorkflowError> {
        let reason = super::because(NOBODY_CAN_ACT)?;
        let command = OrganizationCommand::LoseAdministrator { administrator, reason: reason.clone() };
        self.handlers.handle::<Organization>(organization.0, command, sent).await.map_err(CommandError::of_any)?;
        self.close_account(administrator, &reason, &sent.part("account")).await
    }

    /// Suspends a user, whose sessions end. An administrator leaves the organization's circle of administrators first, which
    /// the last active one cannot.
    ///
    /// # Errors
    /// If there is no such user in the organization, or it would be left without an active administrator.
    pub async fn suspend_user(
        &self,
        organization: OrganizationId,
        person: PersonId,
        reason: Reason,
        sent: &Sent,
    ) -> Result<Answer<UserEvent>, WorkflowError> {
        self.leave_administrators(organization, person, &reason, sent).await?;
        let command = UserCommand::SuspendUser { reason };
        let answer = self.handlers.handle::<User>(person.0, command, sent).await.map_err(CommandError::of_any)?;
        self.vault.end_all(person).await?;
        Ok(answer)
    }

    /// Closes a user's account for good. As [`Workflows::suspend_user`] otherwise.
    ///
    /// # Errors
    /// As [`Workflows::suspend_user`].
    pub async fn close_user(
        &self,
        organization: OrganizationId,
        person: PersonId,
        reason: Reason,
        sent: &Sent,
    ) -> Result<Answer<UserEvent>, WorkflowError> {
        self.leave_administrators(organization, person, &reason, sent).await?;
        let command = UserCommand::CloseUser { reason };
        let answer = self.handlers.handle::<User>(person.0, command, sent).await.map_err(CommandError::of_any)?;
        self.vault.end_all(person).await?;
        Ok(answer)
    }

    /// Takes a role from a user; the organization's last active administrator keeps theirs.
    ///
    /// # Errors
    /// As [`Workflows::suspend_user`].
    pub async fn revoke_role(
        &self,
        organization: OrganizationId,
        person: PersonId,
        role: UserRole,
        reason: Reason,
        sent: &Sent,
    ) -> Result<Answer<UserEvent>, WorkflowError> {
        match role {
            UserRole::OrganizationAdministrator => self.leave_administrators(organization, person, &reason, sent).await?,
            UserRole::ApplicationAdministrator(_) => {
                self.member(organization, person).await?;
            }
        }
        let command = UserCommand::RevokeRole { role, reason };
        self.handlers.handle::<User>(person.0, command, sent).await.map_err(CommandError::of_any)
    }

    /// Whoever administers the organization stops doing so. One stream decides, so that two administrators who remove each
    /// other at once do not both succeed.
    async fn leave_administrators(
        &self,
        organization: OrganizationId,
        person: PersonId,
        reason: &Reason,
        sent: &Sent,
    ) -> Result<(), WorkflowError> {
        let member = self.member(organization, person).await?;
        let is_administrator = member.account().is_some_and(|account| account.roles.contains(&UserRole::OrganizationAdministrator));
        if is_administrator {
            let command = OrganizationCommand::RemoveAdministrator { administrator: person, reason: reason.clone() };
            let part = sent.part("administrators");
            self.handlers.handle::<Organization>(organization.0, command, &part).await.map_err(CommandError::of_any)?;
        }
        Ok(())
    }

    /// The user, if they are one of this organization.
    async fn member(&self, organization: OrganizationId, person: PersonId) -> Result<UserState, WorkflowError> {
        let state = self.handlers.state::<User>(person.0).await.map_err(CommandError::of_any)?;
        let member = state.map(|(state, _)| state).filter(|state| state.organization() == Some(organization));
        member.ok_or_else(|| WorkflowRejection::NoSuchUser.into())
    }
}
