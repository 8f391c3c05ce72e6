//! Passkeys, registered and proved with a software authenticator that knows nothing of this crate.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "the helpers of tests fail the test")]
#![allow(clippy::wildcard_enum_match_arm, reason = "any other answer fails the test")]

mod common;

use common::{Folder, Home, at, credential, person, wherever_it_is_kept};
use credential_vault::{
    CredentialKind, FactorState, NamedBy, PasskeyProof, PasskeyPut, PasskeyRefusal, RelyingParty, Vault, VaultError, Verification,
};
use serde_json::{Value, json};
use test_support::passkeys::Browser;

const ORIGIN: &str = "https://gatehouse.example";

wherever_it_is_kept!(
    a_passkey_is_registered_and_proves_its_person,
    a_passkey_counts_only_once_it_is_activated,
    an_answer_is_accepted_once,
    of_many_who_send_the_same_answer_at_once_one_is_believed,
    a_ceremony_is_over_after_five_minutes,
    a_second_ceremony_takes_the_place_of_the_first,
    an_answer_from_another_origin_does_not_hold,
    an_authenticator_that_did_not_verify_its_user_does_not_do,
    an_answer_that_was_changed_does_not_hold,
    a_passkey_proves_nobody_else,
    a_copy_of_a_passkey_is_noticed_by_its_count,
    a_passkey_is_registered_once,
    a_passkey_that_was_revoked_proves_nobody_and_may_be_registered_anew,
    a_registration_that_is_sent_again_is_answered_as_before,
    what_is_no_answer_is_refused,
    a_passkey_is_no_code,
    a_passkey_moved_to_another_persons_row_is_refused,
    of_a_forgotten_person_no_passkey_and_no_ceremony_is_left,
    a_backup_has_passkeys_and_ceremonies,
);

fn new_browser() -> Browser {
    Browser::at(ORIGIN, None)
}

fn party() -> RelyingParty {
    RelyingParty::of_base_url(ORIGIN).unwrap()
}

async fn begin(vault: &Vault, number: u128, of: u128, seconds: i64) -> Value {
    vault.begin_passkey(&party(), credential(number), person(of), "ada.l", "Ada Lovelace", at(seconds)).await.unwrap()
}

async fn finish(vault: &Vault, number: u128, of: u128, response: &(impl ToString + ?Sized), seconds: i64) -> PasskeyPut {
    vault.finish_passkey(&party(), credential(number), person(of), &response.to_string(), at(seconds)).await.unwrap()
}

async fn begin_proof(vault: &Vault, of: u128) -> Value {
    vault.begin_passkey_proof(&party(), person(of), at(10)).await.unwrap().unwrap()
}

async fn finish_proof(vault: &Vault, of: u128, response: &(impl ToString + ?Sized), seconds: i64) -> PasskeyProof {
    vault.finish_passkey_proof(&party(), person(of), &response.to_string(), at(seconds)).await.unwrap()
}

/// A browser whose passkey is active.
async fn registered(vault: &Vault, number: u128, of: u128) -> Browser {
    let mut browser = new_browser();
    let response = browser.create(begin(vault, number, of, 0).await).await;
    assert_eq!(finish(vault, number, of, &response, 1).await, PasskeyPut::Stored);
    assert!(vault.activate(credential(number)).await.unwrap());
    browser
}

fn does_not_hold(proof: &PasskeyProof) -> bool {
    matches!(proof, PasskeyProof::Refused(PasskeyRefusal::DoesNotHold { .. }))
}

async fn a_passkey_is_registered_and_proves_its_person(home: &Home) {
    let vault = home.open().await;
    let options = begin(&vault, 1, 1, 0).await;
    assert_eq!(options["rp"]["id"], "gatehouse.example");
    assert_eq!((&options["user"]["name"], &options["user"]["displayName"]), (&json!("ada.l"), &json!("Ada Lovelace")));
    assert_eq!(options["authenticatorSelection"]["userVerification"], "required");
    assert_ne!(options["extensions"]["enforceCredentialProtectionPolicy"], true, "browsers would refuse most authenticators");
    let mut browser = registered(&vault, 1, 1).await;
    let again = home.open().await;
    for seconds in [20, 30] {
        let options = begin_proof(&again, 1).await;
        assert_eq!((&options["userVerification"], options["allowCredentials"].as_array().unwrap().len()), (&json!("required"), 1));
        let response = browser.get(options).await;
        assert_eq!(finish_proof(&vault, 1, &response, seconds).await, PasskeyProof::Proved(credential(1)));
    }
    let factor = vault.factors_of(person(1)).await.unwrap()[0];
    assert_eq!((factor.kind, factor.state, factor.last_used_at), (CredentialKind::Passkey, FactorState::Active, Some(at(30))));
    assert!(vault.begin_passkey_proof(&party(), person(2), at(0)).await.unwrap().is_none(), "others have none");
}

