use domain::RejectionKind::Conflict;
use domain::person::{Person, PersonCommand, PersonEvent};
use domain::testing::{given, reason};

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
