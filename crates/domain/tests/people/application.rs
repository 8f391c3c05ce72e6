use domain::RejectionKind::{Conflict, Gone, Invalid, NotFound};
use domain::application::{Application, ApplicationCommand, ApplicationDetails, ApplicationEvent, RegistrationPolicy, Way};
use domain::testing::{Scenario, given, reason, text};
use domain::{ApplicationCode, ApplicationName, Owner, Slug};

use crate::cases::{details, organization};

fn public() -> ApplicationDetails {
    details(RegistrationPolicy::Public, vec![Way::Invitation, Way::Account, Way::PublicRegistration])
}

fn code() -> ApplicationCode {
    text(ApplicationCode::parse, "BSCP")
}

fn publish(details: ApplicationDetails) -> ApplicationCommand {
    ApplicationCommand::PublishApplication { code: code(), owner: Owner::Partner(organization(1)), details }
}

fn published() -> Scenario<Application> {
    given::<Application>([ApplicationEvent::Published { code: code(), owner: Owner::Partner(organization(1)), details: public() }])
}

fn retire() -> ApplicationCommand {
    ApplicationCommand::RetireApplication { reason: reason("Replaced by another") }
}

fn retired() -> ApplicationEvent {
    ApplicationEvent::Retired { reason: reason("Replaced by another") }
}

fn amend(details: ApplicationDetails) -> ApplicationCommand {
    ApplicationCommand::AmendApplication { details }
}

#[test]
fn an_application_is_published_once() {
    let after = given::<Application>([]).when(publish(public())).then_events([ApplicationEvent::Published {
        code: code(),
        owner: Owner::Partner(organization(1)),
        details: public(),
    }]);
    after.clone().when(publish(public())).then_nothing();
    after.when(publish(details(RegistrationPolicy::Public, vec![Way::Account]))).then_refused(Conflict, "application-already-published");
}

#[test]
fn a_way_leads_into_every_application() {
    given::<Application>([]).when(publish(details(RegistrationPolicy::Public, vec![]))).then_refused(Invalid, "application-way-required");
    published().when(amend(details(RegistrationPolicy::Public, vec![]))).then_refused(Invalid, "application-way-required");
}

#[test]
fn a_way_is_named_once() {
    let twice = details(RegistrationPolicy::Public, vec![Way::Account, Way::Invitation, Way::Account]);
    given::<Application>([]).when(publish(twice)).then_refused(Invalid, "application-way-repeated");
}

#[test]
fn into_an_application_by_invitation_only_leads_no_other_way() {
    for way in [Way::Account, Way::PublicRegistration, Way::PublicLink(text(Slug::parse, "b787"))] {
        let contradicting = details(RegistrationPolicy::InvitationOnly, vec![Way::Invitation, way]);
        given::<Application>([]).when(publish(contradicting)).then_refused(Invalid, "application-way-needs-public-registration");
    }
    let invited = details(RegistrationPolicy::InvitationOnly, vec![Way::Invitation]);
    assert_eq!(given::<Application>([]).when(publish(invited)).events().len(), 1);
}

#[test]
fn details_change_and_what_is_already_so_is_no_amendment() {
    let renamed = ApplicationDetails { name: text(ApplicationName::parse, "BSCP 2"), ..public() };
    published().when(amend(public())).then_nothing();
    let after = published().when(amend(renamed.clone())).then_events([ApplicationEvent::Amended { details: renamed.clone() }]);
    assert_eq!(after.state().in_catalogue().unwrap().details, renamed);
    after.when(amend(renamed)).then_nothing();
}

#[test]
fn a_retired_application_is_out_of_the_catalogue_for_good() {
    let after = published().when(retire()).then_events([retired()]);
    assert!(after.state().in_catalogue().is_none());
    assert!(after.state().published().is_some());
    after.clone().when(retire()).then_nothing();
    after.clone().when(amend(public())).then_refused(Gone, "application-retired");
    after.when(publish(public())).then_refused(Gone, "application-retired");
}

#[test]
fn an_application_that_was_not_published_is_not_found() {
    given::<Application>([]).when(amend(public())).then_refused(NotFound, "application-not-found");
    given::<Application>([]).when(retire()).then_refused(NotFound, "application-not-found");
}