async fn a_passkey_counts_only_once_it_is_activated(home: &Home) {
    let vault = home.open().await;
    let mut browser = new_browser();
    let response = browser.create(begin(&vault, 1, 1, 0).await).await;
    assert_eq!(finish(&vault, 1, 1, &response, 1).await, PasskeyPut::Stored);
    let pending = vault.pending(at(50)).await.unwrap();
    assert_eq!((pending.len(), pending[0].named_by), (1, NamedBy::Credential(credential(1))));
    assert!(vault.begin_passkey_proof(&party(), person(1), at(2)).await.unwrap().is_none());
    vault.activate(credential(1)).await.unwrap();
    let response = browser.get(begin_proof(&vault, 1).await).await;
    assert_eq!(finish_proof(&vault, 1, &response, 11).await, PasskeyProof::Proved(credential(1)));
}

async fn an_answer_is_accepted_once(home: &Home) {
    let vault = home.open().await;
    let mut browser = registered(&vault, 1, 1).await;
    let response = browser.get(begin_proof(&vault, 1).await).await;
    assert_eq!(finish_proof(&vault, 1, &response, 11).await, PasskeyProof::Proved(credential(1)));
    assert_eq!(finish_proof(&vault, 1, &response, 12).await, PasskeyProof::Refused(PasskeyRefusal::NoCeremony));
    begin_proof(&vault, 1).await;
    assert!(does_not_hold(&finish_proof(&vault, 1, &response, 13).await), "the challenge is another");
    assert_eq!(
        finish_proof(&vault, 1, &response, 14).await,
        PasskeyProof::Refused(PasskeyRefusal::NoCeremony),
        "a wrong answer ends it, too"
    );
}

async fn of_many_who_send_the_same_answer_at_once_one_is_believed(home: &Home) {
    let vaults = [home.open().await, home.open().await];
    let mut browser = registered(&vaults[0], 1, 1).await;
    let response = browser.get(begin_proof(&vaults[0], 1).await).await;
    let proofs: Vec<_> = (0..6)
        .map(|number| {
            let (vault, response) = (vaults[number % 2].clone(), response.clone());
            tokio::spawn(async move { finish_proof(&vault, 1, &response, 11).await })
        })
        .collect();
    let (mut proved, mut refused) = (0, 0);
    for proof in proofs {
        match proof.await.unwrap() {
            PasskeyProof::Proved(_) => proved += 1,
            PasskeyProof::Refused(refusal) => {
                assert_eq!(refusal, PasskeyRefusal::NoCeremony);
                refused += 1;
            }
        }
    }
    assert_eq!((proved, refused), (1, 5));
}

async fn a_ceremony_is_over_after_five_minutes(home: &Home) {
    let vault = home.open().await;
    let mut browser = new_browser();
    let late = browser.create(begin(&vault, 2, 2, 0).await).await;
    assert_eq!(finish(&vault, 2, 2, &late, 300).await, PasskeyPut::Refused(PasskeyRefusal::NoCeremony));
    let mut browser = registered(&vault, 1, 1).await;
    let response = browser.get(begin_proof(&vault, 1).await).await;
    assert_eq!(finish_proof(&vault, 1, &response, 310).await, PasskeyProof::Refused(PasskeyRefusal::NoCeremony));
    let response = browser.get(begin_proof(&vault, 1).await).await;
    vault.sweep_sessions(at(309)).await.unwrap();
    assert_eq!(finish_proof(&vault, 1, &response, 309).await, PasskeyProof::Proved(credential(1)));
    let response = browser.get(begin_proof(&vault, 1).await).await;
    vault.sweep_sessions(at(310)).await.unwrap();
    assert_eq!(finish_proof(&vault, 1, &response, 11).await, PasskeyProof::Refused(PasskeyRefusal::NoCeremony), "it was swept");
}

