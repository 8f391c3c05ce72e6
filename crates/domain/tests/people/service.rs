use domain::RejectionKind::{Conflict, Gone, Invalid, NotFound};
use domain::service::{Sees, Service, ServiceCommand, ServiceEvent};
use domain::testing::{Scenario, given, reason, text};
use domain::{ServiceId, ServiceName};

use crate::cases::application;

fn name() -> ServiceName {
    text(ServiceName::parse, "sft-provisioning")
}

fn limited(applications: &[u128]) -> Sees {
    Sees::Applications(applications.iter().copied().map(application).collect())
}

fn register(sees: Sees) -> ServiceCommand {
    ServiceCommand::RegisterService { name: name(), sees }
}

fn retire() -> ServiceCommand {
    ServiceCommand::RetireService { reason: reason("Replaced") }
}

fn registered() -> Scenario<Service> {
    given::<Service>([ServiceEvent::Registered { name: name(), sees: limited(&[1]) }])
}

#[test]
fn a_service_is_registered_once() {
    let there = given::<Service>([])
        .when(register(limited(&[2, 1, 2])))
        .then_events([ServiceEvent::Registered { name: name(), sees: limited(&[1, 2]) }]);
    there.clone().when(register(limited(&[1, 2]))).then_nothing();
    there.when(register(Sees::Everything)).then_refused(Conflict, "service-already-registered");
}

#[test]
fn a_service_that_is_limited_to_applications_names_one() {
    given::<Service>([]).when(register(limited(&[]))).then_refused(Invalid, "service-application-required");
    registered().when(ServiceCommand::ChangeScope { sees: limited(&[]) }).then_refused(Invalid, "service-application-required");
}

#[test]
fn what_a_service_is_shown_is_changed_once() {
    let change = |sees| ServiceCommand::ChangeScope { sees };
    registered().when(change(limited(&[1, 1]))).then_nothing();
    let wider = registered().when(change(limited(&[3, 1]))).then_events([ServiceEvent::ScopeChanged { sees: limited(&[1, 3]) }]);
    let state = wider.state();
    let sees = &state.registered().unwrap().sees;
    assert!(sees.application(application(3)) && !sees.application(application(2)));
    let all = wider.when(change(Sees::Everything)).accepted().state();
    assert!(all.registered().unwrap().sees.application(application(2)));
}

#[test]
fn a_retired_service_is_gone_and_so_is_its_name() {
    let gone = registered().when(retire()).then_events([ServiceEvent::Retired { reason: reason("Replaced") }]);
    assert!(gone.state().registered().is_none());
    gone.clone().when(retire()).then_nothing();
    gone.clone().when(ServiceCommand::ChangeScope { sees: Sees::Everything }).then_refused(Gone, "service-retired");
    gone.when(register(limited(&[1]))).then_refused(Gone, "service-retired");
}

#[test]
fn nothing_can_be_asked_of_a_service_that_was_not_registered() {
    for command in [ServiceCommand::ChangeScope { sees: Sees::Everything }, retire()] {
        given::<Service>([]).when(command).then_refused(NotFound, "service-not-found");
    }
}

#[test]
fn a_name_is_fit_for_a_subject_and_a_name_is_one_service() {
    assert_eq!(ServiceId::of(&name()), ServiceId::of(&text(ServiceName::parse, " sft-provisioning ")));
    assert_ne!(ServiceId::of(&name()), ServiceId::of(&text(ServiceName::parse, "sft")));
    for wrong in ["", "x", "SFT", "a.b", "a>b", "a*", "a b", "a_b", "ä-dienst", "public", &"a".repeat(41)] {
        assert!(ServiceName::parse(wrong).is_err(), "{wrong:?}");
    }
}
