//! Sessions, as the rest of Gatehouse sees them.

#![allow(clippy::unwrap_used, reason = "the helpers of tests fail the test")]

mod common;

use common::{Folder, at, organization, person};
use credential_vault::{IssuedSession, SessionLifetime, Vault};
use jiff::SignedDuration;

const LIFETIME: SessionLifetime = SessionLifetime { idle: SignedDuration::from_secs(100), absolute: SignedDuration::from_secs(1000) };

async fn sign_in(vault: &Vault, number: u128) -> IssuedSession {
    vault.create_session(person(number), organization(1), LIFETIME, at(0)).await.unwrap()
}

#[tokio::test]
async fn a_session_stands_for_the_user_who_signed_in() {
    let folder = Folder::new();
    let vault = folder.open();
    let issued = sign_in(&vault, 1).await;
    let found = vault.find_session(&issued.secret, at(1)).await.unwrap();
    assert_eq!((found.person, found.organization), (person(1), organization(1)));
    assert_eq!(found, issued.session);
    assert!(vault.find_session("gs_nobody", at(1)).await.is_none());
    assert!(vault.authenticate_token(&issued.secret, at(1)).is_none(), "a session is no token");
}

#[tokio::test]
async fn a_session_that_is_not_used_ends_and_one_that_is_used_goes_on() {
    let folder = Folder::new();
    let vault = folder.open();
    let used = sign_in(&vault, 1).await;
    let unused = sign_in(&vault, 2).await;
    for seconds in [60, 120, 180] {
        assert!(vault.find_session(&used.secret, at(seconds)).await.is_some());
    }
    assert!(vault.find_session(&unused.secret, at(100)).await.is_none());
    assert!(vault.find_session(&used.secret, at(280)).await.is_none());
}

#[tokio::test]
async fn a_session_ends_at_last_however_much_it_is_used() {
    let folder = Folder::new();
    let vault = folder.open();
    let issued = sign_in(&vault, 1).await;
    for seconds in (0..1000).step_by(50) {
        assert!(vault.find_session(&issued.secret, at(seconds)).await.is_some());
    }
    assert!(vault.find_session(&issued.secret, at(1000)).await.is_none());
}

#[tokio::test]
async fn a_used_session_goes_on_after_a_power_cut() {
    let folder = Folder::new();
    let vault = folder.open();
    let issued = sign_in(&vault, 1).await;
    assert!(vault.find_session(&issued.secret, at(90)).await.is_some());
    let after = folder.image().open();
    assert!(after.find_session(&issued.secret, at(189)).await.is_some());
    assert!(folder.image().open().find_session(&issued.secret, at(190)).await.is_none());
}

#[tokio::test]
async fn signing_out_ends_one_session_and_a_new_password_all() {
    let folder = Folder::new();
    let vault = folder.open();
    let (laptop, phone, other) = (sign_in(&vault, 1).await, sign_in(&vault, 1).await, sign_in(&vault, 2).await);
    vault.end_session(laptop.session.id).await.unwrap();
    assert!(vault.find_session(&laptop.secret, at(1)).await.is_none());
    assert!(vault.find_session(&phone.secret, at(1)).await.is_some());
    vault.end_all(person(1)).await.unwrap();
    for vault in [&vault, &folder.image().open()] {
        assert!(vault.find_session(&phone.secret, at(2)).await.is_none());
        assert!(vault.find_session(&other.secret, at(2)).await.is_some());
    }
}

#[tokio::test]
async fn a_forgotten_person_is_signed_out() {
    let folder = Folder::new();
    let vault = folder.open();
    let issued = sign_in(&vault, 1).await;
    vault.purge_person(person(1)).await.unwrap();
    assert!(vault.find_session(&issued.secret, at(1)).await.is_none());
    assert!(!folder.holds(person(1).0.as_bytes()));
}

#[tokio::test]
async fn the_sweep_removes_sessions_that_are_over() {
    let folder = Folder::new();
    let vault = folder.open();
    sign_in(&vault, 1).await;
    let used = sign_in(&vault, 2).await;
    assert!(vault.find_session(&used.secret, at(99)).await.is_some());
    assert_eq!(vault.sweep_sessions(at(150)).await.unwrap(), 1);
    assert!(vault.find_session(&used.secret, at(151)).await.is_some());
    assert_eq!(folder.image().open().sweep_sessions(at(151)).await.unwrap(), 0, "the other one is gone already");
}

#[tokio::test]
async fn the_text_of_a_session_is_in_no_file() {
    let folder = Folder::new();
    let vault = folder.open();
    let issued = sign_in(&vault, 1).await;
    assert!(!folder.holds(&issued.secret.as_bytes()[3..20]));
    assert!(!format!("{issued:?}").contains(&*issued.secret));
}
