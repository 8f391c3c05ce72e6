//! Authenticators and recovery codes, as the rest of Gatehouse sees them.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "the helpers of tests fail the test")]
#![allow(clippy::wildcard_enum_match_arm, reason = "any other answer fails the test")]

mod common;

use common::{
    App, Folder, Home, SECRET, active_authenticator, active_password, at, credential, person, sign_in, token, wherever_it_is_kept,
};
use credential_vault::{Claim, CredentialKind, FactorState, NamedBy, Vault, VaultError, Verification};
use zeroize::Zeroizing;

wherever_it_is_kept!(
    an_authenticator_proves_its_person_with_each_code_once,
    no_code_is_accepted_that_is_earlier_than_one_that_was_used,
    a_pending_factor_is_shown_to_work_and_counts_only_once_it_is_activated,
    a_secret_that_is_put_again_while_pending_takes_the_place_of_the_first,
    the_same_code_at_once_is_right_once,
    five_wrong_codes_lock_all_second_factors_of_a_person_for_a_quarter_of_an_hour,
    of_thirty_two_wrong_codes_at_once_on_two_factors_five_are_compared,
    right_codes_in_between_give_no_more_guesses,
    wrong_codes_are_forgotten_after_a_quarter_of_an_hour,
    a_recovery_code_is_good_once_however_it_is_typed,
    recovery_codes_used_at_once_are_each_used_once,
    a_revoked_factor_proves_nobody,
    a_password_is_no_second_factor_and_a_second_factor_no_password,
    a_factor_moved_to_another_persons_row_is_refused,
    the_factors_of_a_person_are_listed_with_their_last_use,
    second_factors_are_pending_until_their_own_stream_names_them,
    of_a_forgotten_person_no_factor_and_no_count_is_left,
);

const WRONG: Verification = Verification::Wrong { attempts_left: 4 };

async fn an_authenticator_proves_its_person_with_each_code_once(home: &Home) {
    let vault = home.open().await;
    let app = active_authenticator(&vault, 1, 1).await;
    assert_eq!(vault.prove(credential(1), &app.code(0), at(0)).await.unwrap(), Verification::Ok);
    assert_eq!(vault.prove(credential(1), &app.code(0), at(1)).await.unwrap(), WRONG);
    let spaced = format!(" {} {}", &app.code(30)[..3], &app.code(30)[3..]);
    let again = home.open().await;
    assert_eq!(again.prove(credential(1), &app.code(0), at(2)).await.unwrap(), Verification::Wrong { attempts_left: 3 });
    assert_eq!(again.prove(credential(1), &spaced, at(31)).await.unwrap(), Verification::Ok);
    assert_eq!(again.prove(credential(2), &app.code(60), at(61)).await.unwrap(), Verification::Unknown);
}

async fn no_code_is_accepted_that_is_earlier_than_one_that_was_used(home: &Home) {
    let vault = home.open().await;
    let app = active_authenticator(&vault, 1, 1).await;
    assert_eq!(vault.prove(credential(1), &app.code(30), at(0)).await.unwrap(), Verification::Ok, "a clock that is ahead");
    assert_eq!(vault.prove(credential(1), &app.code(0), at(0)).await.unwrap(), WRONG);
    assert_eq!(vault.prove(credential(1), &app.code(60), at(90)).await.unwrap(), Verification::Ok, "a clock that is behind");
}

async fn a_pending_factor_is_shown_to_work_and_counts_only_once_it_is_activated(home: &Home) {
    let vault = home.open().await;
    let app = App::of(&vault.put_authenticator(credential(1), person(1), at(0)).await.unwrap().unwrap());
    assert_eq!(vault.prove(credential(1), &app.code(0), at(0)).await.unwrap(), Verification::Unknown);
    assert_eq!(vault.prove_pending(credential(1), &app.wrong(0), at(0)).await.unwrap(), WRONG);
    assert_eq!(vault.prove_pending(credential(1), &app.code(0), at(0)).await.unwrap(), Verification::Ok);
    assert_eq!(vault.prove(credential(1), &app.code(30), at(30)).await.unwrap(), Verification::Unknown, "it is pending still");
    assert!(vault.activate(credential(1)).await.unwrap());
    assert_eq!(vault.prove_pending(credential(1), &app.code(30), at(30)).await.unwrap(), Verification::Unknown);
    assert_eq!(vault.prove(credential(1), &app.code(0), at(30)).await.unwrap(), Verification::Wrong { attempts_left: 3 });
    assert_eq!(vault.prove(credential(1), &app.code(30), at(30)).await.unwrap(), Verification::Ok);
}

