//! Stores by configuration: moved, backed up and restored, shared or refused.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;
use test_support::servers::{GatehouseProcess, TestDatabase};

use crate::{Place, While, ask, refused};

const DEMO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/catalogue/demo.toml");

/// The flags that put everything into this database.
fn all_in(database: &TestDatabase) -> Vec<String> {
    ["--log", "--secrets", "--views"].into_iter().flat_map(|flag| [flag.to_owned(), database.url()]).collect()
}

/// A command with these flags.
fn with<'a>(arguments: &[&'a str], flags: &'a [String]) -> Vec<&'a str> {
    arguments.iter().copied().chain(flags.iter().map(String::as_str)).collect()
}

/// A folder for one more instance, with the master key that the stores are sealed under.
fn instance(folder: &TempDir, name: &str, master_key: &Path) -> PathBuf {
    let data = folder.path().join(name);
    drop(GatehouseProcess::serve(&data).start());
    fs::copy(master_key, data.join("master.key")).unwrap();
    data
}

fn questions(staff: &str) -> [Vec<&str>; 4] {
    [vec!["history", "application", "SFT", "--json"], vec!["history", "staff", staff], vec!["token", "list"], vec!["staff", "list"]]
}

/// A folder in which something has happened, and the member of staff to whom it has.
fn lived_in() -> (Place, String) {
    let place = Place::new(While::Running);
    place.ask(&["catalogue", "apply", DEMO]);
    let staff = place.ask(&["staff", "appoint", "Ada", "Lovelace", "ada@example.com", "--role", "reviewer"]).trim().to_owned();
    place.ask(&["token", "create", "console", "--staff", &staff]);
    (place, staff)
}

/// Waits until the list of the forgotten has somebody in it.
fn has_somebody(list: &Path) {
    test_support::wait_until("the list to have them", std::time::Duration::from_secs(30), || {
        fs::read_to_string(list).is_ok_and(|text| text.lines().any(|line| line.len() == 36))
    });
}

fn epoch(data: &Path, flags: &[String]) -> String {
    let status: serde_json::Value = serde_json::from_str(&ask(data, &with(&["status", "--json"], flags))).unwrap();
    status["log"]["epoch"].as_str().unwrap().to_owned()
}

#[test]
fn everything_moves_into_postgresql_and_back_with_the_same_digests_and_the_source_is_not_served_any_more() {
    let (mut place, staff) = lived_in();
    let before: Vec<_> = questions(&staff).iter().map(|question| place.ask(question)).collect();
    let first = epoch(&place.data(), &[]);
    let database = TestDatabase::create();
    let from = format!("sqlite:{}", place.data().display());
    let copy = ["copy", "--from", &from, "--to", &database.url()];
    assert!(place.refused(1, &copy).contains("in use by another process"), "a service runs on it");
    place.stop();

    let said = place.ask(&copy);
    let digests: Vec<_> = said.split_whitespace().filter(|word| word.len() == 64).collect();
    assert_eq!(digests.len(), 3, "log, key ring and vault: {said}");
    assert!(place.refused(3, &["serve", "--listen", "127.0.0.1:0"]).contains("has moved to"));

    let flags = all_in(&database);
    let after: Vec<_> = questions(&staff).iter().map(|question| place.ask(&with(question, &flags))).collect();
    assert_eq!((after, epoch(&place.data(), &flags)), (before.clone(), first.clone()));
    assert!(place.ask(&with(&["doctor"], &flags)).contains("is whole"));

    let back = place.folder.path().join("back");
    let to = format!("sqlite:{}", back.display());
    // As if it had been begun before, and cut short.
    fs::create_dir_all(back.join("log")).unwrap();
    fs::write(back.join("log/events.db"), "half of it").unwrap();
    fs::write(back.join("gatehouse.format"), "gatehouse-data 1\n").unwrap();
    fs::write(back.join("restore.unfinished"), format!("{} copy of {first}\n", uuid::Uuid::nil())).unwrap();
    let said = place.ask(&["copy", "--from", &database.url(), "--to", &to]);
    assert!(said.contains(digests[0]) || said.contains("events, sha256"), "{said}");
    fs::copy(place.data().join("master.key"), back.join("master.key")).unwrap();
    let after: Vec<_> = questions(&staff).iter().map(|question| ask(&back, question)).collect();
    assert_eq!((after, epoch(&back, &[])), (before, first));
}

