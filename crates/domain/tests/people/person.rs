use domain::RejectionKind::Conflict;
use domain::ServiceId;
use domain::person::{Person, PersonCommand, PersonEvent};
use domain::testing::{given, reason, uuid};

fn forget() -> PersonCommand {
    PersonCommand::ForgetPerson { reason: reason("Asked for it") }
}

#[test]
fn a_person_is_forgotten_once() {
    let started = given::<Person>([]).when(forget()).then_events([PersonEvent::ForgettingStarted { reason: reason("Asked for it") }]);
    assert!(!started.state().is_known());
    started.clone().when(forget()).then_nothing();
    let done = started.when(PersonCommand::CompleteForgetting {}).then_events([PersonEvent::Forgotten {}]);
    assert!(!done.state().is_known());
    done.clone().when(PersonCommand::CompleteForgetting {}).then_nothing();
    done.when(forget()).then_nothing();
}

#[test]
fn no_key_is_destroyed_that_nobody_asked_to_destroy() {
    given::<Person>([]).when(PersonCommand::CompleteForgetting {}).then_refused(Conflict, "forgetting-not-started");
}

#[test]
fn a_service_acknowledges_an_erasure_once() {
    let acknowledge = |number| PersonCommand::AcknowledgeErasure { service: ServiceId(uuid(number)) };
    let acknowledged = |number| PersonEvent::ErasureAcknowledged { service: ServiceId(uuid(number)) };
    given::<Person>([]).when(acknowledge(1)).then_refused(Conflict, "person-not-erased");
    let started = given::<Person>([PersonEvent::ForgettingStarted { reason: reason("Asked for it") }]);
    started.clone().when(acknowledge(1)).then_refused(Conflict, "person-not-erased");
    let one = started.and([PersonEvent::Forgotten {}]).when(acknowledge(1)).then_events([acknowledged(1)]);
    one.clone().when(acknowledge(1)).then_nothing();
    let both = one.when(acknowledge(2)).then_events([acknowledged(2)]);
    both.clone().when(acknowledge(1)).then_nothing();
    both.clone().when(forget()).then_nothing();
    assert!(!both.state().is_known());
}