async fn a_second_ceremony_takes_the_place_of_the_first(home: &Home) {
    let vault = home.open().await;
    let mut browser = registered(&vault, 1, 1).await;
    let first = browser.get(begin_proof(&vault, 1).await).await;
    let second = browser.get(begin_proof(&vault, 1).await).await;
    // Registering is another purpose: it disturbs no proof.
    begin(&vault, 2, 1, 10).await;
    assert_eq!(finish_proof(&vault, 1, &second, 11).await, PasskeyProof::Proved(credential(1)));
    assert_eq!(finish_proof(&vault, 1, &first, 11).await, PasskeyProof::Refused(PasskeyRefusal::NoCeremony));
    let mut other = new_browser();
    let response = other.create(begin(&vault, 2, 1, 12).await).await;
    begin(&vault, 3, 1, 13).await;
    assert_eq!(finish(&vault, 2, 1, &response, 14).await, PasskeyPut::Refused(PasskeyRefusal::NoCeremony), "it was begun for another");
}

async fn an_answer_from_another_origin_does_not_hold(home: &Home) {
    let vault = home.open().await;
    let mut browser = registered(&vault, 1, 1).await;
    browser.origin = "https://phish.gatehouse.example".parse().unwrap();
    let response = browser.get(begin_proof(&vault, 1).await).await;
    assert!(does_not_hold(&finish_proof(&vault, 1, &response, 11).await));
    let mut phished = new_browser();
    phished.origin = browser.origin.clone();
    let response = phished.create(begin(&vault, 2, 2, 0).await).await;
    assert!(matches!(finish(&vault, 2, 2, &response, 1).await, PasskeyPut::Refused(PasskeyRefusal::DoesNotHold { .. })));
}

async fn an_authenticator_that_did_not_verify_its_user_does_not_do(home: &Home) {
    let vault = home.open().await;
    let browser = registered(&vault, 1, 1).await;
    let mut careless = Browser::careless(ORIGIN, Some(browser.passkey()));
    let mut options = begin_proof(&vault, 1).await;
    // The browser does not ask for it, as if somebody had tampered with the page.
    options["userVerification"] = json!("discouraged");
    let response = careless.get(options).await;
    assert!(does_not_hold(&finish_proof(&vault, 1, &response, 11).await));
    let mut options = begin(&vault, 2, 1, 12).await;
    options["authenticatorSelection"]["userVerification"] = json!("discouraged");
    options["excludeCredentials"] = json!([]);
    let response = Browser::careless(ORIGIN, None).create(options).await;
    assert!(matches!(finish(&vault, 2, 1, &response, 13).await, PasskeyPut::Refused(PasskeyRefusal::DoesNotHold { .. })));
}

async fn an_answer_that_was_changed_does_not_hold(home: &Home) {
    let vault = home.open().await;
    let mut browser = registered(&vault, 1, 1).await;
    let mut response = browser.get(begin_proof(&vault, 1).await).await;
    let data = response["response"]["authenticatorData"].as_str().unwrap();
    // The last character of the count, whose last two bits are no data.
    let last = if data.ends_with('A') { "E" } else { "A" };
    response["response"]["authenticatorData"] = json!(format!("{}{last}", &data[..data.len() - 1]));
    assert!(does_not_hold(&finish_proof(&vault, 1, &response.to_string(), 11).await));
}

async fn a_passkey_proves_nobody_else(home: &Home) {
    let vault = home.open().await;
    let mut mine = registered(&vault, 1, 1).await;
    let mut theirs = registered(&vault, 2, 2).await;
    let mine = mine.get(begin_proof(&vault, 1).await).await;
    begin_proof(&vault, 2).await;
    assert_eq!(finish_proof(&vault, 2, &mine, 11).await, PasskeyProof::Refused(PasskeyRefusal::NotTheirs));
    let options = begin_proof(&vault, 1).await;
    assert!(theirs.try_get(options).await.is_err(), "the authenticator has none of those");
}

async fn a_copy_of_a_passkey_is_noticed_by_its_count(home: &Home) {
    let vault = home.open().await;
    let mut browser = registered(&vault, 1, 1).await;
    let mut copy = Browser::at(ORIGIN, Some(browser.passkey()));
    for seconds in [11, 12] {
        let response = browser.get(begin_proof(&vault, 1).await).await;
        assert_eq!(finish_proof(&vault, 1, &response, seconds).await, PasskeyProof::Proved(credential(1)));
    }
    let response = copy.get(begin_proof(&vault, 1).await).await;
    assert!(does_not_hold(&finish_proof(&home.open().await, 1, &response, 13).await));
}

