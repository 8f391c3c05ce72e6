//! Backups, and folders made from them.

use std::fs;
use std::path::Path;

use test_support::servers::GatehouseProcess;

use crate::{Place, While, ask, refused, run};

const DEMO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/catalogue/demo.toml");

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn epoch(data: &Path) -> String {
    let status: serde_json::Value = serde_json::from_str(&ask(data, &["status", "--json"])).unwrap();
    status["log"]["epoch"].as_str().unwrap().to_owned()
}

#[test]
fn a_backup_made_while_the_service_runs_gives_the_same_histories_in_a_new_epoch() {
    let place = Place::new(While::Running);
    place.ask(&["catalogue", "apply", DEMO]);
    let staff = place.ask(&["staff", "appoint", "Ada", "Lovelace", "ada@example.com", "--role", "reviewer"]);
    place.ask(&["service", "register", "console"]);
    let token = place.ask(&["token", "create", "console", "--service", "console"]);
    let questions = [vec!["history", "application", "SFT", "--json"], vec!["history", "staff", staff.trim()], vec!["token", "list"]];
    let before: Vec<_> = questions.iter().map(|question| place.ask(question)).collect();
    let backup = place.folder.path().join("backup");
    place.ask(&["backup", text(&backup)]);
    place.ask(&["staff", "dismiss", staff.trim(), "--reason", "after the backup"]);

    let restored = place.folder.path().join("restored");
    let output = run(&restored, &["restore", text(&backup)]);
    assert!(output.status.success());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("the master key is missing"), "it says what is still to be done: {said}");
    assert!(refused(&restored, 1, &["status"]).contains("the master key is missing"));
    fs::copy(place.data().join("master.key"), restored.join("master.key")).unwrap();

    let after: Vec<_> = questions.iter().map(|question| ask(&restored, question)).collect();
    assert_eq!(before, after);
    assert_ne!(epoch(&place.data()), epoch(&restored));
    assert!(!fs::read(backup.join("credential-vault.db")).unwrap().windows(20).any(|window| window == &token.trim().as_bytes()[..20]));
    let service = GatehouseProcess::serve(&restored).start();
    assert!(service.terminate().success());
}

#[test]
fn a_backup_overwrites_nothing_and_neither_does_a_restore() {
    let place = Place::new(While::Running);
    let backup = place.folder.path().join("backup");
    place.ask(&["backup", text(&backup)]);
    let made = fs::read(backup.join("manifest.json")).unwrap();
    assert!(place.refused(3, &["backup", text(&backup)]).contains("is there already"));
    assert_eq!(fs::read(backup.join("manifest.json")).unwrap(), made);
    assert!(place.refused(2, &["restore", text(&backup)]).contains("is not empty"));
}

#[test]
fn a_damaged_backup_is_refused_and_nothing_is_made_of_it() {
    let place = Place::new(While::Stopped);
    let backup = place.folder.path().join("backup");
    place.ask(&["backup", text(&backup)]);
    let log = backup.join("events.db");
    let mut bytes = fs::read(&log).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&log, bytes).unwrap();
    let restored = place.folder.path().join("restored");
    assert!(refused(&restored, 1, &["restore", text(&backup)]).contains("is damaged: events.db"));
    assert!(!restored.exists());
    assert!(refused(&restored, 2, &["restore", text(place.folder.path())]).contains("is no backup"));
}

#[test]
fn a_restore_that_was_cut_short_cannot_be_served() {
    let place = Place::new(While::Stopped);
    fs::write(place.data().join("restore.unfinished"), "").unwrap();
    assert!(place.refused(1, &["serve", "--listen", "127.0.0.1:0"]).contains("was not finished"));
}