async fn a_secret_that_is_put_again_while_pending_takes_the_place_of_the_first(home: &Home) {
    let vault = home.open().await;
    let first = App::of(&vault.put_authenticator(credential(1), person(1), at(0)).await.unwrap().unwrap());
    assert_eq!(vault.prove_pending(credential(1), &first.code(0), at(0)).await.unwrap(), Verification::Ok);
    let second = App::of(&vault.put_authenticator(credential(1), person(1), at(1)).await.unwrap().unwrap());
    assert_eq!(vault.prove_pending(credential(1), &second.code(0), at(1)).await.unwrap(), Verification::Ok);
    vault.activate(credential(1)).await.unwrap();
    assert!(vault.put_authenticator(credential(1), person(1), at(2)).await.unwrap().is_none());
    assert!(vault.put_recovery_codes(credential(1), person(1), at(2)).await.unwrap().is_none());
    assert_eq!(vault.prove(credential(1), &second.code(30), at(30)).await.unwrap(), Verification::Ok);
}

async fn the_same_code_at_once_is_right_once(home: &Home) {
    let vaults = [home.open().await, home.open().await];
    let app = active_authenticator(&vaults[0], 1, 1).await;
    let codes = active_codes(&vaults[0], 2, 2).await;
    for (number, code, tries) in [(1, app.code(0), 5), (2, codes[0].to_string(), 5)] {
        let proofs: Vec<_> = (0..tries)
            .map(|at_once| {
                let (vault, code) = (vaults[at_once % 2].clone(), code.clone());
                tokio::spawn(async move { vault.prove(credential(number), &code, at(1)).await.unwrap() })
            })
            .collect();
        let (mut right, mut wrong) = (0, 0);
        for proof in proofs {
            match proof.await.unwrap() {
                Verification::Ok => right += 1,
                Verification::Wrong { .. } => wrong += 1,
                other => panic!("{other:?}"),
            }
        }
        assert_eq!((right, wrong), (1, 4));
    }
}

async fn five_wrong_codes_lock_all_second_factors_of_a_person_for_a_quarter_of_an_hour(home: &Home) {
    let vault = home.open().await;
    let (app, second) = (active_authenticator(&vault, 1, 1).await, active_authenticator(&vault, 2, 1).await);
    let codes = active_codes(&vault, 3, 1).await;
    let other = active_authenticator(&vault, 4, 2).await;
    let guesses =
        [(1, app.wrong(0), 4), (2, second.wrong(0), 3), (3, "no code".to_owned(), 2), (2, second.wrong(0), 1), (1, app.wrong(0), 0)];
    for (number, code, attempts_left) in guesses {
        assert_eq!(vault.prove(credential(number), &code, at(10)).await.unwrap(), Verification::Wrong { attempts_left });
    }
    let locked = Verification::Locked { until: Some(at(910)) };
    let again = home.open().await;
    for (number, code) in [(1, app.code(900)), (2, second.code(900)), (3, codes[0].to_string())] {
        assert_eq!(again.prove(credential(number), &code, at(909)).await.unwrap(), locked);
    }
    assert_eq!(vault.prove(credential(4), &other.code(900), at(909)).await.unwrap(), Verification::Ok, "others are not locked");
    assert_eq!(vault.prove(credential(1), &app.code(900), at(910)).await.unwrap(), Verification::Ok);
    assert_eq!(vault.prove(credential(2), &second.wrong(900), at(910)).await.unwrap(), WRONG);
}

