//! Tokens that were bought elsewhere, as the rest of Gatehouse sees them.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "the helpers of tests fail the test")]

mod common;

use common::{CODES, Home, at, credential, person, token, wherever_it_is_kept};
use credential_vault::{
    Claim, ImportedToken, InventoryToken, OtpAlgorithm, OtpDigits, OtpHash, Standing, TokenStanding, Vault, VaultError, Verification,
};
use zeroize::Zeroizing;

wherever_it_is_kept!(
    of_each_imported_token_it_is_said_what_became_of_it,
    the_inventory_is_listed_without_seeds,
    a_token_is_claimed_by_its_serial_and_proves_its_person,
    a_token_may_be_ten_codes_ahead_and_none_is_accepted_twice,
    a_token_that_is_far_ahead_is_found_again_by_two_codes,
    a_token_of_another_make_proves_its_person,
    a_token_is_one_credential_at_a_time,
    of_many_who_claim_a_token_at_once_one_has_it,
    a_claim_that_is_sent_again_changes_nothing_and_with_another_serial_frees_the_first,
    a_revoked_token_is_claimed_again_only_once_it_was_released_and_goes_on_counting,
    a_claim_that_never_came_to_be_frees_its_token,
    a_claim_that_is_given_up_before_it_counts_frees_its_token,
    the_token_of_a_forgotten_person_is_nobodys,
    a_seed_moved_to_another_serial_is_refused,
);

async fn stocked(home: &Home) -> Vault {
    let vault = home.open().await;
    let imported = vault.import_tokens(vec![token("A-1"), token("A-2")], at(0)).await.unwrap();
    assert_eq!(imported, [ImportedToken::New, ImportedToken::New]);
    vault
}

async fn claimed(vault: &Vault, number: u128, serial: &str) {
    assert_eq!(vault.claim_token(credential(number), person(number), serial, at(0)).await.unwrap(), Claim::Stored);
    assert!(vault.activate(credential(number)).await.unwrap());
}

async fn standing(vault: &Vault, serial: &str) -> TokenStanding {
    vault.token_inventory("", None, 100).await.unwrap().into_iter().find(|token| token.serial == serial).unwrap().standing
}

async fn of_each_imported_token_it_is_said_what_became_of_it(home: &Home) {
    let vault = stocked(home).await;
    use ImportedToken::{Differs, Impossible, New, Same};
    let other_seed = InventoryToken { seed: Zeroizing::new(vec![7; 20]), ..token("A-1") };
    let other_make = InventoryToken { digits: OtpDigits::Eight, ..token("A-1") };
    let short = InventoryToken { seed: Zeroizing::new(vec![7; 15]), ..token("A-4") };
    let still = InventoryToken { algorithm: OtpAlgorithm::Totp { period: 0 }, ..token("A-5") };
    let advanced = InventoryToken { counter: 9, ..token("a-2") };
    let tokens = vec![other_seed, token("A-3"), advanced, other_make, short, still, token("Ä"), token(""), token(&"9".repeat(41))];
    let expected = [Differs, New, Same, Differs, Impossible, Impossible, Impossible, Impossible, Impossible];
    assert_eq!(vault.compare_tokens(&tokens).await.unwrap(), expected, "and nothing was changed by looking");
    assert_eq!(vault.import_tokens(tokens, at(1)).await.unwrap(), expected);
    assert_eq!(vault.token_inventory("", None, 100).await.unwrap().len(), 3);
}

