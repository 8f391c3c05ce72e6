//! What the key ring promises to the rest of Gatehouse, wherever it is kept.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "the helpers of tests fail the test")]

mod common;

use std::collections::HashSet;
use std::sync::{Arc, Barrier};

use common::{Folder, Home, master, place};
use domain::PersonId;
use key_ring::{KeyRing, KeyRingError, MasterKey};
use uuid::Uuid;

/// Each of these on a ring in a file and on one in PostgreSQL.
macro_rules! wherever_it_is_kept {
    ($($test:ident),* $(,)?) => {
        mod in_a_file {
            $(#[test]
            fn $test() {
                super::$test(&super::Home::in_file());
            })*
        }
        mod in_postgres {
            $(#[test]
            fn $test() {
                super::$test(&super::Home::in_postgres());
            })*
        }
    };
}

wherever_it_is_kept!(
    what_was_sealed_for_a_person_opens_for_that_person_in_that_place_only,
    an_id_that_differs_only_in_its_random_part_opens_nothing,
    a_person_whom_the_ring_never_allotted_is_unknown,
    no_slot_is_handed_out_again_by_a_later_process,
    eight_threads_that_allot_at_once_get_different_people,
    a_forgotten_person_stays_forgotten_and_no_one_else_is,
    when_no_block_can_be_leased_the_caller_is_told_and_may_try_again,
    a_wrong_master_key_is_refused_and_changes_nothing,
    a_damaged_block_is_an_error_and_not_a_forgotten_person,
    a_backup_taken_while_in_use_opens_everything_and_overwrites_nothing,
    a_small_cache_opens_everything_all_the_same,
);

fn what_was_sealed_for_a_person_opens_for_that_person_in_that_place_only(home: &Home) {
    let ring = home.open();
    let (anna, boris) = (ring.allot().unwrap(), ring.allot().unwrap());
    let sealed = ring.seal(anna, b"invitation 1", b"anna@acme.example").unwrap();

    assert_eq!(ring.open_sealed(anna, b"invitation 1", &sealed).unwrap().unwrap(), b"anna@acme.example");
    assert!(matches!(ring.open_sealed(anna, b"invitation 2", &sealed), Err(KeyRingError::Tampered(_))));
    assert!(matches!(ring.open_sealed(boris, b"invitation 1", &sealed), Err(KeyRingError::Tampered(_))));
}

fn an_id_that_differs_only_in_its_random_part_opens_nothing(home: &Home) {
    let ring = home.open();
    let anna = ring.allot().unwrap();
    let sealed = ring.seal(anna, b"", b"anna").unwrap();
    let mut forged = *anna.0.as_bytes();
    forged[15] ^= 1;
    let forged = PersonId(Uuid::from_bytes(forged));
    assert!(matches!(ring.open_sealed(forged, b"", &sealed), Err(KeyRingError::Tampered(_))));
}

fn a_person_whom_the_ring_never_allotted_is_unknown(home: &Home) {
    let ring = home.open();
    let known = ring.allot().unwrap();
    let mut other_block = *known.0.as_bytes();
    other_block[5] = 99;
    let mut other_slot = *known.0.as_bytes();
    other_slot[6] |= 0x0f;
    for stranger in [Uuid::nil(), Uuid::from_bytes(other_block), Uuid::from_bytes(other_slot)].map(PersonId) {
        assert!(matches!(ring.seal(stranger, b"", b"x"), Err(KeyRingError::UnknownPerson(_))));
        assert!(matches!(ring.open_sealed(stranger, b"", b"x"), Err(KeyRingError::UnknownPerson(_))));
        assert!(matches!(ring.destroy(stranger), Err(KeyRingError::UnknownPerson(_))));
        assert!(matches!(ring.is_destroyed(stranger), Err(KeyRingError::UnknownPerson(_))));
    }
}

fn no_slot_is_handed_out_again_by_a_later_process(home: &Home) {
    let mut seen = HashSet::new();
    for run in 0..6 {
        let ring = home.open();
        for _ in 0..[1, 300, 0, 255, 256, 2000][run] {
            assert!(seen.insert(place(ring.allot().unwrap())));
        }
    }
}

