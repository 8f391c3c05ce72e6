//! Several instances use one ring in PostgreSQL, and PostgreSQL dies.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "the helpers of tests fail the test")]

mod common;

use std::collections::HashSet;
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use common::{Home, master, place, server, waiting};
use domain::PersonId;
use key_ring::{KeyRing, KeyRingError};
use test_support::servers::{PostgresServer, TestDatabase};
use test_support::wait_until;

/// More than a ring waits for a database that does not answer.
const LONG: Duration = Duration::from_secs(30);

fn sealed(ring: &KeyRing, person: PersonId) -> Vec<u8> {
    ring.seal(person, b"e", b"secret").unwrap()
}

#[test]
fn instances_that_allot_at_once_get_different_people() {
    let home = Home::in_postgres();
    let rings: Vec<_> = (0..4).map(|_| home.open()).collect();
    let start = Barrier::new(rings.len());
    let people: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = rings
            .iter()
            .map(|ring| {
                scope.spawn(|| {
                    start.wait();
                    (0..3000).map(|_| place(ring.allot().unwrap())).collect::<Vec<_>>()
                })
            })
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(people.iter().collect::<HashSet<_>>().len(), 12_000);
}

#[test]
fn what_one_instance_seals_another_opens() {
    let home = Home::in_postgres();
    let (here, there) = (home.open(), home.open());
    let person = here.allot().unwrap();
    assert_eq!(there.open_sealed(person, b"e", &sealed(&here, person)).unwrap().unwrap(), b"secret");
}

#[test]
fn what_one_instance_destroys_is_destroyed_for_all_within_a_second() {
    let home = Home::in_postgres();
    let (here, there) = (home.open(), home.open());
    let people: Vec<_> = (0..3).map(|_| here.allot().unwrap()).collect();
    let secrets: Vec<_> = people.iter().map(|person| sealed(&here, *person)).collect();
    assert!(there.open_sealed(people[0], b"e", &secrets[0]).unwrap().is_some());

    here.destroy(people[0]).unwrap();
    let destroyed = Instant::now();
    wait_until("the other instance to notice", LONG, || there.is_destroyed(people[0]).unwrap());
    // Half a second, and what a busy machine adds.
    assert!(destroyed.elapsed() < Duration::from_secs(2), "{:?}", destroyed.elapsed());
    assert!(there.open_sealed(people[0], b"e", &secrets[0]).unwrap().is_none());
    assert!(matches!(there.seal(people[0], b"e", b"new"), Err(KeyRingError::Destroyed(_))));
    assert!(there.open_sealed(people[1], b"e", &secrets[1]).unwrap().is_some());
}

#[test]
fn an_instance_that_sees_in_the_record_who_was_forgotten_opens_nothing_more_at_once() {
    let home = Home::in_postgres();
    let (here, there) = (home.open(), home.open());
    for _ in 0..20 {
        let person = here.allot().unwrap();
        let secret = sealed(&here, person);
        assert!(there.open_sealed(person, b"e", &secret).unwrap().is_some());
        here.destroy(person).unwrap();
        there.forget_cached(person);
        assert!(there.open_sealed(person, b"e", &secret).unwrap().is_none());
    }
}

#[test]
fn of_two_destructions_in_one_block_none_undoes_the_other() {
    let home = Home::in_postgres();
    let rings: Vec<_> = (0..4).map(|_| home.open()).collect();
    let people: Vec<_> = (0..80).map(|_| rings[0].allot().unwrap()).collect();
    let secrets: Vec<_> = people.iter().map(|person| sealed(&rings[0], *person)).collect();
    let start = Barrier::new(rings.len());
    std::thread::scope(|scope| {
        for (ring, people) in rings.iter().zip(people.chunks(10)) {
            let start = &start;
            scope.spawn(move || {
                start.wait();
                for person in people {
                    // Told that others are in the way, one asks again.
                    while let Err(error) = ring.destroy(*person) {
                        assert!(matches!(error, KeyRingError::Contended(_)), "{error}");
                    }
                }
            });
        }
    });
    let after = home.open();
    for (number, (person, secret)) in people.iter().zip(&secrets).enumerate() {
        assert_eq!(after.open_sealed(*person, b"e", secret).unwrap().is_none(), number < 40, "{number}");
    }
}

#[test]
fn a_ring_works_on_a_thread_that_drives_a_runtime_of_one_thread() {
    let database = TestDatabase::create();
    waiting(async {
        let ring = KeyRing::open_postgres(&server(&database), &master()).await.unwrap();
        let person = ring.allot().unwrap();
        let secret = sealed(&ring, person);
        ring.destroy(person).unwrap();
        assert!(ring.open_sealed(person, b"e", &secret).unwrap().is_none());
    });
}

#[test]
fn a_newer_version_may_have_added_to_the_tables() {
    let database = TestDatabase::create();
    let home = Home::Postgres(database);
    let ring = home.open();
    let person = ring.allot().unwrap();
    let secret = sealed(&ring, person);
    home.sql(
        "ALTER TABLE blocks ADD COLUMN added TEXT; \
         INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (9, 'newer', TRUE, '', 0)",
    );
    assert!(home.open().open_sealed(person, b"e", &secret).unwrap().is_some());
}

