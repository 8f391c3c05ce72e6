use domain::CredentialLabel;
use domain::RejectionKind::{Conflict, Gone, Invalid, NotFound};
use domain::credential::{Credential, CredentialCommand, CredentialEvent, CredentialKind};
use domain::testing::{Scenario, given, reason, text};

use crate::cases::person;

fn label(words: &str) -> CredentialLabel {
    text(CredentialLabel::parse, words)
}

fn token(serial: &str) -> CredentialKind {
    CredentialKind::Token { serial: serial.to_owned() }
}

fn register(kind: CredentialKind) -> CredentialCommand {
    CredentialCommand::RegisterCredential { user: person(1), kind, label: label("Phone") }
}

fn registered() -> CredentialEvent {
    CredentialEvent::Registered { user: person(1), kind: CredentialKind::Authenticator, label: label("Phone") }
}

fn activated() -> CredentialEvent {
    CredentialEvent::Activated { user: person(1) }
}

fn revoke() -> CredentialCommand {
    CredentialCommand::RevokeCredential { reason: reason("Lost") }
}

fn revoked() -> CredentialEvent {
    CredentialEvent::Revoked { user: person(1), reason: reason("Lost") }
}

fn rename(words: &str) -> CredentialCommand {
    CredentialCommand::RenameCredential { label: label(words) }
}

fn after(events: impl IntoIterator<Item = CredentialEvent>) -> Scenario<Credential> {
    given::<Credential>(events)
}

#[test]
fn a_credential_is_registered_once_and_works_from_its_first_use() {
    let waits = after([]).when(register(CredentialKind::Authenticator)).then_events([registered()]);
    assert!(!waits.state().is_active());
    waits.clone().when(register(CredentialKind::Authenticator)).then_nothing();
    waits.clone().when(register(CredentialKind::RecoveryCodes)).then_refused(Conflict, "credential-already-registered");
    let works = waits.when(CredentialCommand::ActivateCredential {}).then_events([activated()]);
    assert!(works.state().is_active());
    works.when(CredentialCommand::ActivateCredential {}).then_nothing();
}

#[test]
fn a_token_has_a_serial_number() {
    for serial in ["", "12 34", "12\n34", &"9".repeat(41)] {
        after([]).when(register(token(serial))).then_refused(Invalid, "credential-serial-invalid");
    }
    assert_eq!(after([]).when(register(token("SN-0042"))).events().len(), 1);
}

#[test]
fn a_credential_is_renamed_while_it_waits_or_works() {
    after([registered()]).when(rename("Phone")).then_nothing();
    for before in [after([registered()]), after([registered(), activated()])] {
        let was_active = before.state().is_active();
        let renamed = before.when(rename("Old phone")).then_events([CredentialEvent::Renamed { label: label("Old phone") }]);
        assert_eq!(renamed.state().registered().unwrap().label, label("Old phone"));
        assert_eq!(renamed.state().is_active(), was_active);
    }
}

#[test]
fn a_revoked_credential_works_no_more() {
    for before in [after([registered()]), after([registered(), activated()])] {
        let gone = before.when(revoke()).then_events([revoked()]);
        assert!(!gone.state().is_active());
        gone.clone().when(revoke()).then_nothing();
        gone.clone().when(CredentialCommand::ActivateCredential {}).then_refused(Gone, "credential-revoked");
        gone.when(rename("Old phone")).then_refused(Gone, "credential-revoked");
    }
}

#[test]
fn a_credential_that_was_not_registered_is_not_found() {
    for command in [CredentialCommand::ActivateCredential {}, rename("Phone"), revoke()] {
        after([]).when(command).then_refused(NotFound, "credential-not-found");
    }
}
