//! Passwords and one-time passwords, as the rest of Gatehouse sees them.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "the helpers of tests fail the test")]
#![allow(clippy::wildcard_enum_match_arm, reason = "any other answer fails the test")]

mod common;

use common::{
    Folder, Home, SECRET, active_one_time_password, active_one_time_password_of, active_password, at, credential, person,
    wherever_it_is_kept,
};
use credential_vault::{NamedBy, Put, VaultError, Verification, propose_one_time_password};

wherever_it_is_kept!(
    a_credential_counts_only_once_an_event_activated_it,
    a_pending_secret_can_be_put_again_and_an_active_one_stays,
    a_revoked_credential_does_not_come_back,
    five_wrong_one_time_passwords_end_it,
    of_thirty_two_wrong_guesses_at_once_five_are_compared,
    right_ones_in_between_give_no_more_guesses,
    ten_wrong_passwords_in_a_row_lock_it_for_a_quarter_of_an_hour,
    a_one_time_password_ends_with_its_time,
    a_proposed_one_time_password_may_be_typed_carelessly_and_a_password_may_not,
    the_sweep_removes_what_is_pending_for_long_and_nothing_else,
    a_verifier_moved_to_another_persons_row_is_refused,
    a_wrong_master_key_is_refused_and_changes_nothing,
    a_backup_taken_while_in_use_knows_everything_and_overwrites_nothing,
);

async fn a_credential_counts_only_once_an_event_activated_it(home: &Home) {
    let vault = home.open().await;
    vault.put_password(credential(1), person(1), NamedBy::User(person(1)), SECRET, at(0)).await.unwrap();
    assert_eq!(vault.verify(credential(1), SECRET, at(1)).await.unwrap(), Verification::Unknown);
    assert!(vault.activate(credential(1)).await.unwrap());
    assert!(vault.activate(credential(1)).await.unwrap());
    assert_eq!(vault.verify(credential(1), SECRET, at(2)).await.unwrap(), Verification::Ok);
    assert_eq!(vault.verify(credential(2), SECRET, at(2)).await.unwrap(), Verification::Unknown);
    assert!(!vault.activate(credential(2)).await.unwrap());
}

async fn a_pending_secret_can_be_put_again_and_an_active_one_stays(home: &Home) {
    let vault = home.open().await;
    let put = |secret: &'static str| vault.put_password(credential(1), person(1), NamedBy::User(person(1)), secret, at(0));
    assert_eq!(put("first").await.unwrap(), Put::Stored);
    assert_eq!(put(SECRET).await.unwrap(), Put::Stored);
    vault.activate(credential(1)).await.unwrap();
    assert_eq!(put("another").await.unwrap(), Put::Kept);
    assert_eq!(vault.verify(credential(1), SECRET, at(1)).await.unwrap(), Verification::Ok);
    assert_eq!(vault.verify(credential(1), "another", at(1)).await.unwrap(), Verification::Wrong { attempts_left: 9 });
}

async fn a_revoked_credential_does_not_come_back(home: &Home) {
    let vault = home.open().await;
    active_password(&vault).await;
    vault.revoke(credential(1)).await.unwrap();
    assert_eq!(vault.verify(credential(1), SECRET, at(1)).await.unwrap(), Verification::Unknown);
    assert_eq!(vault.put_password(credential(1), person(1), NamedBy::User(person(1)), SECRET, at(2)).await.unwrap(), Put::Kept);
    assert!(!vault.activate(credential(1)).await.unwrap());
}

async fn five_wrong_one_time_passwords_end_it(home: &Home) {
    let vault = home.open().await;
    active_one_time_password(&vault).await;
    for attempts_left in [4, 3, 2, 1, 0] {
        assert_eq!(vault.verify(credential(1), "wrong", at(1)).await.unwrap(), Verification::Wrong { attempts_left });
    }
    assert_eq!(vault.verify(credential(1), SECRET, at(1)).await.unwrap(), Verification::Locked { until: None });
    assert_eq!(vault.verify(credential(1), SECRET, at(1_000_000)).await.unwrap(), Verification::Locked { until: None });
}