async fn a_passkey_is_registered_once(home: &Home) {
    let vault = home.open().await;
    let mut browser = registered(&vault, 1, 1).await;
    let options = begin(&vault, 2, 1, 10).await;
    assert_eq!(options["excludeCredentials"].as_array().unwrap().len(), 1, "the browser is told not to");
    // The same answer to the same ceremony twice, which only a copy of the ceremony allows.
    home.sql("DELETE FROM ceremonies");
    let response = browser.create(begin(&vault, 3, 3, 10).await).await;
    home.sql("CREATE TABLE kept AS SELECT * FROM ceremonies");
    assert_eq!(finish(&vault, 3, 3, &response, 11).await, PasskeyPut::Stored);
    home.sql("INSERT INTO ceremonies SELECT * FROM kept");
    assert_eq!(finish(&vault, 3, 3, &response, 12).await, PasskeyPut::Stored, "the same one again is the same");
    home.sql("INSERT INTO ceremonies SELECT * FROM kept");
    home.sql("UPDATE credentials SET id = person WHERE kind = 6 AND state = 0");
    assert_eq!(finish(&vault, 3, 3, &response, 13).await, PasskeyPut::Refused(PasskeyRefusal::NotTheirs));
}

async fn a_passkey_that_was_revoked_proves_nobody_and_may_be_registered_anew(home: &Home) {
    let vault = home.open().await;
    let mut browser = registered(&vault, 1, 1).await;
    let response = browser.get(begin_proof(&vault, 1).await).await;
    vault.revoke(credential(1)).await.unwrap();
    assert_eq!(finish_proof(&vault, 1, &response, 11).await, PasskeyProof::Refused(PasskeyRefusal::NotTheirs));
    assert!(vault.begin_passkey_proof(&party(), person(1), at(12)).await.unwrap().is_none());
    let options = begin(&vault, 1, 1, 12).await;
    let response = browser.create(options).await;
    assert_eq!(finish(&vault, 1, 1, &response, 13).await, PasskeyPut::Kept, "its id stays revoked");
    let response = browser.create(begin(&vault, 2, 1, 14).await).await;
    assert_eq!(finish(&vault, 2, 1, &response, 15).await, PasskeyPut::Stored);
}

async fn a_registration_that_is_sent_again_is_answered_as_before(home: &Home) {
    let vault = home.open().await;
    let mut browser = new_browser();
    let response = browser.create(begin(&vault, 1, 1, 0).await).await;
    for seconds in [1, 2] {
        assert_eq!(finish(&vault, 1, 1, &response, seconds).await, PasskeyPut::Stored);
    }
    vault.activate(credential(1)).await.unwrap();
    assert_eq!(finish(&vault, 1, 1, &response, 3).await, PasskeyPut::Kept);
    assert_eq!(finish(&vault, 1, 2, &response, 4).await, PasskeyPut::Refused(PasskeyRefusal::NoCeremony), "not to anybody else");
}

async fn what_is_no_answer_is_refused(home: &Home) {
    let vault = home.open().await;
    let _browser = registered(&vault, 1, 1).await;
    for response in ["", "{}", "null", "[1]", &"[".repeat(10_000), r#"{"id":"AA","rawId":"AA","response":{},"type":"public-key"}"#] {
        begin_proof(&vault, 1).await;
        assert!(matches!(finish_proof(&vault, 1, response, 11).await, PasskeyProof::Refused(PasskeyRefusal::Unreadable { .. })));
        begin(&vault, 2, 1, 10).await;
        assert!(matches!(finish(&vault, 2, 1, response, 11).await, PasskeyPut::Refused(PasskeyRefusal::Unreadable { .. })));
    }
    assert!(vault.begin_passkey(&party(), credential(3), person(1), "", "Ada", at(0)).await.is_err(), "no User ID");
    for display_name in ["", "\n", "Ada\u{202e}"] {
        assert!(vault.begin_passkey(&party(), credential(3), person(1), "ada.l", display_name, at(0)).await.is_ok());
    }
}

