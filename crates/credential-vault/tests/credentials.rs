//! Passwords and one-time passwords, as the rest of Gatehouse sees them.

#![allow(clippy::unwrap_used, reason = "the helpers of tests fail the test")]
#![allow(clippy::wildcard_enum_match_arm, reason = "any other answer fails the test")]

mod common;

use common::{Folder, at, credential, person};
use credential_vault::{NamedBy, Put, Vault, VaultError, Verification, propose_one_time_password};
use domain::RegistrationId;
use jiff::SignedDuration;

const SECRET: &str = "kettle mural osprey tundra";

async fn active_one_time_password(vault: &Vault) {
    vault.put_one_time_password(credential(1), person(1), NamedBy::User(person(1)), SECRET, None, at(0)).await.unwrap();
    assert!(vault.activate(credential(1)).await.unwrap());
}

async fn active_password(vault: &Vault) {
    vault.put_password(credential(1), person(1), SECRET, at(0)).await.unwrap();
    assert!(vault.activate(credential(1)).await.unwrap());
}

#[tokio::test]
async fn a_credential_counts_only_once_an_event_activated_it() {
    let folder = Folder::new();
    let vault = folder.open();
    vault.put_password(credential(1), person(1), SECRET, at(0)).await.unwrap();
    assert_eq!(vault.verify(credential(1), SECRET, at(1)).await.unwrap(), Verification::Unknown);
    assert!(vault.activate(credential(1)).await.unwrap());
    assert!(vault.activate(credential(1)).await.unwrap());
    assert_eq!(vault.verify(credential(1), SECRET, at(2)).await.unwrap(), Verification::Ok);
    assert_eq!(vault.verify(credential(2), SECRET, at(2)).await.unwrap(), Verification::Unknown);
    assert!(!vault.activate(credential(2)).await.unwrap());
}

#[tokio::test]
async fn a_pending_secret_can_be_put_again_and_an_active_one_stays() {
    let folder = Folder::new();
    let vault = folder.open();
    let put = |secret: &'static str| vault.put_password(credential(1), person(1), secret, at(0));
    assert_eq!(put("first").await.unwrap(), Put::Stored);
    assert_eq!(put(SECRET).await.unwrap(), Put::Stored);
    vault.activate(credential(1)).await.unwrap();
    assert_eq!(put("another").await.unwrap(), Put::Kept);
    assert_eq!(vault.verify(credential(1), SECRET, at(1)).await.unwrap(), Verification::Ok);
    assert_eq!(vault.verify(credential(1), "another", at(1)).await.unwrap(), Verification::Wrong { attempts_left: 9 });
}

#[tokio::test]
async fn a_revoked_credential_does_not_come_back() {
    let folder = Folder::new();
    let vault = folder.open();
    active_password(&vault).await;
    vault.revoke(credential(1)).await.unwrap();
    assert_eq!(vault.verify(credential(1), SECRET, at(1)).await.unwrap(), Verification::Unknown);
    assert_eq!(vault.put_password(credential(1), person(1), SECRET, at(2)).await.unwrap(), Put::Kept);
    assert!(!vault.activate(credential(1)).await.unwrap());
}