#[test]
fn a_copy_that_was_cut_short_goes_on_and_one_into_another_log_is_refused() {
    let (mut place, _) = lived_in();
    place.stop();
    let database = TestDatabase::create();
    let from = format!("sqlite:{}", place.data().display());
    let copy = ["copy", "--from", &from, "--to", &database.url()];
    place.ask(&copy);
    // As if it had been cut short after some events, before the rest and before the source was marked.
    database.sql(
        "UPDATE gatehouse_log.head SET importing = TRUE, position = 2;
         DELETE FROM gatehouse_log.events WHERE position > 2",
    );
    fs::remove_file(place.data().join("log/moved")).unwrap();
    let said = place.refused(1, &with(&["status"], &all_in(&database)));
    assert!(said.contains("unfinished copy"), "nobody uses half a log: {said}");
    place.ask(&copy);
    assert!(place.ask(&with(&["status"], &all_in(&database))).contains("log: "));

    // Cut short before the source was marked, and the copy lived on since: the source is marked now, and nothing else happens.
    fs::remove_file(place.data().join("log/moved")).unwrap();
    let flags = all_in(&database);
    let bob = place.ask(&with(&["staff", "appoint", "Bob", "Noyce", "bob@example.com", "--role", "auditor"], &flags));
    place.ask(&copy);
    assert!(place.ask(&with(&["history", "staff", bob.trim()], &flags)).contains("Bob Noyce"));
    assert!(place.refused(3, &copy).contains("has moved to"));

    let (mut other, _) = lived_in();
    other.stop();
    let from = format!("sqlite:{}", other.data().display());
    assert!(other.refused(1, &["copy", "--from", &from, "--to", &database.url()]).contains("another event log"));
}