#[test]
fn a_destruction_is_followed_by_a_vacuum_of_the_blocks() {
    let database = TestDatabase::create();
    assert!(!waiting(KeyRing::is_in_postgres(&server(&database))).unwrap());
    let ring = waiting(KeyRing::open_postgres(&server(&database), &master())).unwrap();
    assert!(waiting(KeyRing::is_in_postgres(&server(&database))).unwrap());
    ring.destroy(ring.allot().unwrap()).unwrap();
    let vacuumed = "SELECT vacuum_count > 0 FROM pg_stat_user_tables WHERE schemaname = 'gatehouse_keys' AND relname = 'blocks'";
    wait_until("the vacuum", LONG, || database.sql(vacuumed) == "t");
}

#[test]
fn without_its_database_a_ring_says_so_soon_and_afterwards_all_that_was_answered_is_there() {
    let mut postgres = PostgresServer::start();
    let database = postgres.database();
    let ring = waiting(KeyRing::open_postgres_with_cache(&server(&database), &master(), 1)).unwrap();
    let mut people: Vec<_> = (0..300).map(|_| ring.allot().unwrap()).collect();
    people.extend((0..1000).map(|_| ring.allot().unwrap()));
    let secrets: Vec<_> = people.iter().map(|person| sealed(&ring, *person)).collect();
    for person in &people[..5] {
        ring.destroy(*person).unwrap();
    }

    postgres.crash();
    let asked = Instant::now();
    assert!(ring.destroy(people[5]).is_err());
    assert!(ring.open_sealed(people[6], b"e", &secrets[6]).is_err());
    assert!(asked.elapsed() < Duration::from_secs(12), "{:?}", asked.elapsed());

    postgres.restart();
    wait_until("the ring to work again", LONG, || ring.destroy(people[5]).is_ok());
    for ring in [ring, waiting(KeyRing::open_postgres(&server(&database), &master())).unwrap()] {
        for (number, (person, secret)) in people.iter().zip(&secrets).enumerate().filter(|(number, _)| *number < 9 || number % 7 == 0) {
            assert_eq!(ring.open_sealed(*person, b"e", secret).unwrap().is_none(), number < 6, "{number}");
        }
        let next = place(ring.allot().unwrap());
        assert!(people.iter().all(|person| place(*person) != next));
    }
}

#[test]
fn an_instance_that_is_cut_off_opens_nothing_from_memory_after_a_while() {
    let mut postgres = PostgresServer::start();
    let database = postgres.database();
    let ring = waiting(KeyRing::open_postgres(&server(&database), &master())).unwrap();
    let person = ring.allot().unwrap();
    let secret = sealed(&ring, person);
    postgres.crash();
    assert!(ring.open_sealed(person, b"e", &secret).unwrap().is_some(), "for a moment it may");
    wait_until("the ring not to trust itself", LONG, || ring.open_sealed(person, b"e", &secret).is_err());
    postgres.restart();
    wait_until("the ring to work again", LONG, || ring.open_sealed(person, b"e", &secret).is_ok());
}

#[test]
fn killed_while_keys_are_leased_and_destroyed_the_database_keeps_what_was_answered() {
    let mut postgres = PostgresServer::start();
    let database = postgres.database();
    let ring = waiting(KeyRing::open_postgres(&server(&database), &master())).unwrap();
    let (mut destroyed, mut kept) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        let destructions = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            let work = scope.spawn(|| until_it_fails(&ring, &destructions));
            wait_until("some destructions", LONG, || destructions.load(Ordering::Relaxed) > 20);
            postgres.crash();
            let answered = work.join().unwrap();
            destroyed.extend(answered.0);
            kept.extend(answered.1);
        });
        postgres.restart();
        // A destruction asks the database, which neither the cache nor the leased keys do.
        let (person, secret) = kept.swap_remove(0);
        wait_until("the ring to work again", LONG, || ring.destroy(person).is_ok());
        destroyed.push((person, secret));
    }
    let places: HashSet<_> = kept.iter().chain(&destroyed).map(|(person, _)| place(*person)).collect();
    assert_eq!(places.len(), kept.len() + destroyed.len());
    let after = waiting(KeyRing::open_postgres(&server(&database), &master())).unwrap();
    for (people, is_destroyed) in [(destroyed, true), (kept, false)] {
        for (person, secret) in people {
            assert_eq!(after.open_sealed(person, b"e", &secret).unwrap().is_none(), is_destroyed);
        }
    }
}

type Sealed = Vec<(PersonId, Vec<u8>)>;

/// Allots people and destroys every fortieth until the database does not answer: who was destroyed, and who was not. The one about whom no
/// answer came is in neither list.
fn until_it_fails(ring: &KeyRing, destructions: &AtomicUsize) -> (Sealed, Sealed) {
    let (mut destroyed, mut kept) = (Vec::new(), Vec::new());
    loop {
        for _ in 0..40 {
            let Ok(person) = ring.allot() else { return (destroyed, kept) };
            let Ok(secret) = ring.seal(person, b"e", b"secret") else { return (destroyed, kept) };
            kept.push((person, secret));
        }
        let (person, secret) = kept.swap_remove(0);
        if ring.destroy(person).is_err() {
            return (destroyed, kept);
        }
        destroyed.push((person, secret));
        destructions.fetch_add(1, Ordering::Relaxed);
    }
}