#[tokio::test]
async fn five_wrong_one_time_passwords_end_it() {
    let folder = Folder::new();
    let vault = folder.open();
    active_one_time_password(&vault).await;
    for attempts_left in [4, 3, 2, 1, 0] {
        assert_eq!(vault.verify(credential(1), "wrong", at(1)).await.unwrap(), Verification::Wrong { attempts_left });
    }
    assert_eq!(vault.verify(credential(1), SECRET, at(1)).await.unwrap(), Verification::Locked { until: None });
    assert_eq!(vault.verify(credential(1), SECRET, at(1_000_000)).await.unwrap(), Verification::Locked { until: None });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_thirty_two_wrong_guesses_at_once_five_are_compared() {
    let folder = Folder::new();
    let vault = folder.open();
    active_one_time_password(&vault).await;
    let guesses = (0..32).map(|number| {
        let vault = vault.clone();
        tokio::spawn(async move { vault.verify(credential(1), &format!("wrong {number}"), at(1)).await.unwrap() })
    });
    let mut left = Vec::new();
    let mut locked = 0;
    for guess in guesses.collect::<Vec<_>>() {
        match guess.await.unwrap() {
            Verification::Wrong { attempts_left } => left.push(attempts_left),
            Verification::Locked { until: None } => locked += 1,
            other => panic!("{other:?}"),
        }
    }
    left.sort_unstable();
    assert_eq!(left, [0, 1, 2, 3, 4]);
    assert_eq!(locked, 27);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn right_ones_in_between_give_no_more_guesses() {
    let folder = Folder::new();
    let vault = folder.open();
    active_one_time_password(&vault).await;
    let mut wrong = 0;
    for number in 0..20 {
        if number % 2 == 0 {
            match vault.verify(credential(1), SECRET, at(number)).await.unwrap() {
                Verification::Ok => assert!(wrong < 5),
                other => assert_eq!((other, wrong), (Verification::Locked { until: None }, 5)),
            }
        } else if let Verification::Wrong { .. } = vault.verify(credential(1), "wrong", at(number)).await.unwrap() {
            wrong += 1;
        }
    }
    assert_eq!(wrong, 5);
}

#[tokio::test]
async fn wrong_attempts_are_remembered_after_a_power_cut() {
    let folder = Folder::new();
    let vault = folder.open();
    active_one_time_password(&vault).await;
    for _ in 0..3 {
        assert!(matches!(vault.verify(credential(1), "wrong", at(1)).await.unwrap(), Verification::Wrong { .. }));
    }
    let after = folder.image().open();
    assert_eq!(after.verify(credential(1), "wrong", at(2)).await.unwrap(), Verification::Wrong { attempts_left: 1 });
    drop(vault);
    let again = folder.open();
    assert_eq!(again.verify(credential(1), "wrong", at(2)).await.unwrap(), Verification::Wrong { attempts_left: 1 });
    assert_eq!(again.verify(credential(1), "wrong", at(2)).await.unwrap(), Verification::Wrong { attempts_left: 0 });
    assert_eq!(folder.image().open().verify(credential(1), SECRET, at(3)).await.unwrap(), Verification::Locked { until: None });
}

#[tokio::test]
async fn ten_wrong_passwords_in_a_row_lock_it_for_a_quarter_of_an_hour() {
    let folder = Folder::new();
    let vault = folder.open();
    active_password(&vault).await;
    for attempts_left in (0..10).rev() {
        assert_eq!(vault.verify(credential(1), "wrong", at(0)).await.unwrap(), Verification::Wrong { attempts_left });
    }
    let until = Some(at(900));
    assert_eq!(vault.verify(credential(1), SECRET, at(899)).await.unwrap(), Verification::Locked { until });
    assert_eq!(vault.verify(credential(1), "wrong", at(900)).await.unwrap(), Verification::Wrong { attempts_left: 9 });
    assert_eq!(vault.verify(credential(1), SECRET, at(901)).await.unwrap(), Verification::Ok);
    assert_eq!(vault.verify(credential(1), "wrong", at(902)).await.unwrap(), Verification::Wrong { attempts_left: 9 });
}

#[tokio::test]
async fn a_one_time_password_ends_with_its_time() {
    let folder = Folder::new();
    let vault = folder.open();
    vault.put_one_time_password(credential(1), person(1), NamedBy::User(person(1)), SECRET, Some(at(60)), at(0)).await.unwrap();
    vault.activate(credential(1)).await.unwrap();
    assert_eq!(vault.verify(credential(1), SECRET, at(59)).await.unwrap(), Verification::Ok);
    assert_eq!(vault.verify(credential(1), SECRET, at(60)).await.unwrap(), Verification::Expired);
}

#[tokio::test]
async fn a_proposed_one_time_password_may_be_typed_carelessly_and_a_password_may_not() {
    let folder = Folder::new();
    let vault = folder.open();
    let proposed = propose_one_time_password().unwrap();
    let careless = proposed.to_lowercase().replace('-', "");
    vault.put_one_time_password(credential(1), person(1), NamedBy::User(person(1)), &proposed, None, at(0)).await.unwrap();
    vault.put_password(credential(2), person(1), &proposed, at(0)).await.unwrap();
    for id in [credential(1), credential(2)] {
        vault.activate(id).await.unwrap();
    }
    assert_eq!(vault.verify(credential(1), &careless, at(1)).await.unwrap(), Verification::Ok);
    assert_eq!(vault.verify(credential(2), &careless, at(1)).await.unwrap(), Verification::Wrong { attempts_left: 9 });
    assert_eq!(vault.verify(credential(2), &proposed, at(1)).await.unwrap(), Verification::Ok);
}

#[tokio::test]
async fn the_sweep_removes_what_is_pending_for_long_and_nothing_else() {
    let folder = Folder::new();
    let vault = folder.open();
    let case = NamedBy::Registration(RegistrationId(uuid::Uuid::from_u128(77)));
    vault.put_one_time_password(credential(1), person(1), case, SECRET, None, at(0)).await.unwrap();
    for (number, seconds) in [(2, 0), (3, 100), (5, 0)] {
        vault.put_password(credential(number), person(number), SECRET, at(seconds)).await.unwrap();
    }
    active_one_time_password_of(&vault, 4).await;
    let pending = vault.pending(at(50)).await.unwrap();
    let found: Vec<_> = pending.iter().map(|pending| (pending.id, pending.person, pending.named_by)).collect();
    let user = |number| (credential(number), person(number), NamedBy::User(person(number)));
    assert_eq!(found.len(), 3);
    assert!(found.contains(&(credential(1), person(1), case)) && found.contains(&user(2)) && found.contains(&user(5)));

    // One is put anew after it was looked for.
    vault.put_password(credential(5), person(5), SECRET, at(60)).await.unwrap();
    let all = (1..=5).map(credential).collect();
    assert_eq!(vault.sweep(all, at(50)).await.unwrap(), 2);
    for (number, is_left) in [(1, false), (2, false), (3, true), (4, true), (5, true)] {
        assert_eq!(vault.activate(credential(number)).await.unwrap(), is_left, "{number}");
    }
}

#[tokio::test]
async fn what_an_earlier_version_kept_works_and_is_not_swept() {
    let folder = Folder::new();
    let vault = folder.open();
    active_one_time_password_of(&vault, 1).await;
    vault.put_password(credential(2), person(2), SECRET, at(0)).await.unwrap();
    drop(vault);
    let downgrade = "ALTER TABLE credentials DROP COLUMN named_by; PRAGMA user_version = 1";
    rusqlite::Connection::open(folder.path()).unwrap().execute_batch(downgrade).unwrap();
    let vault = folder.open();
    assert_eq!(vault.verify(credential(1), SECRET, at(1)).await.unwrap(), Verification::Ok);
    assert_eq!(vault.pending(at(50)).await.unwrap(), []);
    vault.put_password(credential(3), person(3), SECRET, at(0)).await.unwrap();
    assert_eq!(vault.pending(at(50)).await.unwrap().len(), 1);
}

async fn active_one_time_password_of(vault: &Vault, number: u128) {
    vault.put_one_time_password(credential(number), person(number), NamedBy::User(person(number)), SECRET, None, at(0)).await.unwrap();
    vault.activate(credential(number)).await.unwrap();
}

#[tokio::test]
async fn of_a_forgotten_person_nothing_is_left_and_others_keep_theirs() {
    let folder = Folder::new();
    let vault = folder.open();
    active_one_time_password_of(&vault, 1).await;
    active_one_time_password_of(&vault, 2).await;
    let verifier: Vec<u8> = rusqlite::Connection::open(folder.path())
        .unwrap()
        .query_row("SELECT verifier FROM credentials WHERE person = ?1", [person(1).0.as_bytes()], |row| row.get(0))
        .unwrap();
    assert!(folder.holds(&verifier), "the search finds what is there");

    vault.purge_person(person(1)).await.unwrap();
    vault.purge_person(person(1)).await.unwrap();
    assert_eq!(vault.verify(credential(1), SECRET, at(1)).await.unwrap(), Verification::Unknown);
    assert_eq!(vault.verify(credential(2), SECRET, at(1)).await.unwrap(), Verification::Ok);
    assert!(!folder.holds(&verifier));
    assert!(!folder.holds(person(1).0.as_bytes()));
}

#[tokio::test]
async fn no_secret_and_no_bare_verifier_is_in_the_files() {
    let folder = Folder::new();
    let vault = folder.open();
    active_password(&vault).await;
    assert!(!folder.holds(SECRET.as_bytes()));
    // A bare verifier would begin with its form and its costs.
    assert!(!folder.holds(&[1, 0, 0, 0, 8, 0, 0, 0, 1, 0, 0, 0, 1]));
    assert!(folder.holds(credential(1).0.as_bytes()), "the search finds what is there");
}

#[tokio::test]
async fn a_verifier_moved_to_another_persons_row_is_refused() {
    let folder = Folder::new();
    let vault = folder.open();
    active_one_time_password_of(&vault, 1).await;
    active_one_time_password_of(&vault, 2).await;
    let other = rusqlite::Connection::open(folder.path()).unwrap();
    let take = "UPDATE credentials SET verifier = (SELECT verifier FROM credentials WHERE id = ?1) WHERE id = ?2";
    other.execute(take, [credential(1).0.as_bytes(), credential(2).0.as_bytes()]).unwrap();
    assert!(matches!(vault.verify(credential(2), SECRET, at(1)).await, Err(VaultError::Damaged(id)) if id == credential(2)));
}

#[tokio::test]
async fn a_wrong_master_key_is_refused_and_changes_nothing() {
    let folder = Folder::new();
    active_password(&folder.open()).await;
    let error = folder.try_open(8).unwrap_err();
    assert!(matches!(error, VaultError::MasterKeyWrong { .. }));
    assert!(error.to_string().starts_with("the master key is not the one that"), "{error}");
    assert_eq!(folder.open().verify(credential(1), SECRET, at(1)).await.unwrap(), Verification::Ok);
}

#[tokio::test]
async fn a_vault_of_a_newer_version_is_refused() {
    let folder = Folder::new();
    drop(folder.open());
    rusqlite::Connection::open(folder.path()).unwrap().execute_batch("PRAGMA user_version = 3").unwrap();
    assert!(matches!(folder.try_open(7), Err(VaultError::NewerFormat { found: 3, .. })));
}

#[tokio::test]
async fn a_backup_taken_while_in_use_knows_everything_and_overwrites_nothing() {
    let folder = Folder::new();
    let vault = folder.open();
    active_password(&vault).await;
    let copy = Folder::new();
    vault.backup_to(copy.path()).await.unwrap();
    assert!(matches!(vault.backup_to(copy.path()).await, Err(VaultError::BackupExists(_))));
    assert_eq!(copy.open().verify(credential(1), SECRET, at(1)).await.unwrap(), Verification::Ok);
}

#[tokio::test]
async fn an_unknown_credential_takes_as_long_as_a_known_one() {
    // Costs that dominate everything else, so that the comparison is of hashings and not of chance.
    let folder = Folder::new();
    let costs = credential_vault::HashingOptions { memory_kib: 19 * 1024, passes: 2, lanes: 1, at_a_time: 1 };
    let vault = Vault::open_with(&folder.path(), credential_vault::VaultKey::new(&[7; 32]), costs).unwrap();
    active_one_time_password(&vault).await;
    let mut fastest = [SignedDuration::MAX; 2];
    for _ in 0..3 {
        for (fastest, id) in fastest.iter_mut().zip([credential(1), credential(2)]) {
            let start = std::time::Instant::now();
            let answer = vault.verify(id, SECRET, at(1)).await.unwrap();
            assert_eq!(answer == Verification::Ok, id == credential(1));
            *fastest = (*fastest).min(SignedDuration::try_from(start.elapsed()).unwrap());
        }
    }
    assert!(fastest[1] * 3 > fastest[0], "{fastest:?}");
}
