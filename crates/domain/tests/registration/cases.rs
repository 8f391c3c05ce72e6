//! The people, applications and cases that the tests are about.

use domain::registration::{
    AdministratorRole, Affiliation, Origin, Registration, RegistrationCommand as Command, RegistrationEvent, RequestedApplication, Reviewer,
};
use domain::testing::{Scenario, company, email, given, nominee, profile, reason, registrant, uuid};
use domain::{ApplicationId, CredentialId, InvitationId, OrganizationId, Owner, PersonId, Policy, RegistrationId, StaffId};

pub(crate) const ADA: u128 = 1;
pub(crate) const BO: u128 = 2;
pub(crate) const CY: u128 = 3;

pub(crate) fn person(number: u128) -> PersonId {
    PersonId(uuid(number))
}

pub(crate) fn password(number: u128) -> CredentialId {
    CredentialId(uuid(0x0100 + number))
}

/// The partner that invites.
pub(crate) fn partner() -> OrganizationId {
    OrganizationId(uuid(0x0200))
}

pub(crate) fn id() -> RegistrationId {
    RegistrationId(uuid(0x0300))
}

/// The organization that the case becomes.
pub(crate) fn organization() -> OrganizationId {
    OrganizationId::derive(id().0, "organization")
}

/// Grants access automatically.
pub(crate) fn sft() -> ApplicationId {
    ApplicationId(uuid(0x0401))
}

/// Needs an application administrator.
pub(crate) fn bscp() -> ApplicationId {
    ApplicationId(uuid(0x0402))
}

pub(crate) fn org_admin() -> AdministratorRole {
    AdministratorRole::OrganizationAdministrator
}

pub(crate) fn app_admin(application: ApplicationId) -> AdministratorRole {
    AdministratorRole::ApplicationAdministrator(application)
}

pub(crate) fn requested(application: ApplicationId) -> RequestedApplication {
    RequestedApplication { application, owner: Owner::Partner(partner()), needs_administrator: application == bscp(), four_eyes: false }
}

pub(crate) fn invited() -> Origin {
    Origin::Invitation { invitation: InvitationId(uuid(0x0500)), inviter: Owner::Partner(partner()) }
}

/// Ada starts from the invitation of Rotor Works for both applications.
pub(crate) fn start() -> Command {
    Command::StartRegistration {
        invited_by: vec![],
        id: id(),
        origin: invited(),
        registrant: registrant(ADA, "Ada"),
        company: Some(company("Rotor Works")),
        applications: vec![requested(sft()), requested(bscp())],
    }
}

/// Names the person under this number; only Ada is the registrant.
pub(crate) fn nominate(number: u128, given_name: &str, role: AdministratorRole) -> Command {
    Command::NominateAdministrator {
        nominee: nominee(number, given_name),
        is_registrant: number == ADA,
        one_time_password: password(number),
        role,
    }
}

pub(crate) fn acknowledge(number: u128) -> Command {
    Command::AcknowledgeHandover { nominee: person(number) }
}

pub(crate) fn human() -> Command {
    Command::PassHumanCheck { challenge: "c-1".to_owned() }
}

pub(crate) fn save_profile(legal_name: &str) -> Command {
    Command::SaveProfile { profile: profile(legal_name) }
}

/// What a reviewer is known by.
pub(crate) fn reviewer(number: u128) -> Reviewer {
    Reviewer {
        staff: staff(number),
        email: Some(email(&format!("reviewer{number}@operator.example"))),
        affiliations: Vec::new(),
        accounts: Vec::new(),
    }
}

pub(crate) fn belonging_to(affiliation: Affiliation) -> Reviewer {
    Reviewer { affiliations: vec![affiliation], ..reviewer(9) }
}

pub(crate) fn staff(number: u128) -> StaffId {
    StaffId(uuid(0x0600 + number))
}

pub(crate) fn claim(number: u128) -> Command {
    Command::ClaimRegistration { reviewer: reviewer(number) }
}

pub(crate) fn approve(number: u128, dossier_version: u32) -> Command {
    Command::ApproveRegistration { reviewer: reviewer(number), dossier_version, reason: reason("all checked") }
}

pub(crate) fn reject(number: u128, dossier_version: u32) -> Command {
    Command::RejectRegistration { reviewer: reviewer(number), dossier_version, reason: reason("not the company") }
}

pub(crate) type Case = Scenario<Registration>;

pub(crate) fn nothing() -> Case {
    given(Vec::<RegistrationEvent>::new())
}

/// Begun by Ada, on the Monday at ten.
pub(crate) fn started() -> Case {
    nothing().having(start())
}

/// Human check and profile done.
pub(crate) fn with_profile() -> Case {
    started().having(human()).having(save_profile("Rotor Works GmbH"))
}

/// Everything entered: Ada administers the organization, Bo the application that needs one.
pub(crate) fn filled() -> Case {
    filled_in(started())
}

/// The same, of a case that was begun otherwise.
pub(crate) fn filled_in(begun: Case) -> Case {
    begun
        .having(human())
        .having(save_profile("Rotor Works GmbH"))
        .having(nominate(ADA, "Ada", org_admin()))
        .having(acknowledge(ADA))
        .having(nominate(BO, "Bo", app_admin(bscp())))
        .having(acknowledge(BO))
}

/// Submitted on the Monday at ten.
pub(crate) fn submitted() -> Case {
    filled().having(Command::ConfirmReview {}).having(Command::SubmitRegistration {})
}

/// Claimed by the first reviewer.
pub(crate) fn in_review() -> Case {
    submitted().having(claim(1))
}

/// The dossier's version as it is now.
pub(crate) fn version(case: &Case) -> u32 {
    case.state().case().map_or(0, |case| case.dossier.version)
}

pub(crate) fn policy(change: impl FnOnce(&mut Policy)) -> Policy {
    let mut policy = Policy::default();
    change(&mut policy);
    policy
}