async fn a_passkey_is_no_code(home: &Home) {
    let vault = home.open().await;
    let _browser = registered(&vault, 1, 1).await;
    assert_eq!(vault.prove(credential(1), "000000", at(1)).await.unwrap(), Verification::Unknown);
    assert_eq!(vault.verify(credential(1), "000000", at(1)).await.unwrap(), Verification::Unknown);
}

async fn a_passkey_moved_to_another_persons_row_is_refused(home: &Home) {
    let vault = home.open().await;
    registered(&vault, 1, 1).await;
    let mut browser = registered(&vault, 2, 2).await;
    let response = browser.get(begin_proof(&vault, 2).await).await;
    // Person 1's passkey in the place of person 2's: of two rows, one's is another's.
    home.sql("UPDATE credentials SET verifier = (SELECT other.verifier FROM credentials AS other WHERE other.id <> credentials.id)");
    let proved = vault.finish_passkey_proof(&party(), person(2), &response.to_string(), at(11)).await;
    assert!(matches!(proved, Err(VaultError::Damaged(id)) if id == credential(2)));
    // A ceremony of one in the place of another's.
    home.sql("UPDATE credentials SET state = 2, verifier = NULL, mark = NULL");
    begin(&vault, 3, 3, 0).await;
    let victim = person(4).0.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let id = if matches!(home, Home::File(_)) { format!("x'{victim}01'") } else { format!("'\\x{victim}01'::bytea") };
    home.sql(&format!("UPDATE ceremonies SET id = {id}"));
    let finished = vault.finish_passkey(&party(), credential(3), person(4), &response.to_string(), at(1)).await;
    assert!(matches!(finished, Err(VaultError::DamagedRow { table: "ceremonies" })));
}

async fn of_a_forgotten_person_no_passkey_and_no_ceremony_is_left(home: &Home) {
    let vault = home.open().await;
    let mut browser = registered(&vault, 1, 1).await;
    let response = browser.get(begin_proof(&vault, 1).await).await;
    vault.purge_person(person(1)).await.unwrap();
    assert_eq!(vault.factors_of(person(1)).await.unwrap(), []);
    assert_eq!(finish_proof(&vault, 1, &response, 11).await, PasskeyProof::Refused(PasskeyRefusal::NoCeremony));
}

async fn a_backup_has_passkeys_and_ceremonies(home: &Home) {
    let vault = home.open().await;
    let mut browser = registered(&vault, 1, 1).await;
    let response = browser.get(begin_proof(&vault, 1).await).await;
    let backup = Folder::new();
    vault.backup_to(backup.path()).await.unwrap();
    let restored = backup.open();
    assert_eq!(finish_proof(&restored, 1, &response, 11).await, PasskeyProof::Proved(credential(1)));
    let response = browser.get(begin_proof(&restored, 1).await).await;
    assert_eq!(finish_proof(&restored, 1, &response, 12).await, PasskeyProof::Proved(credential(1)));
}

#[tokio::test]
async fn nothing_of_a_passkey_is_in_the_clear_in_the_files_and_the_count_outlives_a_power_cut() {
    let folder = Folder::new();
    let vault = folder.open();
    let options = begin(&vault, 1, 1, 0).await;
    let mut browser = new_browser();
    let response = browser.create(options.clone()).await;
    assert_eq!(finish(&vault, 1, 1, &response, 1).await, PasskeyPut::Stored);
    vault.activate(credential(1)).await.unwrap();
    let response = browser.get(begin_proof(&vault, 1).await).await;
    let authenticators_id = browser.passkey().credential_id.to_vec();
    assert!(!folder.holds(&authenticators_id) && !folder.holds(b"gatehouse.example") && !folder.holds(b"Lovelace"));
    assert!(folder.holds(credential(1).0.as_bytes()), "the search finds what is there");
    let mut copy = Browser::at(ORIGIN, Some(browser.passkey()));
    assert_eq!(finish_proof(&vault, 1, &response, 11).await, PasskeyProof::Proved(credential(1)));
    let response = browser.get(begin_proof(&vault, 1).await).await;
    assert_eq!(finish_proof(&vault, 1, &response, 12).await, PasskeyProof::Proved(credential(1)));
    let after = folder.image().open();
    let response = copy.get(begin_proof(&after, 1).await).await;
    assert!(does_not_hold(&finish_proof(&after, 1, &response, 13).await));
    vault.purge_person(person(1)).await.unwrap();
    assert!(!folder.holds(person(1).0.as_bytes()) && !folder.holds(credential(1).0.as_bytes()));
}
