//! Creating accounts.

use credential_vault::NamedBy;
use domain::reservation::{Reservation, ReservationCommand, ReservationEvent, ReservationKind};
use domain::user::{User, UserCommand, UserEvent, UserOrigin, UserRole};
use domain::{CompanyName, Contact, CredentialId, OrganizationId, Owner, PersonId, Personal, ReservationId, UserId};

use super::{WorkflowError, WorkflowRejection, Workflows};
use crate::{Answer, CommandError, Reserve, Sent};

/// How often another User ID is tried when one is taken.
pub(super) const TRIES: u32 = 8;

/// Whose account is to be created.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// Of which organization.
    pub organization: OrganizationId,
    /// Its name.
    pub organization_name: CompanyName,
    /// Who, and how to reach them.
    pub contact: Personal<Contact>,
    /// Their roles from the start.
    pub roles: Vec<UserRole>,
    /// Their one-time password, in the vault.
    pub one_time_password: CredentialId,
    /// How it comes about.
    pub origin: UserOrigin,
}

impl Workflows {
    /// Names the reservation of a User ID.
    #[must_use]
    pub fn user_id_reservation(&self, user_id: &UserId) -> ReservationId {
        self.master.reservation_id("user id", user_id.as_str())
    }

    /// Whose User ID this is; none if nobody's.
    ///
    /// # Errors
    /// If the log cannot be read.
    pub async fn user_with(&self, user_id: &UserId) -> Result<Option<PersonId>, WorkflowError> {
        let key = self.user_id_reservation(user_id).0;
        let owner = self.handlers.inspect::<Reservation, _>(key, |state, _| state.owner()).await.map_err(CommandError::of_any)?;
        Ok(owner.flatten().map(PersonId))
    }

    /// Creates an account under a User ID that nobody has or had, and lets its one-time password work.
    ///
    /// # Errors
    /// If the person has an account already, or a rule of the user is broken.
    pub async fn create_user(&self, new: NewUser, sent: &Sent) -> Result<(UserId, Answer<UserEvent>), WorkflowError> {
        let person = new.contact.person();
        let one_time_password = new.one_time_password;
        let mut taken = None;
        for attempt in 0..TRIES {
            let user_id = UserId::derive(sent.derive(&format!("user id {attempt}")));
            let reserve = Reserve { id: self.user_id_reservation(&user_id), kind: ReservationKind::UserId, owner: person.0 };
            let command = UserCommand::CreateUser {
                organization: new.organization,
                organization_name: new.organization_name.clone(),
                user_id: user_id.clone(),
                contact: new.contact.clone(),
                roles: new.roles.clone(),
                one_time_password,
                origin: new.origin,
            };
            match self.handlers.create::<User>(person.0, command, sent, &[reserve]).await {
                Ok(answer) => {
                    self.vault.activate(one_time_password).await?;
                    return Ok((given(&answer).unwrap_or(user_id), answer));
                }
                Err(CommandError::Taken(kind)) => taken = Some(kind),
                Err(error) => return Err(error.of_any()),
            }
        }
        Err(CommandError::Taken(taken.unwrap_or(ReservationKind::UserId)))
    }

    /// Creates a user of an organization, by its administrator (J7): the one-time password goes to the vault first.
    ///
    /// # Errors
    /// If the one-time password is too weak, or as [`Workflows::create_user`].
    pub async fn create_user_of(
        &self,
        organization: OrganizationId,
        administrator: PersonId,
        contact: Contact,
        roles: Vec<UserRole>,
        one_time_password: &str,
        sent: &Sent,
    ) -> Result<(PersonId, UserId, Answer<UserEvent>), WorkflowError> {
        let organization_name = self.company_of(organization).await?;
        super::nominate::check(one_time_password, &contact, Some(&organization_name))?;
        let person = self.person_of(sent).await?;
        let one_time_password = self.put_one_time_password(person, NamedBy::User(person), one_time_password, sent).await?;
        let new = NewUser {
            organization,
            organization_name,
            contact: Personal::new(person, contact),
            roles,
            one_time_password,
            origin: UserOrigin::Administrator(administrator),
        };
        let (user_id, answer) = self.create_user(new, sent).await?;
        Ok((person, user_id, answer))
    }