async fn of_thirty_two_wrong_guesses_at_once_five_are_compared(home: &Home) {
    let vault = home.open().await;
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

async fn right_ones_in_between_give_no_more_guesses(home: &Home) {
    let vault = home.open().await;
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

async fn ten_wrong_passwords_in_a_row_lock_it_for_a_quarter_of_an_hour(home: &Home) {
    let vault = home.open().await;
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

async fn a_one_time_password_ends_with_its_time(home: &Home) {
    let vault = home.open().await;
    vault.put_one_time_password(credential(1), person(1), NamedBy::User(person(1)), SECRET, Some(at(60)), at(0)).await.unwrap();
    vault.activate(credential(1)).await.unwrap();
    assert_eq!(vault.verify(credential(1), SECRET, at(59)).await.unwrap(), Verification::Ok);
    assert_eq!(vault.verify(credential(1), SECRET, at(60)).await.unwrap(), Verification::Expired);
}

async fn a_proposed_one_time_password_may_be_typed_carelessly_and_a_password_may_not(home: &Home) {
    let vault = home.open().await;
    let proposed = propose_one_time_password().unwrap();
    let careless = proposed.to_lowercase().replace('-', "");
    vault.put_one_time_password(credential(1), person(1), NamedBy::User(person(1)), &proposed, None, at(0)).await.unwrap();
    vault.put_password(credential(2), person(1), NamedBy::User(person(1)), &proposed, at(0)).await.unwrap();
    for id in [credential(1), credential(2)] {
        vault.activate(id).await.unwrap();
    }
    assert_eq!(vault.verify(credential(1), &careless, at(1)).await.unwrap(), Verification::Ok);
    assert_eq!(vault.verify(credential(2), &careless, at(1)).await.unwrap(), Verification::Wrong { attempts_left: 9 });
    assert_eq!(vault.verify(credential(2), &proposed, at(1)).await.unwrap(), Verification::Ok);
}

async fn the_sweep_removes_what_is_pending_for_long_and_nothing_else(home: &Home) {
    let vault = home.open().await;
    let case = NamedBy::Stream(uuid::Uuid::from_u128(77));
    vault.put_one_time_password(credential(1), person(1), case, SECRET, None, at(0)).await.unwrap();
    for (number, seconds) in [(2, 0), (3, 100), (5, 0)] {
        vault.put_password(credential(number), person(number), NamedBy::User(person(number)), SECRET, at(seconds)).await.unwrap();
    }
    active_one_time_password_of(&vault, 4).await;
    let pending = vault.pending(at(50)).await.unwrap();
    let found: Vec<_> = pending.iter().map(|pending| (pending.id, pending.person, pending.named_by)).collect();
    let user = |number| (credential(number), person(number), NamedBy::User(person(number)));
    assert_eq!(found.len(), 3);
    assert!(found.contains(&(credential(1), person(1), case)) && found.contains(&user(2)) && found.contains(&user(5)));

    // One is put anew after it was looked for.
    vault.put_password(credential(5), person(5), NamedBy::User(person(5)), SECRET, at(60)).await.unwrap();
    let all = (1..=5).map(credential).collect();
    assert_eq!(vault.sweep(all, at(50)).await.unwrap(), 2);
    for (number, is_left) in [(1, false), (2, false), (3, true), (4, true), (5, true)] {
        assert_eq!(vault.activate(credential(number)).await.unwrap(), is_left, "{number}");
    }
}

async fn a_verifier_moved_to_another_persons_row_is_refused(home: &Home) {
    let vault = home.open().await;
    active_one_time_password_of(&vault, 1).await;
    active_one_time_password_of(&vault, 2).await;
    // Person 1's verifier in the place of person 2's: of two rows, one's is another's.
    home.sql("UPDATE credentials SET verifier = (SELECT other.verifier FROM credentials AS other WHERE other.id <> credentials.id)");
    assert!(matches!(vault.verify(credential(2), SECRET, at(1)).await, Err(VaultError::Damaged(id)) if id == credential(2)));
}

async fn a_wrong_master_key_is_refused_and_changes_nothing(home: &Home) {
    active_password(&home.open().await).await;
    let error = home.try_open(8).await.unwrap_err();
    assert!(matches!(error, VaultError::MasterKeyWrong { .. }));
    assert!(error.to_string().starts_with("the master key is not the one that"), "{error}");
    assert_eq!(home.open().await.verify(credential(1), SECRET, at(1)).await.unwrap(), Verification::Ok);
}

async fn a_backup_taken_while_in_use_knows_everything_and_overwrites_nothing(home: &Home) {
    let vault = home.open().await;
    active_password(&vault).await;
    let copy = Folder::new();
    vault.backup_to(copy.path()).await.unwrap();
    assert!(matches!(vault.backup_to(copy.path()).await, Err(VaultError::BackupExists(_))));
    assert_eq!(copy.open().verify(credential(1), SECRET, at(1)).await.unwrap(), Verification::Ok);
}
