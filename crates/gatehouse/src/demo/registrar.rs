//! What a registrant and a reviewer do with one case, as commands.

use command_handlers::Sent;
use command_handlers::workflows::{Approve, Nominate};
use domain::application::Way;
use domain::registration::{AdministratorRole, Question, Registration, RegistrationCommand, Reviewer, Step};
use domain::staff::Staff;
use domain::{Actor, ApplicationId, Contact, Invalid, Message, PersonId, Reason, Registrant, RegistrationId, StaffId};
use zeroize::Zeroizing;

use super::cast::sent;
use super::dice::Company;
use crate::failure::Failure;
use crate::service::Service;

/// Whoever acts on the case of one company.
pub(super) struct Registrar<'a> {
    pub(super) service: &'a Service,
    /// Tells the company's commands from others'.
    pub(super) label: String,
    pub(super) company: &'a Company,
}

/// A text of the story is not valid: a mistake of the story.
pub(super) fn refused(invalid: Invalid) -> Failure {
    Failure::failed(format!("the demonstration is wrong: {invalid}"))
}

impl Registrar<'_> {
    fn by_registrant(&self, registration: RegistrationId, what: &str) -> Sent {
        sent(&format!("{} {what}", self.label), Actor::Registrant(registration))
    }

    fn by_staff(&self, staff: StaffId, what: &str) -> Sent {
        sent(&format!("{} {what}", self.label), Actor::Staff(staff))
    }

    async fn tell(&self, registration: RegistrationId, command: RegistrationCommand, sent: Sent) -> Result<(), Failure> {
        self.service.handlers.handle::<Registration>(registration.0, command, &sent).await?;
        Ok(())
    }

    /// Begins without an invitation.
    pub(super) async fn start_public(&self, applications: &[ApplicationId]) -> Result<RegistrationId, Failure> {
        let person = &self.company.registrant;
        let registrant =
            Registrant { name: Some(domain::PersonName::parse(&person.full_name()).map_err(refused)?), email: person.email.clone() };
        let sent = sent(&format!("{} start", self.label), Actor::Service("public".to_owned()));
        let (registration, _) = self.service.workflows.start_public(registrant, applications, &Way::PublicRegistration, &sent).await?;
        Ok(registration)
    }

    /// Passes the human check and saves the profile.
    pub(super) async fn fill_profile(&self, registration: RegistrationId) -> Result<(), Failure> {
        let challenge = format!("demo-{}", self.label);
        self.tell(registration, RegistrationCommand::PassHumanCheck { challenge }, self.by_registrant(registration, "check")).await?;
        let profile = self.company.profile.clone();
        self.tell(registration, RegistrationCommand::SaveProfile { profile }, self.by_registrant(registration, "profile")).await
    }

    /// Names the registrant as organization administrator and the colleague for each application that needs one. Gives the
    /// organization administrator and their one-time password.
    pub(super) async fn name_administrators(&self, registration: RegistrationId) -> Result<(PersonId, Zeroizing<String>), Failure> {
        let role = AdministratorRole::OrganizationAdministrator;
        let first = self.nominate(registration, &self.company.registrant, true, role, "administrator").await?;
        let mut colleague: Option<PersonId> = None;
        while let Some(Step::ApplicationAdministrators(application)) = self.next_step(registration).await? {
            let role = AdministratorRole::ApplicationAdministrator(application);
            match colleague {
                None => {
                    let what = format!("application administrator {application}");
                    colleague = Some(self.nominate(registration, &self.company.colleague, false, role, &what).await?.0);
                }
                Some(nominee) => {
                    let sent = self.by_registrant(registration, &format!("select {application}"));
                    self.tell(registration, RegistrationCommand::SelectAdministrator { nominee, role }, sent).await?;
                }
            }
        }
        Ok(first)
    }

    async fn nominate(
        &self,
        registration: RegistrationId,
        contact: &Contact,
        is_registrant: bool,
        role: AdministratorRole,
        what: &str,
    ) -> Result<(PersonId, Zeroizing<String>), Failure> {
        let proposal = credential_vault::propose_one_time_password().map_err(|error| Failure::from_error(&error))?;
        let nominate = Nominate { contact: contact.clone(), is_registrant, one_time_password: proposal.to_string(), role };
        let (person, _) = self.service.workflows.nominate(registration, nominate, &self.by_registrant(registration, what)).await?;
        let acknowledge = RegistrationCommand::AcknowledgeHandover { nominee: person };
        self.tell(registration, acknowledge, self.by_registrant(registration, &format!("handover {what}"))).await?;
        Ok((person, proposal))
    }

    async fn next_step(&self, registration: RegistrationId) -> Result<Option<Step>, Failure> {
        let step = self
            .service
            .handlers
            .inspect::<Registration, _>(registration.0, |state, _| state.case().and_then(|case| case.next_step()))
            .await?;
        Ok(step.flatten())
    }

    /// Confirms and submits.
    pub(super) async fn submit(&self, registration: RegistrationId) -> Result<(), Failure> {
        self.tell(registration, RegistrationCommand::ConfirmReview {}, self.by_registrant(registration, "confirm")).await?;
        self.tell(registration, RegistrationCommand::SubmitRegistration {}, self.by_registrant(registration, "submit")).await
    }

    /// Gives up.
    pub(super) async fn withdraw(&self, registration: RegistrationId) -> Result<(), Failure> {
        let reason = Some(Reason::parse("We will register later this year.").map_err(refused)?);
        self.tell(registration, RegistrationCommand::WithdrawRegistration { reason }, self.by_registrant(registration, "withdraw")).await
    }

    /// Answers what was asked.
    pub(super) async fn answer(&self, registration: RegistrationId) -> Result<(), Failure> {
        let answer = Some(Message::parse("The number on file is the one of our parent company; ours is as entered.").map_err(refused)?);
        self.tell(registration, RegistrationCommand::ResubmitRegistration { answer }, self.by_registrant(registration, "answer")).await
    }

    /// A reviewer takes it. `which` tells two claims of one case apart.
    pub(super) async fn claim(&self, registration: RegistrationId, staff: StaffId, which: &str) -> Result<(), Failure> {
        let reviewer = self.reviewer(staff).await?;
        self.tell(registration, RegistrationCommand::ClaimRegistration { reviewer }, self.by_staff(staff, &format!("claim {which}"))).await
    }

    /// A reviewer asks.
    pub(super) async fn ask(&self, registration: RegistrationId, staff: StaffId) -> Result<(), Failure> {
        let questions = vec![Question {
            field: "/profile/identifiers".to_owned(),
            question: Message::parse("The D-U-N-S number belongs to another company in our register. Please check it.").map_err(refused)?,
        }];
        let (reviewer, dossier_version) = (self.reviewer(staff).await?, self.dossier_version(registration).await?);
        let command = RegistrationCommand::RequestInformation { reviewer, dossier_version, questions };
        self.tell(registration, command, self.by_staff(staff, "ask")).await
    }

    /// A reviewer approves.
    pub(super) async fn approve(&self, registration: RegistrationId, staff: StaffId, why: &str) -> Result<(), Failure> {
        let (reviewer, dossier_version) = (self.reviewer(staff).await?, self.dossier_version(registration).await?);
        let approve = Approve { reviewer, dossier_version, reason: Reason::parse(why).map_err(refused)? };
        self.service.workflows.approve(registration, approve, &self.by_staff(staff, "approve")).await?;
        Ok(())
    }

    /// A reviewer rejects.
    pub(super) async fn reject(&self, registration: RegistrationId, staff: StaffId) -> Result<(), Failure> {
        let reason = Reason::parse("The company could not be found in the register of its country under this name.").map_err(refused)?;
        let (reviewer, dossier_version) = (self.reviewer(staff).await?, self.dossier_version(registration).await?);
        let command = RegistrationCommand::RejectRegistration { reviewer, dossier_version, reason };
        self.tell(registration, command, self.by_staff(staff, "reject")).await
    }

    async fn reviewer(&self, staff: StaffId) -> Result<Reviewer, Failure> {
        let reviewer = self.service.handlers.inspect::<Staff, _>(staff.0, |state, _| state.reviewer(staff)).await?;
        reviewer.flatten().ok_or_else(|| Failure::failed("a reviewer of the story is not on the staff"))
    }

    async fn dossier_version(&self, registration: RegistrationId) -> Result<u32, Failure> {
        let version = self
            .service
            .handlers
            .inspect::<Registration, _>(registration.0, |state, _| state.case().map(|case| case.dossier.version))
            .await?;
        version.flatten().ok_or_else(|| Failure::failed("a case of the story has not begun"))
    }
}