async fn of_thirty_two_wrong_codes_at_once_on_two_factors_five_are_compared(home: &Home) {
    let vaults = [home.open().await, home.open().await];
    let (app, second) = (active_authenticator(&vaults[0], 1, 1).await, active_authenticator(&vaults[0], 2, 1).await);
    let wrong = [app.wrong(0), second.wrong(0)];
    let guesses: Vec<_> = (0..32)
        .map(|number| {
            let (vault, code) = (vaults[number / 2 % 2].clone(), wrong[number % 2].clone());
            let id = credential(u128::try_from(number % 2).unwrap() + 1);
            tokio::spawn(async move { vault.prove(id, &code, at(1)).await.unwrap() })
        })
        .collect();
    let (mut left, mut locked) = (Vec::new(), 0);
    for guess in guesses {
        match guess.await.unwrap() {
            Verification::Wrong { attempts_left } => left.push(attempts_left),
            Verification::Locked { until: Some(_) } => locked += 1,
            other => panic!("{other:?}"),
        }
    }
    left.sort_unstable();
    assert_eq!((left, locked), (vec![0, 1, 2, 3, 4], 27));
}

async fn right_codes_in_between_give_no_more_guesses(home: &Home) {
    let vault = home.open().await;
    let app = active_authenticator(&vault, 1, 1).await;
    for (step, attempts_left) in (0..).zip([4, 3, 2, 1, 0]) {
        let now = step * 30;
        assert_eq!(vault.prove(credential(1), &app.code(now), at(now)).await.unwrap(), Verification::Ok);
        assert_eq!(vault.prove(credential(1), &app.wrong(now), at(now)).await.unwrap(), Verification::Wrong { attempts_left });
    }
    assert!(matches!(vault.prove(credential(1), &app.code(150), at(150)).await.unwrap(), Verification::Locked { .. }));
}

async fn wrong_codes_are_forgotten_after_a_quarter_of_an_hour(home: &Home) {
    let vault = home.open().await;
    let app = active_authenticator(&vault, 1, 1).await;
    for (now, attempts_left) in [(0, 4), (899, 3), (1798, 2), (2698, 4)] {
        assert_eq!(vault.prove(credential(1), &app.wrong(now), at(now)).await.unwrap(), Verification::Wrong { attempts_left });
    }
}

async fn a_recovery_code_is_good_once_however_it_is_typed(home: &Home) {
    let vault = home.open().await;
    assert_eq!(vault.recovery_codes_left(credential(1)).await.unwrap(), 0);
    let codes = active_codes(&vault, 1, 1).await;
    assert_eq!((codes.len(), vault.recovery_codes_left(credential(1)).await.unwrap()), (10, 10));
    let typed = format!(" {}", codes[3].to_lowercase().replace('-', " "));
    assert_eq!(vault.prove(credential(1), &typed, at(1)).await.unwrap(), Verification::Ok);
    let again = home.open().await;
    assert_eq!(again.prove(credential(1), &codes[3], at(2)).await.unwrap(), WRONG);
    assert_eq!(again.recovery_codes_left(credential(1)).await.unwrap(), 9);
    for code in codes.iter().enumerate().filter(|(number, _)| *number != 3).map(|(_, code)| code) {
        assert_eq!(again.prove(credential(1), code, at(3)).await.unwrap(), Verification::Ok);
    }
    assert_eq!(vault.recovery_codes_left(credential(1)).await.unwrap(), 0);
}

async fn recovery_codes_used_at_once_are_each_used_once(home: &Home) {
    let vaults = [home.open().await, home.open().await];
    let codes = active_codes(&vaults[0], 1, 1).await;
    let proofs: Vec<_> = codes[..4]
        .iter()
        .enumerate()
        .map(|(number, code)| {
            let (vault, code) = (vaults[number % 2].clone(), code.clone());
            tokio::spawn(async move { vault.prove(credential(1), &code, at(1)).await.unwrap() })
        })
        .collect();
    for proof in proofs {
        assert_eq!(proof.await.unwrap(), Verification::Ok);
    }
    assert_eq!(vaults[1].recovery_codes_left(credential(1)).await.unwrap(), 6);
}

