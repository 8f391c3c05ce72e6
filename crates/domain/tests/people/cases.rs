//! Values that the tests here need over and over.

use domain::application::{AccessPolicy, ApplicationDetails, CredentialStrength, RegistrationPolicy, Way};
use domain::invitation::{Invitation, InvitationCommand, InvitationEvent};
use domain::registration::Reviewer;
use domain::testing::{Scenario, at, company, email, given, nominee, reason, text, uuid};
use domain::user::{User, UserCommand, UserEvent, UserOrigin, UserRole};
use domain::{
    Addressee, ApplicationId, ApplicationName, CredentialId, Description, Message, OrganizationId, Owner, PersonId, PersonName, Personal,
    RegistrationId, StaffId, TermsVersion, UserId, WebAddress,
};

/// The end of an invitation that was sent at the instant of every test, unless it says otherwise: 30 days later.
pub(crate) const END: &str = "2026-04-01T10:00:00Z";
/// An instant before that end.
pub(crate) const BEFORE_END: &str = "2026-04-01T09:59:59Z";

pub(crate) fn organization(number: u128) -> OrganizationId {
    OrganizationId(uuid(0x0a_0000 + number))
}

pub(crate) fn application(number: u128) -> ApplicationId {
    ApplicationId(uuid(0x0b_0000 + number))
}

pub(crate) fn registration(number: u128) -> RegistrationId {
    RegistrationId(uuid(0x0c_0000 + number))
}

pub(crate) fn person(number: u128) -> PersonId {
    PersonId(uuid(number))
}

pub(crate) fn staff(number: u128) -> StaffId {
    StaffId(uuid(0x0d_0000 + number))
}

/// This member of the staff as a reviewer, tied to nobody.
pub(crate) fn reviewer(number: u128) -> Reviewer {
    Reviewer { staff: staff(number), email: None, affiliations: vec![], accounts: vec![] }
}

pub(crate) fn credential(number: u128) -> CredentialId {
    CredentialId(uuid(0x0e_0000 + number))
}

pub(crate) fn addressee() -> Personal<Addressee> {
    Personal::new(
        person(1),
        Addressee {
            name: Some(text(PersonName::parse, "Ada Example")),
            email: email("ada@example.com"),
            message: Some(text(Message::parse, "We look forward to working with you.")),
        },
    )
}

/// `InviteOrg` of one company by partner 1 to application 1.
pub(crate) fn invite_org() -> InvitationCommand {
    invite_org_as(None, None, vec![application(1)])
}

pub(crate) fn invite_org_as(
    organization_picked: Option<OrganizationId>,
    expires_in_days: Option<u32>,
    applications: Vec<ApplicationId>,
) -> InvitationCommand {
    InvitationCommand::InviteOrg {
        inviter: Owner::Partner(organization(1)),
        inviter_name: company("Big Aerospace"),
        company: company("Rotor Works"),
        addressee: addressee(),
        applications,
        organization: organization_picked,
        expires_in_days,
    }
}

pub(crate) fn sent() -> InvitationEvent {
    sent_to(None)
}

pub(crate) fn sent_to(organization_picked: Option<OrganizationId>) -> InvitationEvent {
    InvitationEvent::Sent {
        inviter: Owner::Partner(organization(1)),
        inviter_name: company("Big Aerospace"),
        company: company("Rotor Works"),
        addressee: addressee(),
        applications: vec![application(1)],
        organization: organization_picked,
        expires_at: at(END),
        invited_by: None,
    }
}

/// An invitation that was sent, and what happened since.
pub(crate) fn invited(events: impl IntoIterator<Item = InvitationEvent>) -> Scenario<Invitation> {
    given::<Invitation>([sent()]).and(events)
}

/// An offer to organization 2, and what happened since.
pub(crate) fn offered(events: impl IntoIterator<Item = InvitationEvent>) -> Scenario<Invitation> {
    given::<Invitation>([sent_to(Some(organization(2)))]).and(events)
}

pub(crate) fn details(registration: RegistrationPolicy, ways: Vec<Way>) -> ApplicationDetails {
    ApplicationDetails {
        name: text(ApplicationName::parse, "Boeing Supply Chain Platform"),
        description: text(Description::parse, "Orders and forecasts."),
        registration,
        access: AccessPolicy::ApplicationAdministrator,
        ways,
        credential_strength: CredentialStrength::Password,
        prerequisites: None,
        launch_url: text(WebAddress::parse, "https://example.com/bscp"),
        subscription_review: false,
        four_eyes: false,
    }
}

pub(crate) fn user_id(id: &str) -> UserId {
    text(UserId::parse, id)
}

pub(crate) fn terms(version: &str) -> TermsVersion {
    text(TermsVersion::parse, version)
}

/// That this version of the terms was accepted now, for five years.
pub(crate) fn accepted(version: &str) -> UserEvent {
    UserEvent::TermsAccepted { version: terms(version), renew_from: at("2031-03-02T10:00:00Z") }
}

/// `CreateUser` for Ada (person 1) of organization 2 with these roles; credential 1 is her one-time password.
pub(crate) fn create_user(roles: Vec<UserRole>) -> UserCommand {
    UserCommand::CreateUser {
        organization: organization(2),
        organization_name: company("Rotor Works"),
        user_id: user_id("GH-7K3M-Q2XD"),
        contact: nominee(1, "Ada"),
        roles,
        one_time_password: credential(1),
        origin: UserOrigin::Administrator(person(9)),
    }
}

pub(crate) fn created(roles: Vec<UserRole>) -> UserEvent {
    UserEvent::Created {
        organization: organization(2),
        organization_name: company("Rotor Works"),
        user_id: user_id("GH-7K3M-Q2XD"),
        contact: nominee(1, "Ada"),
        roles,
        one_time_password: credential(1),
        origin: UserOrigin::Administrator(person(9)),
    }
}

/// An account that waits for first-time login.
pub(crate) fn pending() -> Scenario<User> {
    given::<User>([created(vec![])])
}

/// An account after the one-time password (credential 1) was used.
pub(crate) fn redeemed() -> Scenario<User> {
    pending().and([UserEvent::OneTimePasswordRedeemed { one_time_password: credential(1) }])
}

/// An account with a password (credential 2).
pub(crate) fn with_password() -> Scenario<User> {
    redeemed().and([UserEvent::PasswordSet { password: credential(2), replaces: None }])
}

/// An account whose profile is confirmed.
pub(crate) fn with_profile() -> Scenario<User> {
    with_password().and([UserEvent::ProfileConfirmed { contact: nominee(1, "Ada") }])
}

/// An established account.
pub(crate) fn active() -> Scenario<User> {
    with_profile().and([accepted("2026-01"), UserEvent::Activated {}])
}

pub(crate) fn suspended(before: Scenario<User>) -> Scenario<User> {
    before.and([UserEvent::Suspended { reason: reason("On leave") }])
}

pub(crate) fn closed() -> Scenario<User> {
    active().and([UserEvent::Closed { reason: reason("Left the company") }])
}
