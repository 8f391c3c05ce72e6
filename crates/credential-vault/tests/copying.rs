//! A vault moves from a file to PostgreSQL and back.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "the helpers of tests fail the test")]

mod common;

use common::{
    App, CODES, Folder, Home, SECRET, active_authenticator, active_one_time_password, at, credential, open_postgres, partner, person,
    reviewer, sign_in, token,
};
use credential_vault::{
    Claim, IssuedSession, IssuedToken, NamedBy, Put, RelyingParty, TokenStanding, Vault, VaultError, VaultKey, Verification,
};
use postgres_schema::{Contents, TablesError};
use test_support::servers::TestDatabase;
use uuid::Uuid;
use zeroize::Zeroizing;

/// How many rows [`populated`] makes.
const ROWS: u64 = 14;

struct Known {
    session: IssuedSession,
    ended: IssuedSession,
    token: IssuedToken,
    revoked: IssuedToken,
    app: Option<App>,
    codes: Vec<Zeroizing<String>>,
}

/// One of everything: a one-time password guessed wrong three times, pending ones, a revoked one, tokens, sessions.
async fn populated(vault: &Vault) -> Known {
    active_one_time_password(vault).await;
    for _ in 0..3 {
        assert!(matches!(vault.verify(credential(1), "wrong", at(1)).await.unwrap(), Verification::Wrong { .. }));
    }
    let case = NamedBy::Stream(Uuid::from_u128(77));
    vault.put_one_time_password(credential(2), person(2), case, SECRET, Some(at(500)), at(1)).await.unwrap();
    vault.put_password(credential(3), person(3), NamedBy::User(person(3)), SECRET, at(2)).await.unwrap();
    vault.revoke(credential(3)).await.unwrap();
    let known = Known {
        session: sign_in(vault, 1).await,
        ended: sign_in(vault, 1).await,
        token: vault.issue_token(partner(), at(0)).await.unwrap(),
        revoked: vault.issue_token(reviewer(), at(0)).await.unwrap(),
        app: None,
        codes: Vec::new(),
    };
    let app = active_authenticator(vault, 4, 4).await;
    assert_eq!(vault.prove(credential(4), &app.code(0), at(0)).await.unwrap(), Verification::Ok);
    assert_eq!(vault.prove(credential(4), &app.wrong(0), at(1)).await.unwrap(), Verification::Wrong { attempts_left: 4 });
    let codes = vault.put_recovery_codes(credential(5), person(4), at(0)).await.unwrap().unwrap();
    assert_eq!(vault.prove_pending(credential(5), &codes[0], at(1)).await.unwrap(), Verification::Ok);
    vault.activate(credential(5)).await.unwrap();
    vault.import_tokens(vec![token("A-1"), token("A-2")], at(0)).await.unwrap();
    assert_eq!(vault.claim_token(credential(6), person(4), "A-1", at(2)).await.unwrap(), Claim::Stored);
    vault.activate(credential(6)).await.unwrap();
    assert_eq!(vault.prove(credential(6), CODES[5], at(2)).await.unwrap(), Verification::Ok);
    let party = RelyingParty::of_base_url("https://gatehouse.example").unwrap();
    vault.begin_passkey(&party, credential(7), person(4), "ada.l", "Ada", at(0)).await.unwrap();
    let known = Known { app: Some(app), codes, ..known };
    vault.end_session(known.ended.session.id).await.unwrap();
    vault.revoke_token(known.revoked.token.id, at(5)).await.unwrap();
    known
}