async fn the_inventory_is_listed_without_seeds(home: &Home) {
    let vault = stocked(home).await;
    claimed(&vault, 1, "A-2").await;
    let listed = vault.token_inventory("", None, 100).await.unwrap();
    let found: Vec<_> = listed.iter().map(|token| (token.serial.as_str(), token.algorithm, token.digits, token.standing)).collect();
    let expected = [
        ("A-1", OtpAlgorithm::Hotp, OtpDigits::Six, TokenStanding::Available),
        ("A-2", OtpAlgorithm::Hotp, OtpDigits::Six, TokenStanding::Taken(credential(1))),
    ];
    assert_eq!(found, expected);
    assert_eq!(listed[0].hash, OtpHash::Sha1);
    let serials = async |after: &str, only, most| {
        let page = vault.token_inventory(after, only, most).await.unwrap();
        page.into_iter().map(|token| token.serial).collect::<Vec<_>>()
    };
    assert_eq!((serials("", None, 1).await, serials("a-1", None, 9).await), (vec!["A-1".to_owned()], vec!["A-2".to_owned()]));
    assert_eq!(serials("", Some(Standing::Taken), 9).await, ["A-2"]);
    assert_eq!(serials("", Some(Standing::Withdrawn), 9).await, Vec::<String>::new());
    assert_eq!(vault.inventory_token(" a-2").await.unwrap().unwrap(), listed[1]);
    assert!(vault.inventory_token("A-9").await.unwrap().is_none());
}

#[test]
fn a_seed_is_read_in_hexadecimal_digits_and_in_base_32() {
    let seed = b"12345678901234567890";
    for text in ["3132333435363738393031323334353637383930", "31323334 35363738 39303132 33343536 37383930"] {
        assert_eq!(InventoryToken::seed_of_hex(text).unwrap().as_slice(), seed);
    }
    for text in ["GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", "gezd gnbv gy3t qojq gezd gnbv gy3t qojq", "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ===="] {
        assert_eq!(InventoryToken::seed_of_base32(text).unwrap().as_slice(), seed);
    }
    for text in ["313", "3G", "Ａ1"] {
        assert!(InventoryToken::seed_of_hex(text).is_none(), "{text}");
    }
    for text in ["1", "A8", "Ä", "GEZDGNBV!"] {
        assert!(InventoryToken::seed_of_base32(text).is_none(), "{text}");
    }
}

async fn a_token_is_claimed_by_its_serial_and_proves_its_person(home: &Home) {
    let vault = stocked(home).await;
    assert_eq!(vault.claim_token(credential(1), person(1), "A-9", at(0)).await.unwrap(), Claim::NoSuchToken);
    assert_eq!(vault.claim_token(credential(1), person(1), "' OR 1", at(0)).await.unwrap(), Claim::NoSuchToken);
    assert_eq!(vault.claim_token(credential(1), person(1), " a-1 ", at(0)).await.unwrap(), Claim::Stored);
    assert_eq!(vault.prove(credential(1), CODES[0], at(0)).await.unwrap(), Verification::Unknown);
    assert_eq!(vault.prove_pending(credential(1), CODES[0], at(0)).await.unwrap(), Verification::Ok);
    assert!(vault.activate(credential(1)).await.unwrap());
    assert_eq!(vault.prove(credential(1), CODES[0], at(1)).await.unwrap(), Verification::Wrong { attempts_left: 4 });
    assert_eq!(vault.prove(credential(1), CODES[1], at(1)).await.unwrap(), Verification::Ok);
}

async fn a_token_may_be_ten_codes_ahead_and_none_is_accepted_twice(home: &Home) {
    let vault = stocked(home).await;
    claimed(&vault, 1, "A-1").await;
    assert_eq!(vault.prove(credential(1), CODES[9], at(0)).await.unwrap(), Verification::Ok);
    assert_eq!(vault.prove(credential(1), CODES[9], at(0)).await.unwrap(), Verification::Wrong { attempts_left: 4 });
    assert_eq!(home.open().await.prove(credential(1), CODES[4], at(0)).await.unwrap(), Verification::Wrong { attempts_left: 3 });
}

