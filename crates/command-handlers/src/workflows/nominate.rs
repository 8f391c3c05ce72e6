//! Naming administrators, with their one-time passwords.

use credential_vault::NamedBy;
use domain::registration::{AdministratorRole, Registration, RegistrationCommand, RegistrationEvent};
use domain::{CompanyName, Contact, CredentialId, PersonId, Personal, RegistrationId};
use jiff::{SignedDuration, Timestamp};

use super::{WorkflowError, WorkflowRejection, Workflows};
use crate::{Answer, CommandError, Sent};

/// Who shall be administrator.
pub struct Nominate {
    /// How to reach them.
    pub contact: Contact,
    /// Whether the registrant names themselves.
    pub is_registrant: bool,
    /// The one-time password that they will be handed.
    pub one_time_password: String,
    /// What they shall be.
    pub role: AdministratorRole,
}

impl Workflows {
    /// Names an administrator-to-be: the one-time password goes to the vault, then the registration notes who it is for.
    ///
    /// # Errors
    /// If the one-time password is too weak or a rule of the registration is broken.
    pub async fn nominate(
        &self,
        registration: RegistrationId,
        nominate: Nominate,
        sent: &Sent,
    ) -> Result<(PersonId, Answer<RegistrationEvent>), WorkflowError> {
        let company = self.company(registration).await?;
        check(&nominate.one_time_password, &nominate.contact, company.as_ref())?;
        let person = if nominate.is_registrant { self.registrant(registration).await? } else { self.keys.allot()? };
        let command = RegistrationCommand::NominateAdministrator {
            nominee: Personal::new(person, nominate.contact),
            is_registrant: nominate.is_registrant,
            one_time_password: one_time_password_of(sent),
            role: nominate.role,
        };
        let answer = self.with_one_time_password(registration, person, &nominate.one_time_password, command, sent).await?;
        // A repeated command names whom it named the first time.
        let named = answer.events.iter().find_map(|event| {
            if let RegistrationEvent::AdministratorNominated { nominee, .. } = event { Some(nominee.person()) } else { None }
        });
        Ok((named.unwrap_or(person), answer))
    }

    /// Corrects a nominee's details, with a new one-time password.
    ///
    /// # Errors
    /// As [`Workflows::nominate`].
    pub async fn correct_nominee(
        &self,
        registration: RegistrationId,
        nominee: PersonId,
        contact: Contact,
        one_time_password: &str,
        sent: &Sent,
    ) -> Result<Answer<RegistrationEvent>, WorkflowError> {
        let company = self.company(registration).await?;
        check(one_time_password, &contact, company.as_ref())?;
        let contact = Personal::new(nominee, contact);
        let command = RegistrationCommand::CorrectAdministrator { nominee: contact, one_time_password: one_time_password_of(sent) };
        self.with_one_time_password(registration, nominee, one_time_password, command, sent).await
    }

    /// Keeps the one-time password, then sends the command that names it; only if the command is new and keeps the rules. Sent
    /// again, a command must not replace the one-time password that its event has named, and one that will be refused is not
    /// worth the hashing.
    async fn with_one_time_password(
        &self,
        registration: RegistrationId,
        person: PersonId,
        secret: &str,
        command: RegistrationCommand,
        sent: &Sent,
    ) -> Result<Answer<RegistrationEvent>, WorkflowError> {
        let before = self.handlers.rehearse::<Registration>(registration.0, command.clone(), sent).await.map_err(CommandError::of_any)?;
        if let Some(answer) = before {
            return Ok(answer);
        }
        self.put_one_time_password_of_somebody_to_come(person, NamedBy::Stream(registration.0), secret, sent).await?;
        self.handlers.handle::<Registration>(registration.0, command, sent).await.map_err(CommandError::of_any)
    }

    /// Keeps a one-time password under the id that follows from the command, before the event that will name it. It ends unused after as
    /// many days as policy says.
    pub(super) async fn put_one_time_password(
        &self,
        person: PersonId,
        named_by: NamedBy,
        secret: &str,
        sent: &Sent,
    ) -> Result<CredentialId, WorkflowError> {
        self.put_one_time_password_for(self.handlers.policy().one_time_password_days, person, named_by, secret, sent).await
    }

    /// As [`put_one_time_password`](Self::put_one_time_password), of somebody who has no account yet: nobody can replace it before they do. So it lives
    /// as long as a registration may lie, and then as any other.
    pub(super) async fn put_one_time_password_of_somebody_to_come(
        &self,
        person: PersonId,
        named_by: NamedBy,
        secret: &str,
        sent: &Sent,
    ) -> Result<CredentialId, WorkflowError> {
        let policy = self.handlers.policy();
        let days = policy.registration_days.saturating_add(policy.one_time_password_days);
        self.put_one_time_password_for(days, person, named_by, secret, sent).await
    }

    async fn put_one_time_password_for(
        &self,
        days: u32,
        person: PersonId,
        named_by: NamedBy,
        secret: &str,
        sent: &Sent,
    ) -> Result<CredentialId, WorkflowError> {
        let (id, now) = (one_time_password_of(sent), self.now());
        let ends = now.checked_add(SignedDuration::from_hours(i64::from(days) * 24)).unwrap_or(Timestamp::MAX);
        self.vault.put_one_time_password(id, person, named_by, secret, Some(ends), now).await?;
        Ok(id)
    }

    /// The company that is being registered, as far as it is known.
    async fn company(&self, registration: RegistrationId) -> Result<Option<CompanyName>, WorkflowError> {
        let company = self.handlers.inspect::<Registration, _>(registration.0, |state, _| {
            let case = state.case()?;
            case.dossier.profile.as_ref().map(|profile| profile.legal_name.clone()).or_else(|| case.company.clone())
        });
        Ok(company.await.map_err(CommandError::of_any)?.flatten())
    }

    async fn registrant(&self, registration: RegistrationId) -> Result<PersonId, WorkflowError> {
        let person = self
            .handlers
            .inspect::<Registration, _>(registration.0, |state, _| state.case().map(|case| case.registrant.person()))
            .await
            .map_err(CommandError::of_any)?;
        person.flatten().ok_or_else(|| WorkflowRejection::NoSuchRegistration.into())
    }
}

/// The id under which a command's one-time password is kept.
pub(super) fn one_time_password_of(sent: &Sent) -> CredentialId {
    CredentialId(sent.derive("one-time password"))
}

/// Refuses a one-time password that is too weak against who knows the person who will get it, and their company.
pub(super) fn check(one_time_password: &str, contact: &Contact, company: Option<&CompanyName>) -> Result<(), WorkflowError> {
    let company = company.map(CompanyName::as_str).unwrap_or_default();
    let context = [contact.given_name.as_str(), contact.family_name.as_str(), contact.email.as_str(), company];
    match credential_vault::strength::check_one_time_password(one_time_password, &context) {
        Ok(_) => Ok(()),
        Err(weak) => Err(WorkflowRejection::TooWeak(weak.to_string()).into()),
    }
}