async fn assert_knows_all(vault: &Vault, known: &Known) {
    assert_eq!(vault.find_session(&known.session.secret, at(10)).await.unwrap(), Some(known.session.session.clone()));
    assert!(vault.find_session(&known.ended.secret, at(10)).await.unwrap().is_none());
    assert!(vault.authenticate_token(&known.token.secret, at(10)).await.unwrap().is_some());
    assert!(vault.authenticate_token(&known.revoked.secret, at(10)).await.unwrap().is_none());
    assert_eq!(vault.list_tokens().await.unwrap().len(), 2);
    let pending = vault.pending(at(50)).await.unwrap();
    assert_eq!(pending.iter().map(|pending| pending.id).collect::<Vec<_>>(), [credential(2)]);
    assert_eq!(vault.put_password(credential(3), person(3), NamedBy::User(person(3)), SECRET, at(6)).await.unwrap(), Put::Kept);
    assert_eq!(vault.verify(credential(1), "wrong", at(10)).await.unwrap(), Verification::Wrong { attempts_left: 1 });
    let app = known.app.as_ref().unwrap();
    assert_eq!(vault.prove(credential(4), &app.code(0), at(10)).await.unwrap(), Verification::Wrong { attempts_left: 3 }, "it was used");
    assert_eq!(vault.prove(credential(4), &app.code(40), at(40)).await.unwrap(), Verification::Ok);
    assert_eq!(vault.prove(credential(5), &known.codes[0], at(40)).await.unwrap(), Verification::Wrong { attempts_left: 2 }, "it was used");
    assert_eq!(vault.prove(credential(5), &known.codes[1], at(40)).await.unwrap(), Verification::Ok);
    assert_eq!(vault.prove(credential(6), CODES[5], at(40)).await.unwrap(), Verification::Wrong { attempts_left: 1 }, "it was used");
    assert_eq!(vault.prove(credential(6), CODES[6], at(40)).await.unwrap(), Verification::Ok);
    let standings: Vec<_> = vault.token_inventory("", None, 100).await.unwrap().into_iter().map(|token| token.standing).collect();
    assert_eq!(standings, [TokenStanding::Taken(credential(6)), TokenStanding::Available]);
}

async fn copy(folder: &Folder, key: u8, database: &TestDatabase) -> Result<Contents, VaultError> {
    Vault::copy_to_postgres(&folder.path(), &VaultKey::new(&[key; 32]), &database.url().parse().unwrap()).await
}

fn is_refused_as_other_content(copied: &Result<Contents, VaultError>) -> bool {
    matches!(copied, Err(VaultError::Copy(TablesError::OtherContent { .. })))
}

#[tokio::test]
async fn a_vault_that_was_copied_knows_everything_and_goes_on() {
    let (folder, database) = (Folder::new(), TestDatabase::create());
    let known = populated(&folder.open()).await;
    let copied = copy(&folder, 7, &database).await.unwrap();
    assert_eq!((copied.rows, copied.digest.len()), (ROWS, 64));
    assert_eq!(copy(&folder, 7, &database).await.unwrap(), copied, "copied again, it is the same");
    let vault = open_postgres(&database.url(), 7).await.unwrap();
    assert_knows_all(&vault, &known).await;
    assert!(is_refused_as_other_content(&copy(&folder, 7, &database).await), "it has gone on");
}

#[tokio::test]
async fn a_vault_is_copied_under_its_own_key_and_into_an_empty_one_only() {
    let (folder, database) = (Folder::new(), TestDatabase::create());
    populated(&folder.open()).await;
    assert!(matches!(copy(&folder, 8, &database).await, Err(VaultError::MasterKeyWrong { .. })));
    let there = open_postgres(&database.url(), 7).await.unwrap();
    let session = sign_in(&there, 9).await;
    assert!(is_refused_as_other_content(&copy(&folder, 7, &database).await));
    assert!(there.find_session(&session.secret, at(1)).await.unwrap().is_some());
    there.end_session(session.session.id).await.unwrap();
    copy(&folder, 7, &database).await.unwrap();
}

#[tokio::test]
async fn a_vault_of_an_older_version_must_be_opened_before_it_is_copied() {
    let (folder, database) = (Folder::new(), TestDatabase::create());
    populated(&folder.open()).await;
    folder.downgrade();
    assert!(matches!(copy(&folder, 7, &database).await, Err(VaultError::OlderFormat { found: 1, .. })));
    drop(folder.open());
    copy(&folder, 7, &database).await.unwrap();
}

#[tokio::test]
async fn a_backup_of_a_vault_in_postgresql_is_restored_to_either_store() {
    let (home, second, backup) = (Home::in_postgres(), TestDatabase::create(), Folder::new());
    let vault = home.open().await;
    let known = populated(&vault).await;
    vault.backup_to(backup.path()).await.unwrap();
    assert_eq!(copy(&backup, 7, &second).await.unwrap().rows, ROWS);
    assert_knows_all(&open_postgres(&second.url(), 7).await.unwrap(), &known).await;
    assert_knows_all(&backup.open(), &known).await;
}

#[tokio::test]
async fn a_backup_that_fails_leaves_nothing_in_its_place() {
    let (home, target) = (Home::in_postgres(), Folder::new());
    let vault = home.open().await;
    home.sql("ALTER TABLE tokens RENAME TO away");
    assert!(matches!(vault.backup_to(target.path()).await, Err(VaultError::Copy(_))));
    home.sql("ALTER TABLE away RENAME TO tokens");
    vault.backup_to(target.path()).await.unwrap();
}