async fn a_token_that_is_far_ahead_is_found_again_by_two_codes(home: &Home) {
    let vault = stocked(home).await;
    let device = totp_rs::Builder::new().with_step_duration(1).with_secret(token("A-1").seed.to_vec()).build().unwrap();
    let code = |counter| device.generate(counter).to_string();
    assert_eq!(vault.claim_token(credential(1), person(1), "A-1", at(0)).await.unwrap(), Claim::Stored);
    assert_eq!(vault.prove_pending(credential(1), &code(40), at(0)).await.unwrap(), Verification::Wrong { attempts_left: 4 });
    assert_eq!(vault.resynchronize(credential(1), [&code(40), &code(42)], at(0)).await.unwrap(), Verification::Wrong { attempts_left: 3 });
    assert_eq!(vault.resynchronize(credential(1), [&code(40), &code(41)], at(0)).await.unwrap(), Verification::Ok);
    assert_eq!(vault.prove(credential(1), &code(42), at(0)).await.unwrap(), Verification::Unknown, "it is pending still");
    vault.activate(credential(1)).await.unwrap();
    assert_eq!(vault.prove(credential(1), &code(41), at(0)).await.unwrap(), Verification::Wrong { attempts_left: 2 });
    assert_eq!(vault.resynchronize(credential(1), [&code(140), &code(141)], at(0)).await.unwrap(), Verification::Ok);
    assert_eq!(
        vault.resynchronize(credential(1), [&code(140), &code(141)], at(0)).await.unwrap(),
        Verification::Wrong { attempts_left: 1 }
    );
    assert_eq!(vault.prove(credential(1), &code(142), at(0)).await.unwrap(), Verification::Ok);
    assert_eq!(vault.resynchronize(credential(2), [&code(1), &code(2)], at(0)).await.unwrap(), Verification::Unknown);
}

async fn a_token_of_another_make_proves_its_person(home: &Home) {
    let vault = home.open().await;
    let seed = Zeroizing::new(b"12345678901234567890123456789012".to_vec());
    let algorithm = OtpAlgorithm::Totp { period: 60 };
    let made = InventoryToken { algorithm, digits: OtpDigits::Eight, hash: OtpHash::Sha256, seed: seed.clone(), ..token("T-1") };
    vault.import_tokens(vec![made], at(0)).await.unwrap();
    claimed(&vault, 1, "T-1").await;
    let builder = totp_rs::Builder::new().with_algorithm(totp_rs::Algorithm::SHA256).with_digits(8).with_step_duration(60);
    let device = builder.with_secret(seed.to_vec()).build().unwrap();
    let code = device.generate(u64::try_from(at(0).as_second()).unwrap()).to_string();
    assert_eq!(vault.prove(credential(1), &code, at(61)).await.unwrap(), Verification::Ok, "its clock is behind");
    assert_eq!(vault.prove(credential(1), &code, at(62)).await.unwrap(), Verification::Wrong { attempts_left: 4 });
}

async fn a_token_is_one_credential_at_a_time(home: &Home) {
    let vault = stocked(home).await;
    claimed(&vault, 1, "A-1").await;
    assert_eq!(vault.claim_token(credential(2), person(2), "A-1", at(1)).await.unwrap(), Claim::Taken);
    assert_eq!(vault.claim_token(credential(1), person(1), "A-2", at(1)).await.unwrap(), Claim::Kept, "it is active");
    assert_eq!(standing(&vault, "A-1").await, TokenStanding::Taken(credential(1)));
    assert_eq!(standing(&vault, "A-2").await, TokenStanding::Available);
    assert!(!vault.release_token("A-1").await.unwrap());
}

async fn of_many_who_claim_a_token_at_once_one_has_it(home: &Home) {
    let vaults = [stocked(home).await, home.open().await];
    let claims: Vec<_> = (0..8_usize)
        .map(|number| {
            let (vault, id) = (vaults[number % 2].clone(), u128::try_from(number).unwrap());
            tokio::spawn(async move { vault.claim_token(credential(id), person(id), "A-1", at(0)).await.unwrap() })
        })
        .collect();
    let mut outcomes = Vec::new();
    for claim in claims {
        outcomes.push(claim.await.unwrap());
    }
    let with = |outcome| outcomes.iter().filter(|found| **found == outcome).count();
    assert_eq!((with(Claim::Stored), with(Claim::Taken)), (1, 7));
    assert_eq!(vaults[0].pending(at(1)).await.unwrap().len(), 1);
}

async fn a_claim_that_is_sent_again_changes_nothing_and_with_another_serial_frees_the_first(home: &Home) {
    let vault = stocked(home).await;
    for _ in 0..2 {
        assert_eq!(vault.claim_token(credential(1), person(1), "A-1", at(0)).await.unwrap(), Claim::Stored);
    }
    assert_eq!(vault.claim_token(credential(1), person(1), "A-2", at(0)).await.unwrap(), Claim::Stored);
    assert_eq!(standing(&vault, "A-1").await, TokenStanding::Available);
    assert_eq!(standing(&vault, "A-2").await, TokenStanding::Taken(credential(1)));
}

