//! What the key ring promises to the rest of Gatehouse.

#![allow(clippy::unwrap_used, reason = "the helpers of tests fail the test")]

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Barrier};

use domain::PersonId;
use key_ring::{KeyRing, KeyRingError, MasterKey};
use proptest::prelude::*;
use tempfile::TempDir;
use uuid::Uuid;

struct Folder {
    folder: TempDir,
    master: MasterKey,
}

impl Folder {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), master: MasterKey::from_bytes([7; 32]) }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join(KeyRing::FILE_NAME)
    }

    fn open(&self) -> KeyRing {
        KeyRing::open(&self.path(), &self.master).unwrap()
    }

    /// The files as a power cut would leave them, in another folder.
    fn image(&self) -> Self {
        let image = Self::new();
        for file in std::fs::read_dir(self.folder.path()).unwrap() {
            let file = file.unwrap();
            if file.file_name() != "key-ring.db-shm" {
                std::fs::copy(file.path(), image.folder.path().join(file.file_name())).unwrap();
            }
        }
        image
    }

    fn bytes(&self) -> Vec<Vec<u8>> {
        std::fs::read_dir(self.folder.path()).unwrap().map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect()
    }
}

/// Block and slot, without the random part.
fn place(person: PersonId) -> [u8; 8] {
    person.0.as_bytes()[..8].try_into().unwrap()
}

/// The sealed row of the first block, as it is in the database.
fn sealed_block(path: &Path) -> Vec<u8> {
    let connection = rusqlite::Connection::open(path).unwrap();
    connection.query_row("SELECT sealed FROM blocks WHERE number = 1", [], |row| row.get(0)).unwrap()
}

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[test]
fn what_was_sealed_for_a_person_opens_for_that_person_in_that_place_only() {
    let folder = Folder::new();
    let ring = folder.open();
    let (anna, boris) = (ring.allot().unwrap(), ring.allot().unwrap());
    let sealed = ring.seal(anna, b"invitation 1", b"anna@acme.example").unwrap();

    assert_eq!(ring.open_sealed(anna, b"invitation 1", &sealed).unwrap().unwrap(), b"anna@acme.example");
    assert!(matches!(ring.open_sealed(anna, b"invitation 2", &sealed), Err(KeyRingError::Tampered(_))));
    assert!(matches!(ring.open_sealed(boris, b"invitation 1", &sealed), Err(KeyRingError::Tampered(_))));
}

#[test]
fn an_id_that_differs_only_in_its_random_part_opens_nothing() {
    let folder = Folder::new();
    let ring = folder.open();
    let anna = ring.allot().unwrap();
    let sealed = ring.seal(anna, b"", b"anna").unwrap();
    let mut forged = *anna.0.as_bytes();
    forged[15] ^= 1;
    let forged = PersonId(Uuid::from_bytes(forged));
    assert!(matches!(ring.open_sealed(forged, b"", &sealed), Err(KeyRingError::Tampered(_))));
}

#[test]
fn a_person_whom_the_ring_never_allotted_is_unknown() {
    let folder = Folder::new();
    let ring = folder.open();
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

#[test]
fn no_slot_is_handed_out_again_by_a_later_process() {
    let folder = Folder::new();
    let mut seen = HashSet::new();
    for run in 0..6 {
        let ring = folder.open();
        for _ in 0..[1, 300, 0, 255, 256, 2000][run] {
            assert!(seen.insert(place(ring.allot().unwrap())));
        }
    }
}

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
fn eight_threads_that_allot_at_once_get_different_people() {
    let folder = Folder::new();
    let ring = Arc::new(folder.open());
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

#[test]
fn a_forgotten_person_stays_forgotten_and_no_one_else_is() {
    let folder = Folder::new();
    let ring = folder.open();
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
    check(&folder.open());
    check(&folder.image().open());
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
fn when_no_block_can_be_leased_the_caller_is_told_and_may_try_again() {
    let folder = Folder::new();
    let ring = folder.open();
    let operator = rusqlite::Connection::open(folder.path()).unwrap();
    operator.execute_batch("ALTER TABLE blocks RENAME TO away").unwrap();
    for _ in 0..3 {
        assert!(matches!(ring.allot(), Err(KeyRingError::Database(_))));
    }
    operator.execute_batch("ALTER TABLE away RENAME TO blocks").unwrap();
    let people: HashSet<_> = (0..1000).map(|_| place(ring.allot().unwrap())).collect();
    assert_eq!(people.len(), 1000);
}

#[test]
fn a_wrong_master_key_is_refused_and_changes_nothing() {
    let folder = Folder::new();
    let ring = folder.open();
    let person = ring.allot().unwrap();
    let sealed = ring.seal(person, b"", b"x").unwrap();
    drop(ring);

    let error = KeyRing::open(&folder.path(), &MasterKey::from_bytes([8; 32])).unwrap_err();
    assert!(matches!(error, KeyRingError::MasterKeyWrong { .. }));
    assert!(error.to_string().starts_with("the master key is not the one that"), "{error}");
    assert_eq!(folder.open().open_sealed(person, b"", &sealed).unwrap().unwrap(), b"x");
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
fn a_damaged_block_is_an_error_and_not_a_forgotten_person() {
    let folder = Folder::new();
    let ring = folder.open();
    let person = ring.allot().unwrap();
    let sealed = ring.seal(person, b"", b"x").unwrap();
    drop(ring);
    let mut block = sealed_block(&folder.path());
    block[100] ^= 1;
    rusqlite::Connection::open(folder.path()).unwrap().execute("UPDATE blocks SET sealed = $1", [block]).unwrap();
    assert!(matches!(folder.open().open_sealed(person, b"", &sealed), Err(KeyRingError::BlockDamaged(1))));
}

#[test]
fn a_backup_taken_while_in_use_opens_everything_and_overwrites_nothing() {
    let folder = Folder::new();
    let ring = folder.open();
    let person = ring.allot().unwrap();
    let sealed = ring.seal(person, b"", b"x").unwrap();
    let target = folder.folder.path().join("copy.db");
    ring.backup_to(&target).unwrap();
    assert!(matches!(ring.backup_to(&target), Err(KeyRingError::BackupExists(_))));
    let copy = KeyRing::open(&target, &folder.master).unwrap();
    assert_eq!(copy.open_sealed(person, b"", &sealed).unwrap().unwrap(), b"x");
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

#[test]
fn a_small_cache_opens_everything_all_the_same() {
    let folder = Folder::new();
    let ring = KeyRing::open_with_cache(&folder.path(), &folder.master, 1).unwrap();
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
