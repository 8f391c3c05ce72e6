//! Sessions, as the rest of Gatehouse sees them.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "the helpers of tests fail the test")]

mod common;

use common::{Home, at, credential, organization, person, session_of, sign_in, wherever_it_is_kept};
use credential_vault::{Assurance, NewSessionOf, OpenedBy, Session, SessionHolder, SessionLifetime};
use domain::StaffId;
use jiff::SignedDuration;
use uuid::Uuid;

wherever_it_is_kept!(
    a_session_stands_for_the_user_who_signed_in,
    a_session_that_is_not_used_ends_and_one_that_is_used_goes_on,
    a_session_ends_at_last_however_much_it_is_used,
    signing_out_ends_one_session_and_a_new_password_all,
    a_forgotten_person_is_signed_out,
    the_sweep_removes_sessions_that_are_over,
    a_session_may_be_of_a_member_of_staff,
    a_session_is_raised_under_a_new_id_and_text_and_the_old_ones_have_ended,
    of_two_who_raise_a_session_at_once_one_does,
    a_session_that_is_over_is_not_raised,
    what_was_proved_stays_proved,
    somebody_sees_their_sessions_and_ends_their_own_only,
    a_label_is_short_and_on_one_line,
    a_session_says_what_opened_it_and_counts_as_opened_by_another_password_in_the_write_that_ends_the_others,
    somebody_elses_session_is_not_reopened,
);