async fn a_revoked_token_is_claimed_again_only_once_it_was_released_and_goes_on_counting(home: &Home) {
    let vault = stocked(home).await;
    claimed(&vault, 1, "A-1").await;
    assert_eq!(vault.prove(credential(1), CODES[3], at(0)).await.unwrap(), Verification::Ok);
    vault.revoke(credential(1)).await.unwrap();
    assert_eq!(standing(&vault, "A-1").await, TokenStanding::Withdrawn);
    assert_eq!(vault.claim_token(credential(2), person(2), "A-1", at(1)).await.unwrap(), Claim::Taken);
    assert_eq!(vault.import_tokens(vec![token("A-1")], at(1)).await.unwrap(), [ImportedToken::Same]);
    assert_eq!(vault.claim_token(credential(2), person(2), "A-1", at(1)).await.unwrap(), Claim::Taken);
    assert!(vault.release_token("a-1").await.unwrap());
    assert!(!vault.release_token("A-1").await.unwrap());
    claimed(&vault, 2, "A-1").await;
    assert_eq!(vault.prove(credential(2), CODES[3], at(2)).await.unwrap(), Verification::Wrong { attempts_left: 4 });
    assert_eq!(vault.prove(credential(2), CODES[4], at(2)).await.unwrap(), Verification::Ok);
}

async fn a_claim_that_never_came_to_be_frees_its_token(home: &Home) {
    let vault = stocked(home).await;
    assert_eq!(vault.claim_token(credential(1), person(1), "A-1", at(0)).await.unwrap(), Claim::Stored);
    assert_eq!(vault.sweep(vec![credential(1)], at(1)).await.unwrap(), 1);
    assert_eq!(standing(&vault, "A-1").await, TokenStanding::Available);
    claimed(&vault, 2, "A-1").await;
}

async fn a_claim_that_is_given_up_before_it_counts_frees_its_token(home: &Home) {
    let vault = stocked(home).await;
    assert_eq!(vault.claim_token(credential(1), person(1), "A-1", at(0)).await.unwrap(), Claim::Stored);
    assert_eq!(vault.prove_pending(credential(1), CODES[3], at(0)).await.unwrap(), Verification::Ok);
    for _ in 0..2 {
        vault.revoke(credential(1)).await.unwrap();
        assert_eq!(standing(&vault, "A-1").await, TokenStanding::Available);
    }
    claimed(&vault, 2, "A-1").await;
    assert_eq!(vault.prove(credential(2), CODES[3], at(1)).await.unwrap(), Verification::Wrong { attempts_left: 4 }, "it goes on counting");
    vault.revoke(credential(1)).await.unwrap();
    assert_eq!(standing(&vault, "A-1").await, TokenStanding::Taken(credential(2)));
}

async fn the_token_of_a_forgotten_person_is_nobodys(home: &Home) {
    let vault = stocked(home).await;
    claimed(&vault, 1, "A-1").await;
    assert_eq!(vault.prove(credential(1), CODES[3], at(0)).await.unwrap(), Verification::Ok);
    vault.purge_person(person(1)).await.unwrap();
    assert_eq!(standing(&vault, "A-1").await, TokenStanding::Withdrawn);
    assert!(vault.release_token("A-1").await.unwrap());
    claimed(&vault, 2, "A-1").await;
    assert_eq!(vault.prove(credential(2), CODES[3], at(2)).await.unwrap(), Verification::Wrong { attempts_left: 4 });
}

async fn a_seed_moved_to_another_serial_is_refused(home: &Home) {
    let vault = stocked(home).await;
    home.sql("UPDATE inventory SET generator = (SELECT other.generator FROM inventory AS other WHERE other.serial <> inventory.serial)");
    let claimed = vault.claim_token(credential(1), person(1), "A-1", at(0)).await;
    assert!(matches!(claimed, Err(VaultError::DamagedRow { table: "inventory" })));
}
