//! Who may use a data folder.

use std::fs;

use test_support::servers::GatehouseProcess;

use crate::{Place, While, ask, refused};

#[test]
fn a_second_process_on_the_same_folder_is_refused_and_told_which_process_has_it() {
    let place = Place::new(While::Running);
    let holder = place.service.as_ref().unwrap().id();
    let said = place.refused(69, &["serve", "--listen", "127.0.0.1:0"]);
    assert!(said.contains("is in use by another Gatehouse") && said.contains(&format!("process {holder}")), "{said}");
}

#[test]
fn a_folder_whose_master_key_is_lost_is_refused_and_served_again_when_the_key_is_back() {
    let place = Place::new(While::Stopped);
    let (key, elsewhere) = (place.data().join("master.key"), place.folder.path().join("copy.key"));
    fs::rename(&key, &elsewhere).unwrap();
    let said = place.refused(1, &["serve", "--listen", "127.0.0.1:0"]);
    assert!(said.contains("the master key is missing") && said.contains("master.key"), "{said}");
    assert!(!key.exists(), "no new key is made");
    let service = GatehouseProcess::serve(&place.data()).env("GATEHOUSE_MASTER_KEY_FILE", &elsewhere).start();
    assert!(service.terminate().success());
}

#[test]
fn a_master_key_that_is_another_one_is_refused() {
    let (place, other) = (Place::new(While::Stopped), Place::new(While::Stopped));
    fs::copy(other.data().join("master.key"), place.data().join("master.key")).unwrap();
    let said = place.refused(1, &["status"]);
    assert!(said.contains("the master key is not the one"), "{said}");
}

#[test]
fn a_folder_whose_key_ring_is_gone_is_refused_rather_than_given_an_empty_one() {
    let place = Place::new(While::Stopped);
    let ring = place.data().join("key-ring.db");
    fs::remove_file(&ring).unwrap();
    let said = place.refused(1, &["serve", "--listen", "127.0.0.1:0"]);
    assert!(said.contains("the key ring") && said.contains("is missing"), "{said}");
    assert!(!ring.exists(), "no empty one is made");
}

#[test]
fn a_folder_of_a_newer_version_is_refused() {
    let place = Place::new(While::Stopped);
    fs::write(place.data().join("gatehouse.format"), "gatehouse-data 99\n").unwrap();
    let said = place.refused(1, &["serve", "--listen", "127.0.0.1:0"]);
    assert!(said.contains("format 99") && said.contains("newer"), "{said}");
}

#[test]
fn a_command_makes_no_folder_by_accident() {
    let folder = tempfile::tempdir().unwrap();
    let said = refused(&folder.path().join("dta"), 1, &["status"]);
    assert!(said.contains("there is no data folder"), "{said}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn the_first_start_says_where_the_master_key_is() {
    let place = Place::new(While::Running);
    let said = place.service.as_ref().unwrap().stderr();
    let lines = said.lines().filter(|line| line.contains("a master key was made") && line.contains("master.key"));
    assert_eq!(lines.count(), 1, "{said}");
}

#[test]
fn everything_in_the_folder_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new(While::Running);
    let mut folders = vec![place.data()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let entry = entry.unwrap();
            let metadata = entry.metadata().unwrap();
            assert_eq!(metadata.permissions().mode() & 0o077, 0, "{}", entry.path().display());
            if metadata.is_dir() {
                folders.push(entry.path());
            }
        }
    }
}

#[test]
fn a_service_that_was_killed_leaves_nothing_in_the_way() {
    let mut place = Place::new(While::Running);
    let staff = place.ask(&["staff", "appoint", "Ada", "Lovelace", "ada@example.com", "--role", "reviewer"]);
    place.service.take().unwrap().kill9();
    assert!(place.data().join("admin.sock").exists(), "the killed service left its socket");
    assert!(place.ask(&["staff", "list"]).contains(staff.trim()));
    place.service = Some(GatehouseProcess::serve(&place.data()).start());
    assert!(place.ask(&["staff", "list"]).contains(staff.trim()));
    place.stop();
    assert!(!place.data().join("admin.sock").exists());
}

#[test]
fn doctor_finds_nothing_wrong_with_a_new_folder_and_names_what_is_missing_later() {
    let place = Place::new(While::Stopped);
    let found = ask(&place.data(), &["doctor"]);
    assert!(found.contains("the log is whole") && !found.contains("WRONG"), "{found}");
    fs::remove_file(place.data().join("master.key")).unwrap();
    let output = crate::run(&place.data(), &["doctor"]);
    assert_eq!(output.status.code(), Some(1));
    let found = String::from_utf8(output.stdout).unwrap();
    assert!(found.contains("WRONG    the master key is missing"), "{found}");
}