async fn a_revoked_factor_proves_nobody(home: &Home) {
    let vault = home.open().await;
    let app = active_authenticator(&vault, 1, 1).await;
    let codes = active_codes(&vault, 2, 1).await;
    for number in [1, 2] {
        vault.revoke(credential(number)).await.unwrap();
        assert!(!vault.activate(credential(number)).await.unwrap());
    }
    assert_eq!(vault.prove(credential(1), &app.code(0), at(0)).await.unwrap(), Verification::Unknown);
    assert_eq!(vault.prove(credential(2), &codes[0], at(0)).await.unwrap(), Verification::Unknown);
    assert_eq!(vault.recovery_codes_left(credential(2)).await.unwrap(), 0);
    assert!(vault.put_authenticator(credential(1), person(1), at(1)).await.unwrap().is_none());
}

async fn a_password_is_no_second_factor_and_a_second_factor_no_password(home: &Home) {
    let vault = home.open().await;
    active_password(&vault).await;
    let app = active_authenticator(&vault, 2, 1).await;
    assert_eq!(vault.prove(credential(1), SECRET, at(0)).await.unwrap(), Verification::Unknown);
    assert_eq!(vault.verify(credential(2), &app.code(0), at(0)).await.unwrap(), Verification::Unknown);
    assert_eq!(vault.prove(credential(2), &app.code(0), at(0)).await.unwrap(), Verification::Ok);
}

async fn a_factor_moved_to_another_persons_row_is_refused(home: &Home) {
    let vault = home.open().await;
    let mine = active_authenticator(&vault, 1, 1).await;
    active_authenticator(&vault, 2, 2).await;
    // The seed of person 1 in the place of person 2's: of two rows, one's is another's.
    home.sql("UPDATE credentials SET verifier = (SELECT other.verifier FROM credentials AS other WHERE other.id <> credentials.id)");
    let proved = vault.prove(credential(2), &mine.code(0), at(0)).await;
    assert!(matches!(proved, Err(VaultError::Damaged(id)) if id == credential(2)));
}

async fn the_factors_of_a_person_are_listed_with_their_last_use(home: &Home) {
    let vault = home.open().await;
    active_password(&vault).await;
    let app = active_authenticator(&vault, 2, 1).await;
    vault.put_recovery_codes(credential(3), person(1), at(1)).await.unwrap().unwrap();
    active_authenticator(&vault, 4, 2).await;
    vault.put_authenticator(credential(5), person(1), at(2)).await.unwrap().unwrap();
    vault.revoke(credential(5)).await.unwrap();
    assert_eq!(vault.prove(credential(2), &app.code(30), at(30)).await.unwrap(), Verification::Ok);
    let factors: Vec<_> = vault
        .factors_of(person(1))
        .await
        .unwrap()
        .into_iter()
        .map(|factor| (factor.id, factor.kind, factor.state, factor.created_at, factor.last_used_at))
        .collect();
    let expected = [
        (credential(2), CredentialKind::Authenticator, FactorState::Active, at(0), Some(at(30))),
        (credential(3), CredentialKind::RecoveryCodes, FactorState::Pending, at(1), None),
        (credential(5), CredentialKind::Authenticator, FactorState::Revoked, at(2), None),
    ];
    assert_eq!(factors, expected);
}

async fn second_factors_are_pending_until_their_own_stream_names_them(home: &Home) {
    let vault = home.open().await;
    vault.put_authenticator(credential(1), person(1), at(0)).await.unwrap().unwrap();
    active_codes(&vault, 2, 1).await;
    let pending = vault.pending(at(50)).await.unwrap();
    let found: Vec<_> = pending.iter().map(|pending| (pending.id, pending.person, pending.named_by)).collect();
    assert_eq!(found, [(credential(1), person(1), NamedBy::Credential(credential(1)))]);
    assert_eq!(vault.sweep(vec![credential(1), credential(2)], at(50)).await.unwrap(), 1);
    assert_eq!(vault.factors_of(person(1)).await.unwrap().len(), 1);
}