async fn a_session_stands_for_the_user_who_signed_in(home: &Home) {
    let vault = home.open().await;
    let issued = sign_in(&vault, 1).await;
    let found = vault.find_session(&issued.secret, at(1)).await.unwrap().unwrap();
    assert_eq!((found.person, found.organization()), (person(1), Some(organization(1))));
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

async fn a_session_may_be_of_a_member_of_staff(home: &Home) {
    let vault = home.open().await;
    let holder = SessionHolder::Staff { staff: StaffId(Uuid::from_u128(5)) };
    let new = NewSessionOf { holder, assurance: Assurance::TwoFactors, lifetime: SessionLifetime::STAFF, ..session_of(1) };
    let issued = vault.create_session(new, at(0)).await.unwrap();
    for vault in [&vault, &home.open().await] {
        let found = vault.find_session(&issued.secret, at(899)).await.unwrap().unwrap();
        assert_eq!((found.holder, found.organization(), found.assurance), (holder, None, Assurance::TwoFactors));
        assert_eq!(found, issued.session);
    }
    assert_eq!(issued.session.ends_at, at(9 * 60 * 60));
    assert_eq!(SessionLifetime::USERS.idle, SignedDuration::from_mins(30));
}

async fn a_session_is_raised_under_a_new_id_and_text_and_the_old_ones_have_ended(home: &Home) {
    let (vault, there) = (home.open().await, home.open().await);
    let first = sign_in(&vault, 1).await;
    assert!(there.find_session(&first.secret, at(10)).await.unwrap().is_some());
    let raised = vault.raise_session(first.session.id, Assurance::TwoFactors, at(20)).await.unwrap().unwrap();
    assert_ne!((raised.session.id, &*raised.secret), (first.session.id, &*first.secret));
    let expected = Session { id: raised.session.id, assurance: Assurance::TwoFactors, proved_at: at(20), ..first.session };
    assert_eq!(raised.session, expected);
    for vault in [&vault, &there, &home.open().await] {
        assert_eq!(vault.find_session(&first.secret, at(21)).await.unwrap(), None);
        assert_eq!(vault.find_session(&raised.secret, at(21)).await.unwrap(), Some(expected.clone()));
    }
    assert!(vault.find_session(&raised.secret, at(121)).await.unwrap().is_none(), "it is not used");
}

async fn of_two_who_raise_a_session_at_once_one_does(home: &Home) {
    let (here, there) = (home.open().await, home.open().await);
    let first = sign_in(&here, 1).await;
    let id = first.session.id;
    let (one, other) =
        tokio::join!(here.raise_session(id, Assurance::TwoFactors, at(1)), there.raise_session(id, Assurance::TwoFactors, at(1)));
    let raised: Vec<_> = [one.unwrap(), other.unwrap()].into_iter().flatten().collect();
    assert_eq!(raised.len(), 1);
    assert!(here.find_session(&raised[0].secret, at(5)).await.unwrap().is_some());
    assert!(here.find_session(&first.secret, at(5)).await.unwrap().is_none());
    assert_eq!(here.list_sessions(person(1), at(5)).await.unwrap().len(), 1);
}

async fn a_session_that_is_over_is_not_raised(home: &Home) {
    let vault = home.open().await;
    let (ended, idle, old) = (sign_in(&vault, 1).await, sign_in(&vault, 2).await, sign_in(&vault, 3).await);
    vault.end_session(ended.session.id).await.unwrap();
    assert!(vault.raise_session(ended.session.id, Assurance::TwoFactors, at(1)).await.unwrap().is_none());
    assert!(vault.raise_session(idle.session.id, Assurance::TwoFactors, at(110)).await.unwrap().is_none());
    for seconds in (0..1000).step_by(50) {
        assert!(vault.find_session(&old.secret, at(seconds)).await.unwrap().is_some());
    }
    assert!(vault.raise_session(old.session.id, Assurance::TwoFactors, at(1000)).await.unwrap().is_none());
}

async fn what_was_proved_stays_proved(home: &Home) {
    let vault = home.open().await;
    let new = NewSessionOf { assurance: Assurance::TwoFactors, ..session_of(1) };
    let issued = vault.create_session(new, at(0)).await.unwrap();
    let again = vault.raise_session(issued.session.id, Assurance::OneFactor, at(30)).await.unwrap().unwrap();
    assert_eq!((again.session.assurance, again.session.proved_at), (Assurance::TwoFactors, at(30)));
}

async fn somebody_sees_their_sessions_and_ends_their_own_only(home: &Home) {
    let vault = home.open().await;
    let (laptop, other) = (sign_in(&vault, 1).await, sign_in(&vault, 2).await);
    let phone = vault.create_session(NewSessionOf { label: "Safari on iOS".to_owned(), ..session_of(1) }, at(1)).await.unwrap();
    assert!(vault.find_session(&laptop.secret, at(40)).await.unwrap().is_some());
    let listed = vault.list_sessions(person(1), at(50)).await.unwrap();
    assert_eq!(listed, [(laptop.session.clone(), at(40)), (phone.session.clone(), at(1))]);
    assert_eq!(vault.list_sessions(person(1), at(101)).await.unwrap().len(), 1, "the other is over");
    assert_eq!(vault.list_sessions(person(3), at(1)).await.unwrap(), []);

    assert!(!vault.end_session_of(person(1), other.session.id).await.unwrap());
    assert!(vault.find_session(&other.secret, at(51)).await.unwrap().is_some());
    assert!(vault.end_session_of(person(1), phone.session.id).await.unwrap());
    assert!(!vault.end_session_of(person(1), phone.session.id).await.unwrap());
    assert!(vault.find_session(&phone.secret, at(51)).await.unwrap().is_none());
    assert_eq!(vault.list_sessions(person(1), at(51)).await.unwrap(), [(laptop.session, at(40))]);
}

async fn a_label_is_short_and_on_one_line(home: &Home) {
    let vault = home.open().await;
    let label = format!("Ä\n\u{7f}{}", "x".repeat(100));
    let issued = vault.create_session(NewSessionOf { label, ..session_of(1) }, at(0)).await.unwrap();
    assert_eq!(issued.session.label, format!("Ä{}", "x".repeat(59)));
    assert_eq!(home.open().await.find_session(&issued.secret, at(1)).await.unwrap(), Some(issued.session));
}

async fn a_session_says_what_opened_it_and_counts_as_opened_by_another_password_in_the_write_that_ends_the_others(home: &Home) {
    let (here, there) = (home.open().await, home.open().await);
    let (kept, ended) = (sign_in(&here, 1).await, sign_in(&here, 1).await);
    let by_provider = here.create_session(NewSessionOf { opened_by: OpenedBy::Provider, ..session_of(2) }, at(0)).await.unwrap();
    assert_eq!(there.find_session(&kept.secret, at(1)).await.unwrap().unwrap().opened_by, OpenedBy::Secret(credential(1)));

    let new = OpenedBy::Secret(credential(7));
    here.end_others_and_reopen(person(1), kept.session.id, new).await.unwrap();
    let expected = Session { opened_by: new, ..kept.session.clone() };
    // A file is looked at anew after a second.
    for vault in [&here, &there, &home.open().await] {
        assert_eq!(vault.find_session(&kept.secret, at(3)).await.unwrap(), Some(expected.clone()));
        assert_eq!(vault.find_session(&ended.secret, at(3)).await.unwrap(), None);
        assert_eq!(vault.find_session(&by_provider.secret, at(3)).await.unwrap(), Some(by_provider.session.clone()));
    }
    let raised = here.raise_session(kept.session.id, Assurance::TwoFactors, at(4)).await.unwrap().unwrap();
    assert_eq!(raised.session.opened_by, new);
}

async fn somebody_elses_session_is_not_reopened(home: &Home) {
    let vault = home.open().await;
    let other = sign_in(&vault, 2).await;
    vault.end_others_and_reopen(person(1), other.session.id, OpenedBy::Secret(credential(7))).await.unwrap();
    assert_eq!(vault.find_session(&other.secret, at(1)).await.unwrap(), Some(other.session.clone()));
    assert_eq!(home.open().await.find_session(&other.secret, at(1)).await.unwrap(), Some(other.session));
}
