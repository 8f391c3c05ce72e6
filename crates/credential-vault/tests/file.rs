//! What a vault in a file promises of its files, after a power cut, and to another process of the same machine.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "the helpers of tests fail the test")]

mod common;

use common::{
    Folder, SECRET, active_one_time_password, active_one_time_password_of, active_password, at, credential, partner, person, reviewer,
    sign_in,
};
use credential_vault::{NamedBy, OpenedBy, Session, Vault, VaultError, Verification};
use jiff::SignedDuration;
use sha2::{Digest, Sha256};

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
async fn what_an_earlier_version_kept_works_and_is_not_swept() {
    let folder = Folder::new();
    let vault = folder.open();
    active_one_time_password_of(&vault, 1).await;
    vault.put_password(credential(2), person(2), NamedBy::User(person(2)), SECRET, at(0)).await.unwrap();
    let session = sign_in(&vault, 1).await;
    drop(vault);
    folder.downgrade();
    let vault = folder.open();
    assert_eq!(vault.verify(credential(1), SECRET, at(1)).await.unwrap(), Verification::Ok);
    assert_eq!(vault.pending(at(50)).await.unwrap(), []);
    let unlabelled = Session { label: String::new(), opened_by: OpenedBy::Unrecorded, ..session.session };
    assert_eq!(vault.find_session(&session.secret, at(1)).await.unwrap(), Some(unlabelled));
    vault.put_password(credential(3), person(3), NamedBy::User(person(3)), SECRET, at(0)).await.unwrap();
    assert_eq!(vault.pending(at(50)).await.unwrap().len(), 1);
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
async fn a_vault_of_a_newer_version_is_refused() {
    let folder = Folder::new();
    drop(folder.open());
    rusqlite::Connection::open(folder.path()).unwrap().execute_batch("PRAGMA user_version = 99").unwrap();
    assert!(matches!(folder.try_open(7), Err(VaultError::NewerFormat { found: 99, .. })));
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

#[tokio::test]
async fn a_used_session_goes_on_after_a_power_cut() {
    let folder = Folder::new();
    let vault = folder.open();
    let issued = sign_in(&vault, 1).await;
    assert!(vault.find_session(&issued.secret, at(90)).await.unwrap().is_some());
    let after = folder.image().open();
    assert!(after.find_session(&issued.secret, at(189)).await.unwrap().is_some());
    assert!(folder.image().open().find_session(&issued.secret, at(190)).await.unwrap().is_none());
}

#[tokio::test]
async fn the_text_of_a_session_is_in_no_file() {
    let folder = Folder::new();
    let vault = folder.open();
    let issued = sign_in(&vault, 1).await;
    assert!(!folder.holds(&issued.secret.as_bytes()[3..20]));
    assert!(!format!("{issued:?}").contains(&*issued.secret));
}

#[tokio::test]
async fn a_token_works_after_a_power_cut_and_ends_with_its_time() {
    let folder = Folder::new();
    let vault = folder.open();
    let issued = vault.issue_token(partner(), at(0)).await.unwrap();
    let after = folder.image().open();
    let found = after.authenticate_token(&issued.secret, at(99)).await.unwrap().unwrap();
    assert_eq!((found.holder.clone(), found.scopes.clone()), (partner().holder, partner().scopes));
    assert!(after.authenticate_token(&issued.secret, at(100)).await.unwrap().is_none());
}

#[tokio::test]
async fn the_text_of_a_token_is_in_no_file_and_in_no_debug_output() {
    let folder = Folder::new();
    let vault = folder.open();
    let issued = vault.issue_token(reviewer(), at(0)).await.unwrap();
    let text = issued.secret.as_bytes();
    assert!(!folder.holds(text));
    assert!(!folder.holds(&text[3..20]));
    assert!(folder.holds(&Sha256::digest(text)), "only the hash is kept");
    assert!(!format!("{issued:?}").contains(&*issued.secret));
}

#[tokio::test]
async fn what_another_process_issues_and_revokes_counts_a_second_later() {
    let folder = Folder::new();
    let serving = folder.open();
    let command_line = folder.open();
    let issued = command_line.issue_token(reviewer(), at(0)).await.unwrap();
    assert!(serving.authenticate_token(&issued.secret, at(10)).await.unwrap().is_some());
    command_line.revoke_token(issued.token.id, at(10)).await.unwrap();
    assert!(serving.authenticate_token(&issued.secret, at(11)).await.unwrap().is_none());
}
