//! Sessions, as the rest of Gatehouse sees them.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "the helpers of tests fail the test")]

mod common;

use common::{Home, at, organization, person, sign_in, wherever_it_is_kept};

wherever_it_is_kept!(
    a_session_stands_for_the_user_who_signed_in,
    a_session_that_is_not_used_ends_and_one_that_is_used_goes_on,
    a_session_ends_at_last_however_much_it_is_used,
    signing_out_ends_one_session_and_a_new_password_all,
    a_forgotten_person_is_signed_out,
    the_sweep_removes_sessions_that_are_over,
);

async fn a_session_stands_for_the_user_who_signed_in(home: &Home) {
    let vault = home.open().await;
    let issued = sign_in(&vault, 1).await;
    let found = vault.find_session(&issued.secret, at(1)).await.unwrap().unwrap();
    assert_eq!((found.person, found.organization), (person(1), organization(1)));
    assert_eq!(found, issued.session);
    assert!(vault.find_session("gs_nobody", at(1)).await.unwrap().is_none());
    assert!(vault.authenticate_token(&issued.secret, at(1)).await.unwrap().is_none(), "a session is no token");
}

async fn a_session_that_is_not_used_ends_and_one_that_is_used_goes_on(home: &Home) {
    let vault = home.open().await;
    let used = sign_in(&vault, 1).await;
    let unused = sign_in(&vault, 2).await;
    for seconds in [60, 120, 180] {
        assert!(vault.find_session(&used.secret, at(seconds)).await.unwrap().is_some());
    }
    assert!(vault.find_session(&unused.secret, at(100)).await.unwrap().is_none());
    assert!(vault.find_session(&used.secret, at(280)).await.unwrap().is_none());
}

async fn a_session_ends_at_last_however_much_it_is_used(home: &Home) {
    let vault = home.open().await;
    let issued = sign_in(&vault, 1).await;
    for seconds in (0..1000).step_by(50) {
        assert!(vault.find_session(&issued.secret, at(seconds)).await.unwrap().is_some());
    }
    assert!(vault.find_session(&issued.secret, at(1000)).await.unwrap().is_none());
}

async fn signing_out_ends_one_session_and_a_new_password_all(home: &Home) {
    let vault = home.open().await;
    let (laptop, phone, other) = (sign_in(&vault, 1).await, sign_in(&vault, 1).await, sign_in(&vault, 2).await);
    vault.end_session(laptop.session.id).await.unwrap();
    assert!(vault.find_session(&laptop.secret, at(1)).await.unwrap().is_none());
    assert!(vault.find_session(&phone.secret, at(1)).await.unwrap().is_some());
    vault.end_all(person(1)).await.unwrap();
    for vault in [&vault, &home.open().await] {
        assert!(vault.find_session(&phone.secret, at(2)).await.unwrap().is_none());
        assert!(vault.find_session(&other.secret, at(2)).await.unwrap().is_some());
    }
}

async fn a_forgotten_person_is_signed_out(home: &Home) {
    let vault = home.open().await;
    let issued = sign_in(&vault, 1).await;
    vault.purge_person(person(1)).await.unwrap();
    assert!(vault.find_session(&issued.secret, at(1)).await.unwrap().is_none());
}

async fn the_sweep_removes_sessions_that_are_over(home: &Home) {
    let vault = home.open().await;
    sign_in(&vault, 1).await;
    let used = sign_in(&vault, 2).await;
    assert!(vault.find_session(&used.secret, at(99)).await.unwrap().is_some());
    assert_eq!(vault.sweep_sessions(at(150)).await.unwrap(), 1);
    assert!(vault.find_session(&used.secret, at(151)).await.unwrap().is_some());
    assert_eq!(home.open().await.sweep_sessions(at(151)).await.unwrap(), 0, "the other one is gone already");
}