fn eight_threads_that_allot_at_once_get_different_people(home: &Home) {
    let ring = Arc::new(home.open());
    let start = Arc::new(Barrier::new(8));
    let threads: Vec<_> = (0..8)
        .map(|_| {
            let (ring, start) = (Arc::clone(&ring), Arc::clone(&start));
            std::thread::spawn(move || {
                start.wait();
                (0..4000).map(|_| place(ring.allot().unwrap())).collect::<Vec<_>>()
            })
        })
        .collect();
    let people: Vec<_> = threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
    assert_eq!(people.len(), 32_000);
    assert_eq!(people.iter().collect::<HashSet<_>>().len(), 32_000);
}

fn a_forgotten_person_stays_forgotten_and_no_one_else_is(home: &Home) {
    let ring = home.open();
    let people: Vec<_> = (0..20).map(|_| ring.allot().unwrap()).collect();
    let sealed: Vec<_> = people.iter().map(|person| ring.seal(*person, b"e", b"secret").unwrap()).collect();

    ring.destroy(people[7]).unwrap();
    ring.destroy(people[7]).unwrap();

    let check = |ring: &KeyRing| {
        for (number, (person, sealed)) in people.iter().zip(&sealed).enumerate() {
            assert_eq!(ring.is_destroyed(*person).unwrap(), number == 7);
            assert_eq!(ring.open_sealed(*person, b"e", sealed).unwrap().is_none(), number == 7);
        }
        assert!(matches!(ring.seal(people[7], b"e", b"new"), Err(KeyRingError::Destroyed(_))));
    };
    check(&ring);
    drop(ring);
    check(&home.open());
}

fn when_no_block_can_be_leased_the_caller_is_told_and_may_try_again(home: &Home) {
    let ring = home.open();
    home.sql("ALTER TABLE blocks RENAME TO away");
    for _ in 0..3 {
        assert!(matches!(ring.allot(), Err(KeyRingError::Database(_) | KeyRingError::Postgres(_))));
    }
    home.sql("ALTER TABLE away RENAME TO blocks");
    let people: HashSet<_> = (0..1000).map(|_| place(ring.allot().unwrap())).collect();
    assert_eq!(people.len(), 1000);
}

fn a_wrong_master_key_is_refused_and_changes_nothing(home: &Home) {
    let ring = home.open();
    let person = ring.allot().unwrap();
    let sealed = ring.seal(person, b"", b"x").unwrap();
    drop(ring);

    let error = home.open_with(&MasterKey::from_bytes([8; 32]), 1).unwrap_err();
    assert!(matches!(error, KeyRingError::MasterKeyWrong { .. }));
    assert!(error.to_string().starts_with("the master key is not the one that"), "{error}");
    assert_eq!(home.open().open_sealed(person, b"", &sealed).unwrap().unwrap(), b"x");
}

fn a_damaged_block_is_an_error_and_not_a_forgotten_person(home: &Home) {
    let ring = home.open();
    let person = ring.allot().unwrap();
    let sealed = ring.seal(person, b"", b"x").unwrap();
    drop(ring);
    home.damage_blocks();
    assert!(matches!(home.open().open_sealed(person, b"", &sealed), Err(KeyRingError::BlockDamaged(1))));
}

fn a_backup_taken_while_in_use_opens_everything_and_overwrites_nothing(home: &Home) {
    let ring = home.open();
    let person = ring.allot().unwrap();
    let sealed = ring.seal(person, b"", b"x").unwrap();
    let folder = Folder::new();
    let target = folder.path();
    ring.backup_to(&target).unwrap();
    assert!(matches!(ring.backup_to(&target), Err(KeyRingError::BackupExists(_))));
    let copy = folder.open();
    assert_eq!(copy.open_sealed(person, b"", &sealed).unwrap().unwrap(), b"x");
}

fn a_small_cache_opens_everything_all_the_same(home: &Home) {
    let ring = home.open_with(&master(), 1).unwrap();
    let sealed: Vec<_> = (0..3000)
        .map(|_| {
            let person = ring.allot().unwrap();
            (person, ring.seal(person, b"", person.0.as_bytes()).unwrap())
        })
        .collect();
    for (person, sealed) in sealed.iter().step_by(97) {
        assert_eq!(ring.open_sealed(*person, b"", sealed).unwrap().unwrap(), person.0.as_bytes());
    }
}