    /// What the organization of new users is called: their one-time passwords must not lean on it.
    ///
    /// # Errors
    /// If it is not in good standing.
    pub async fn company_of(&self, organization: OrganizationId) -> Result<CompanyName, WorkflowError> {
        self.name_of(Owner::Partner(organization)).await
    }

    /// The person that a command is the first to mention. Sent again, it means the same person: a person's id comes from the
    /// key ring and cannot derive from the command's, so the log remembers it.
    ///
    /// # Errors
    /// If the log cannot be written or the key ring has no keys.
    pub async fn person_of(&self, sent: &Sent) -> Result<PersonId, WorkflowError> {
        if let Some(known) = self.person_known_of(sent).await? {
            return Ok(known);
        }
        let key = sent.derive("person");
        let person = self.keys.allot()?;
        let command = ReservationCommand::Reserve { kind: ReservationKind::CommandPerson, owner: person.0 };
        match self.handlers.create::<Reservation>(key, command, &sent.part("person"), &[]).await {
            Ok(answer) => Ok(answer.events.iter().find_map(first_owner).unwrap_or(person)),
            // The same command was sent twice at once, and the other one was first.
            Err(CommandError::Rejected(_)) => Ok(self.person_known_of(sent).await?.unwrap_or(person)),
            Err(error) => Err(error.of_any()),
        }
    }

    /// The person that a command was the first to mention, if it came before.
    async fn person_known_of(&self, sent: &Sent) -> Result<Option<PersonId>, WorkflowError> {
        let key = sent.derive("person");
        let owner = self.handlers.inspect::<Reservation, _>(key, |state, _| state.owner()).await.map_err(CommandError::of_any)?;
        Ok(owner.flatten().map(PersonId))
    }

    /// Whether a command, which comes again, has created its account already.
    pub(super) async fn has_created(&self, sent: &Sent) -> Result<bool, WorkflowError> {
        let Some(person) = self.person_known_of(sent).await? else { return Ok(false) };
        let account = self.handlers.inspect::<User, _>(person.0, |state, _| state.account().is_some()).await;
        Ok(account.map_err(CommandError::of_any)? == Some(true))
    }

    /// Issues a new one-time password to a user whose own is locked or lost, and ends their sessions.
    ///
    /// # Errors
    /// If it is too weak or the user cannot have one now.
    pub async fn issue_one_time_password(
        &self,
        person: PersonId,
        one_time_password: &str,
        sent: &Sent,
    ) -> Result<Answer<UserEvent>, WorkflowError> {
        let account =
            self.handlers.inspect::<User, _>(person.0, |state, _| state.account().cloned()).await.map_err(CommandError::of_any)?;
        let account = account.flatten().ok_or(WorkflowRejection::NoAccountYet)?;
        let contact = account.contact.get().ok_or(CommandError::Erased)?;
        super::nominate::check(one_time_password, contact, Some(&account.organization_name))?;
        let id = self.put_one_time_password(person, NamedBy::User(person), one_time_password, sent).await?;
        let command = UserCommand::IssueOneTimePassword { one_time_password: id };
        let answer = self.handlers.handle::<User>(person.0, command, sent).await.map_err(CommandError::of_any)?;
        // Sessions that a secret opened are over by the event; this ends the others, and forgets them all.
        self.vault.end_all(person).await?;
        self.vault.activate(id).await?;
        let replaced = account.means.one_time_password.id();
        if replaced != id {
            self.vault.revoke(replaced).await?;
        }
        Ok(answer)
    }
}

/// The User ID that an account was created under: a repeated command has the one of the first time.
pub(super) fn given(answer: &Answer<UserEvent>) -> Option<UserId> {
    answer.events.iter().find_map(|event| if let UserEvent::Created { user_id, .. } = event { Some(user_id.clone()) } else { None })
}

fn first_owner(event: &ReservationEvent) -> Option<PersonId> {
    match event {
        ReservationEvent::Taken { owner, .. } => Some(PersonId(*owner)),
        ReservationEvent::Released { .. } => None,
    }
}
