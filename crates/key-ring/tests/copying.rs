//! A ring moves from a file to PostgreSQL and back.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "the helpers of tests fail the test")]

mod common;

use common::{Folder, Home, master, place, server, waiting};
use domain::PersonId;
use key_ring::{KeyRing, KeyRingError, MasterKey};
use postgres_schema::{Contents, TablesError};
use test_support::servers::TestDatabase;

type Sealed = Vec<(PersonId, Vec<u8>)>;

/// Three hundred people, the third of whom is forgotten.
fn populated(folder: &Folder) -> Sealed {
    let ring = folder.open();
    let people: Vec<_> = (0..300)
        .map(|_| {
            let person = ring.allot().unwrap();
            (person, ring.seal(person, b"e", b"secret").unwrap())
        })
        .collect();
    ring.destroy(people[2].0).unwrap();
    people
}

fn assert_opens_all(ring: &KeyRing, people: &Sealed) {
    for (number, (person, sealed)) in people.iter().enumerate() {
        assert_eq!(ring.open_sealed(*person, b"e", sealed).unwrap().is_none(), number == 2);
    }
    let next = place(ring.allot().unwrap());
    assert!(people.iter().all(|(person, _)| place(*person) != next));
}

fn copy(folder: &Folder, database: &TestDatabase) -> Result<Contents, KeyRingError> {
    waiting(KeyRing::copy_to_postgres(&folder.path(), &folder.master, &server(database)))
}

fn is_refused_as_other_content(copied: &Result<Contents, KeyRingError>) -> bool {
    matches!(copied, Err(KeyRingError::Copy(TablesError::OtherContent { .. })))
}

#[test]
fn a_ring_that_was_copied_opens_everything_and_goes_on() {
    let (folder, database) = (Folder::new(), TestDatabase::create());
    let people = populated(&folder);
    let copied = copy(&folder, &database).unwrap();
    assert_eq!((copied.rows, copied.digest.len()), (3, 64));
    assert_eq!(copy(&folder, &database).unwrap(), copied, "copied again, it is the same");
    let home = Home::Postgres(database);
    assert_opens_all(&home.open(), &people);
}

#[test]
fn a_ring_that_nobody_used_yet_makes_room() {
    let (folder, database) = (Folder::new(), TestDatabase::create());
    let people = populated(&folder);
    let opened = waiting(KeyRing::open_postgres(&server(&database), &master())).unwrap();
    copy(&folder, &database).unwrap();
    assert_opens_all(&opened, &people);
}

#[test]
fn a_ring_with_other_keys_is_not_overwritten() {
    let (folder, database) = (Folder::new(), TestDatabase::create());
    populated(&folder);
    let home = Home::Postgres(database);
    let ring = home.open();
    let person = ring.allot().unwrap();
    let sealed = ring.seal(person, b"e", b"secret").unwrap();
    let Home::Postgres(database) = &home else { unreachable!() };
    assert!(is_refused_as_other_content(&copy(&folder, database)));
    assert!(home.open().open_sealed(person, b"e", &sealed).unwrap().is_some());
}

#[test]
fn a_copy_that_is_in_use_is_not_overwritten_by_its_original() {
    let (folder, database) = (Folder::new(), TestDatabase::create());
    let people = populated(&folder);
    copy(&folder, &database).unwrap();
    let ring = waiting(KeyRing::open_postgres(&server(&database), &master())).unwrap();
    ring.destroy(people[7].0).unwrap();
    assert!(is_refused_as_other_content(&copy(&folder, &database)));
    assert!(waiting(KeyRing::open_postgres(&server(&database), &master())).unwrap().is_destroyed(people[7].0).unwrap());
}

#[test]
fn a_ring_is_copied_under_its_own_master_key_only() {
    let (mut folder, database) = (Folder::new(), TestDatabase::create());
    populated(&folder);
    folder.master = MasterKey::from_bytes([8; 32]);
    assert!(matches!(copy(&folder, &database), Err(KeyRingError::MasterKeyWrong { .. })));
    let other = waiting(KeyRing::open_postgres(&server(&database), &folder.master)).unwrap();
    folder.master = master();
    assert!(is_refused_as_other_content(&copy(&folder, &database)));
    drop(other);
}

#[test]
fn a_backup_of_a_ring_in_postgresql_is_restored_to_either_store() {
    let (folder, first, second) = (Folder::new(), TestDatabase::create(), TestDatabase::create());
    let people = populated(&folder);
    let copied = copy(&folder, &first).unwrap();
    let backup = Folder::new();
    waiting(KeyRing::open_postgres(&server(&first), &master())).unwrap().backup_to(&backup.path()).unwrap();
    assert_eq!(copy(&backup, &second).unwrap(), copied);
    assert_opens_all(&Home::Postgres(second).open(), &people);
    assert_opens_all(&backup.open(), &people);
}

#[test]
fn a_backup_that_fails_leaves_nothing_in_its_place() {
    let (home, target) = (Home::in_postgres(), Folder::new());
    let ring = home.open();
    ring.allot().unwrap();
    home.sql("ALTER TABLE blocks RENAME TO away");
    assert!(matches!(ring.backup_to(&target.path()), Err(KeyRingError::Copy(_))));
    home.sql("ALTER TABLE away RENAME TO blocks");
    ring.backup_to(&target.path()).unwrap();
}