#[test]
fn a_backup_of_stores_in_postgresql_is_restored_into_either_and_who_was_forgotten_since_stays_forgotten() {
    let place = Place::new(While::Stopped);
    let (one, other) = (TestDatabase::create(), TestDatabase::create());
    let key = place.data().join("master.key");
    let (first, flags) = (instance(&place.folder, "one", &key), all_in(&one));
    let service = flags.chunks(2).fold(GatehouseProcess::serve(&first), |serve, flag| serve.args(flag)).start();
    let staff = ask(&first, &["staff", "appoint", "Ada", "Lovelace", "ada@example.com", "--role", "reviewer"]).trim().to_owned();
    let backup = place.folder.path().join("backup");
    ask(&first, &["backup", backup.to_str().unwrap()]);
    ask(&first, &["forget", &staff, "--reason", "asked for it", "--yes"]);
    let list = first.join("forgotten.list");
    has_somebody(&list);
    assert!(service.terminate().success());

    // Without the list nobody knows.
    let restored = place.folder.path().join("without");
    ask(&restored, &["restore", backup.to_str().unwrap()]);
    fs::copy(&key, restored.join("master.key")).unwrap();
    assert!(ask(&restored, &["staff", "list"]).contains("Lovelace"));
    // With it they stay forgotten, in either kind of stores.
    let listed = ["--forgotten", list.to_str().unwrap()];
    let restored = place.folder.path().join("with");
    ask(&restored, &with(&["restore", backup.to_str().unwrap(), listed[0], listed[1]], &[]));
    fs::copy(&key, restored.join("master.key")).unwrap();
    let said = ask(&restored, &["staff", "list"]);
    assert!(!said.contains("Lovelace") && said.contains("erased"), "{said}");

    let (restored, flags) = (place.folder.path().join("elsewhere"), all_in(&other));
    let with_key = |arguments: &[&str]| {
        let mut command = test_support::servers::gatehouse_command();
        command.args(arguments).arg("--data").arg(&restored).env("GATEHOUSE_MASTER_KEY_FILE", &key);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    with_key(&with(&["restore", backup.to_str().unwrap(), listed[0], listed[1]], &flags));
    let said = with_key(&with(&["staff", "list"], &flags));
    assert!(!said.contains("Lovelace") && said.contains("erased"), "{said}");
}

#[test]
fn a_restore_into_postgresql_that_was_cut_short_anywhere_is_run_again_and_does_what_is_missing() {
    let (place, staff) = lived_in();
    let backup = place.folder.path().join("backup");
    place.ask(&["backup", backup.to_str().unwrap()]);
    let (database, restored) = (TestDatabase::create(), place.folder.path().join("restored"));
    let flags = all_in(&database);
    let run = |arguments: &[&str]| {
        let mut command = test_support::servers::gatehouse_command();
        command
            .args(with(arguments, &flags))
            .arg("--data")
            .arg(&restored)
            .env("GATEHOUSE_MASTER_KEY_FILE", place.data().join("master.key"));
        let output = command.output().unwrap();
        (output.status.code(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
    };
    let restore = ["restore", backup.to_str().unwrap()];
    let (code, said) = run(&restore);
    assert_eq!(code, Some(0), "{said}");
    assert!(run(&restore).1.contains("is not empty"));

    // As it was when the log was whole and the folder was not: what marks it says which restore that was.
    let manifest: serde_json::Value = serde_json::from_str(&fs::read_to_string(backup.join("manifest.json")).unwrap()).unwrap();
    let text = |key: &str| manifest[key].as_str().unwrap().to_owned();
    let what = format!("events 1 to {} of {}, backed up at {}", manifest["position"], text("epoch"), text("made_at"));
    let epoch = database.sql("SELECT epoch FROM gatehouse_log.head");
    assert_ne!(epoch, text("epoch"));
    fs::write(restored.join("restore.unfinished"), format!("{epoch} {what}\n")).unwrap();
    assert!(run(&["status"]).1.contains("was not finished: run it again"));
    let (code, said) = run(&restore);
    assert_eq!((code, database.sql("SELECT epoch FROM gatehouse_log.head")), (Some(0), epoch.clone()), "{said}");

    // And as it was when only some events were there yet.
    fs::write(restored.join("restore.unfinished"), format!("{epoch} {what}\n")).unwrap();
    database.sql(&format!(
        "UPDATE gatehouse_log.head SET importing = TRUE, position = 2, epoch = '{}';
         DELETE FROM gatehouse_log.events WHERE position > 2",
        text("epoch")
    ));
    let (code, said) = run(&restore);
    assert_eq!((code, database.sql("SELECT epoch FROM gatehouse_log.head")), (Some(0), epoch), "{said}");
    let (code, said) = run(&["history", "staff", &staff]);
    assert!(code == Some(0) && said.contains("Ada Lovelace"), "{said}");
}

#[test]
fn stores_that_were_put_back_by_other_means_get_a_new_epoch_and_forget_again() {
    let (mut place, staff) = lived_in();
    place.stop();
    let (before, aside) = (epoch(&place.data(), &[]), place.folder.path().join("aside"));
    let stores = ["log/events.db", "key-ring.db", "credential-vault.db"];
    fs::create_dir_all(aside.join("log")).unwrap();
    for name in stores {
        fs::copy(place.data().join(name), aside.join(name)).unwrap();
    }

    let service = GatehouseProcess::serve(&place.data()).start();
    place.ask(&["forget", &staff, "--reason", "asked for it", "--yes"]);
    has_somebody(&place.data().join("forgotten.list"));
    assert!(service.terminate().success());
    for name in stores {
        fs::copy(aside.join(name), place.data().join(name)).unwrap();
    }
    fs::remove_dir_all(place.data().join("views")).unwrap();

    let said = place.ask(&["restored"]);
    assert!(said.contains("new epoch"), "{said}");
    assert_ne!(epoch(&place.data(), &[]), before);
    let said = place.ask(&["staff", "list"]);
    assert!(said.contains("erased") && !said.contains("Lovelace"), "{said}");
    assert!(place.refused(2, &["restored", "--forgotten", "/nowhere/forgotten.list"]).contains("there is no list"));
}

#[test]
fn a_second_instance_is_refused_while_anything_of_either_is_local() {
    let (folder, database) = (TempDir::new().unwrap(), TestDatabase::create());
    let (one, other) = (folder.path().join("one"), folder.path().join("other"));
    let flags = all_in(&database);
    let log_only = &flags[..2];
    let alone = GatehouseProcess::serve(&one).args(log_only).start();
    let said = refused(&other, 69, &with(&["serve", "--listen", "127.0.0.1:0"], log_only));
    assert!(said.contains("used by another instance") && said.contains("(secrets)") && said.contains("(views)"), "{said}");
    refused(&other, 1, &with(&["serve", "--listen", "127.0.0.1:0"], &flags));
    assert!(alone.terminate().success());
    let said = refused(&one, 2, &with(&["serve", "--role", "api"], log_only));
    assert!(said.contains("roles are for several instances"), "{said}");
}

#[test]
fn an_instance_without_the_master_key_that_the_stores_are_sealed_under_is_refused_and_makes_none() {
    let place = Place::new(While::Stopped);
    let (database, key) = (TestDatabase::create(), place.data().join("master.key"));
    let (one, flags) = (instance(&place.folder, "one", &key), all_in(&database));
    let service = flags.chunks(2).fold(GatehouseProcess::serve(&one), |serve, flag| serve.args(flag)).start();
    let other = place.folder.path().join("other");
    let said = refused(&other, 1, &with(&["serve", "--listen", "127.0.0.1:0"], &flags));
    assert!(said.contains("the master key is missing") && !other.join("master.key").exists(), "{said}");
    assert!(service.terminate().success());
}

#[test]
fn a_password_in_an_address_and_an_address_that_is_none_are_refused_in_a_sentence() {
    let place = Place::new(While::Stopped);
    let said = place.refused(2, &["status", "--log", "postgres://gatehouse:hunter2@127.0.0.1/gatehouse"]);
    assert!(said.contains("PGPASSFILE") && !said.contains("hunter2"), "{said}");
    let said = place.refused(2, &["status", "--log", "info"]);
    assert!(said.contains("log_filter"), "{said}");
    let said = place.refused(1, &["status", "--log", "postgres://gatehouse@127.0.0.1:9/gatehouse"]);
    assert!(said.contains("127.0.0.1:9/gatehouse"), "{said}");
}