async fn of_a_forgotten_person_no_factor_and_no_count_is_left(home: &Home) {
    let vault = home.open().await;
    let app = active_authenticator(&vault, 1, 1).await;
    let other = active_authenticator(&vault, 2, 2).await;
    active_codes(&vault, 3, 1).await;
    for (number, app) in [(1, &app), (2, &other)] {
        assert_eq!(vault.prove(credential(number), &app.wrong(0), at(0)).await.unwrap(), WRONG);
    }
    vault.purge_person(person(1)).await.unwrap();
    assert_eq!(vault.factors_of(person(1)).await.unwrap(), []);
    assert_eq!(vault.prove(credential(1), &app.code(0), at(0)).await.unwrap(), Verification::Unknown);
    let again = active_authenticator(&vault, 1, 1).await;
    assert_eq!(vault.prove(credential(1), &again.wrong(1), at(1)).await.unwrap(), WRONG, "the count began anew");
    assert_eq!(vault.prove(credential(2), &other.wrong(1), at(1)).await.unwrap(), Verification::Wrong { attempts_left: 3 });
}

async fn active_codes(vault: &Vault, number: u128, of: u128) -> Vec<Zeroizing<String>> {
    let codes = vault.put_recovery_codes(credential(number), person(of), at(0)).await.unwrap().unwrap();
    assert!(vault.activate(credential(number)).await.unwrap());
    codes
}

#[tokio::test]
async fn what_was_used_and_what_was_wrong_is_remembered_after_a_power_cut() {
    let folder = Folder::new();
    let vault = folder.open();
    let app = active_authenticator(&vault, 1, 1).await;
    let codes = active_codes(&vault, 2, 1).await;
    assert_eq!(vault.prove(credential(1), &app.code(0), at(0)).await.unwrap(), Verification::Ok);
    assert_eq!(vault.prove(credential(2), &codes[0], at(0)).await.unwrap(), Verification::Ok);
    for attempts_left in [4, 3, 2] {
        assert_eq!(vault.prove(credential(1), &app.wrong(0), at(0)).await.unwrap(), Verification::Wrong { attempts_left });
    }
    let after = folder.image().open();
    assert_eq!(after.prove(credential(1), &app.code(0), at(1)).await.unwrap(), Verification::Wrong { attempts_left: 1 });
    assert_eq!(after.prove(credential(2), &codes[0], at(1)).await.unwrap(), Verification::Wrong { attempts_left: 0 });
    assert!(matches!(after.prove(credential(1), &app.code(30), at(30)).await.unwrap(), Verification::Locked { .. }));
}

#[tokio::test]
async fn no_seed_and_no_recovery_code_is_in_the_files_and_after_forgetting_not_even_sealed() {
    let folder = Folder::new();
    let vault = folder.open();
    let secret = vault.put_authenticator(credential(1), person(1), at(0)).await.unwrap().unwrap();
    let seed = totp_rs::Secret::try_from_base32(&*secret.base32().unwrap()).unwrap();
    let codes = active_codes(&vault, 2, 1).await;
    vault.import_tokens(vec![token("A-1")], at(0)).await.unwrap();
    assert_eq!(vault.claim_token(credential(3), person(1), "A-1", at(0)).await.unwrap(), Claim::Stored);
    sign_in(&vault, 1).await;
    assert_eq!(vault.prove(credential(2), &codes[0], at(0)).await.unwrap(), Verification::Ok);
    for secret in [seed.as_bytes(), secret.base32().unwrap().as_bytes(), b"12345678901234567890"] {
        assert!(!folder.holds(secret));
    }
    for code in &codes {
        assert!(!folder.holds(code.as_bytes()));
        assert!(!folder.holds(code.replace('-', "").as_bytes()));
    }
    assert!(folder.holds(b"A-1") && folder.holds(person(1).0.as_bytes()), "the search finds what is there");
    assert!(!format!("{:?}", token("A-1")).contains("seed"));
    vault.purge_person(person(1)).await.unwrap();
    for number in [1, 2, 3] {
        assert!(!folder.holds(credential(number).0.as_bytes()), "{number}");
    }
    assert!(!folder.holds(person(1).0.as_bytes()));
}
