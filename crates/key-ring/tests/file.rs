//! What a ring in a file promises of its files, and after a power cut.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "the helpers of tests fail the test")]

mod common;

use common::{Folder, holds, place, sealed_block};
use key_ring::{KeyRing, KeyRingError};
use proptest::prelude::*;

#[test]
fn everyone_allotted_before_a_power_cut_has_a_key_after_it() {
    let folder = Folder::new();
    let ring = folder.open();
    let mut sealed = Vec::new();
    for number in 0..1500_u32 {
        let person = ring.allot().unwrap();
        sealed.push((person, ring.seal(person, b"", &number.to_le_bytes()).unwrap()));
        if number % 500 == 17 {
            let image = folder.image();
            let after = image.open();
            for (number, (person, sealed)) in (0_u32..).zip(&sealed) {
                assert_eq!(after.open_sealed(*person, b"", sealed).unwrap().unwrap(), number.to_le_bytes());
            }
            let next = after.allot().unwrap();
            assert!(sealed.iter().all(|(person, _)| place(*person) != place(next)));
        }
    }
}

#[test]
fn the_files_hold_no_old_copy_of_a_destroyed_key() {
    let folder = Folder::new();
    let ring = folder.open();
    let people: Vec<_> = (0..200).map(|_| ring.allot().unwrap()).collect();
    let before = sealed_block(&folder.path());
    assert!(folder.bytes().iter().any(|bytes| holds(bytes, &before[4000..4032])), "the search finds what is there");

    ring.destroy(people[120]).unwrap();

    // Nonce, the bitmap of 256 bits and 120 keys come before it. Without the bytes sealed then, the key cannot be had from the master key either.
    let key_at = 24 + 32 + 120 * 32;
    for bytes in folder.bytes() {
        assert!(!holds(&bytes, &before[..24]), "the nonce is still there");
        assert!(!holds(&bytes, &before[key_at..key_at + 32]), "the sealed key is still there");
        for chunk in before[24..].chunks_exact(64).step_by(8) {
            assert!(!holds(&bytes, chunk), "a part of the old block is still there");
        }
    }
}

#[test]
fn a_destruction_tells_when_another_reader_keeps_the_old_copy_alive() {
    let folder = Folder::new();
    let ring = folder.open();
    let person = ring.allot().unwrap();
    let reader = rusqlite::Connection::open(folder.path()).unwrap();
    reader.execute_batch("BEGIN").unwrap();
    let _: i64 = reader.query_row("SELECT count(*) FROM blocks", [], |row| row.get(0)).unwrap();

    assert!(matches!(ring.destroy(person), Err(KeyRingError::OldCopyRemains)));
    assert!(ring.is_destroyed(person).unwrap());
    reader.execute_batch("COMMIT").unwrap();
    ring.destroy(person).unwrap();
}

#[test]
fn a_power_cut_in_the_middle_of_a_destruction_leaves_no_old_copy_after_the_next_start() {
    let folder = Folder::new();
    let ring = folder.open();
    let person = ring.allot().unwrap();
    let before = sealed_block(&folder.path());
    let reader = rusqlite::Connection::open(folder.path()).unwrap();
    reader.execute_batch("BEGIN").unwrap();
    let _: i64 = reader.query_row("SELECT count(*) FROM blocks", [], |row| row.get(0)).unwrap();
    assert!(ring.destroy(person).is_err());

    // Committed, but the write-ahead log still has the state before.
    let image = folder.image();
    assert!(image.bytes().iter().any(|bytes| holds(bytes, &before[4000..4064])));
    let after = image.open();
    assert!(after.is_destroyed(person).unwrap());
    assert!(!image.bytes().iter().any(|bytes| holds(bytes, &before[4000..4064])));
}

#[test]
fn a_ring_of_a_newer_version_is_refused() {
    let folder = Folder::new();
    drop(folder.open());
    rusqlite::Connection::open(folder.path()).unwrap().execute_batch("PRAGMA user_version = 2").unwrap();
    let error = KeyRing::open(&folder.path(), &folder.master).unwrap_err();
    assert!(matches!(error, KeyRingError::NewerFormat { found: 2, .. }));
}

#[test]
fn the_files_are_for_their_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    let ring = folder.open();
    ring.allot().unwrap();
    ring.backup_to(&folder.folder.path().join("copy.db")).unwrap();
    for file in std::fs::read_dir(folder.folder.path()).unwrap() {
        let file = file.unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", file.file_name());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_is_sealed_opens_again_and_any_change_is_noticed(
        text in prop::collection::vec(any::<u8>(), 0..600),
        aad in prop::collection::vec(any::<u8>(), 0..300),
        at in any::<prop::sample::Index>(),
        flip in 1..=255_u8,
    ) {
        thread_local! {
            static RING: (Folder, KeyRing) = {
                let folder = Folder::new();
                let ring = folder.open();
                (folder, ring)
            };
        }
        RING.with(|(_, ring)| {
            let person = ring.allot().unwrap();
            let mut sealed = ring.seal(person, &aad, &text).unwrap();
            assert_eq!(sealed.len(), 24 + text.len() + 16);
            assert_eq!(ring.open_sealed(person, &aad, &sealed).unwrap().unwrap(), text);
            let at = at.index(sealed.len());
            sealed[at] ^= flip;
            assert!(matches!(ring.open_sealed(person, &aad, &sealed), Err(KeyRingError::Tampered(_))));
            assert!(matches!(ring.open_sealed(person, &aad, &sealed[..at]), Err(KeyRingError::Tampered(_))));
        });
    }
}
