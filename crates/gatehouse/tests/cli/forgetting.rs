//! Forgetting a person.

use std::fs;

use test_support::servers::GatehouseProcess;

use crate::{Place, While, ask};

fn a_forgotten_person_reads_as_erased(when: While) {
    let place = Place::new(when);
    let staff = place.ask(&["staff", "appoint", "Ada", "Lovelace", "ada@example.com", "--role", "reviewer"]);
    let staff = staff.trim();
    assert!(place.ask(&["history", "staff", staff]).contains("Ada Lovelace"));
    let said = place.refused(2, &["forget", staff, "--reason", "asked for it"]);
    assert!(said.contains("--yes"), "without a terminal nobody can confirm: {said}");

    place.ask(&["forget", staff, "--reason", "asked for it", "--yes"]);
    for question in
        [vec!["history", "staff", staff], vec!["staff", "list"], vec!["history", "staff", staff, "--at", "2199-01-01T00:00:00Z"]]
    {
        let answer = place.ask(&question);
        assert!(!answer.contains("Lovelace") && !answer.contains("ada@example.com"), "{answer}");
        assert!(answer.contains("erased"), "{answer}");
    }
    // Asked for again, it is so already.
    place.ask(&["forget", staff, "--reason", "asked again", "--yes"]);
}

#[test]
fn a_forgotten_person_reads_as_erased_while_the_service_runs() {
    a_forgotten_person_reads_as_erased(While::Running);
}

#[test]
fn a_forgotten_person_reads_as_erased_while_the_service_does_not_run() {
    a_forgotten_person_reads_as_erased(While::Stopped);
}

#[test]
fn nobody_can_be_forgotten_who_is_not_there() {
    let place = Place::new(While::Running);
    place.refused(3, &["forget", "00000000-0000-4000-8000-000000000000", "--reason", "nobody", "--yes"]);
    place.refused(3, &["forget", "NO-SUCH-USER", "--reason", "nobody", "--yes"]);
}

#[test]
fn whom_the_log_says_was_forgotten_is_forgotten_again_after_a_restore_with_an_older_key_ring() {
    let place = Place::new(While::Running);
    let staff = place.ask(&["staff", "appoint", "Ada", "Lovelace", "ada@example.com", "--role", "reviewer"]);
    let (older, newer) = (place.folder.path().join("older"), place.folder.path().join("newer"));
    place.ask(&["backup", older.to_str().unwrap()]);
    place.ask(&["forget", staff.trim(), "--reason", "asked for it", "--yes"]);
    place.ask(&["backup", newer.to_str().unwrap()]);
    let restored = place.folder.path().join("restored");
    ask(&restored, &["restore", newer.to_str().unwrap()]);
    // As if the ring had been copied before the key was destroyed.
    fs::copy(older.join("key-ring.db"), restored.join("key-ring.db")).unwrap();
    fs::copy(place.data().join("master.key"), restored.join("master.key")).unwrap();
    let answer = ask(&restored, &["history", "staff", staff.trim()]);
    assert!(!answer.contains("Lovelace") && answer.contains("erased"), "{answer}");
    let service = GatehouseProcess::serve(&restored).start();
    assert!(service.terminate().success());
}
