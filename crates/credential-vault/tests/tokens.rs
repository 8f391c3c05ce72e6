//! API tokens, as the rest of Gatehouse sees them.

mod common;

use common::{Folder, at, organization};
use credential_vault::{Holder, TokenRequest};
use domain::{StaffId, StaffRole};
use sha2::{Digest, Sha256};
use uuid::Uuid;

fn reviewer() -> TokenRequest {
    let holder = Holder::Staff { staff: StaffId(Uuid::from_u128(5)), roles: vec![StaffRole::Reviewer, StaffRole::Auditor] };
    TokenRequest { name: "Rita's laptop".to_owned(), holder, scopes: Vec::new(), expires_at: None }
}

fn partner() -> TokenRequest {
    let holder = Holder::Partner { organization: organization(9) };
    TokenRequest { name: "ERP".to_owned(), holder, scopes: vec!["invite".to_owned()], expires_at: Some(at(100)) }
}

#[tokio::test]
async fn a_token_stands_for_its_holder_until_it_is_revoked() {
    let folder = Folder::new();
    let vault = folder.open();
    let issued = vault.issue_token(reviewer(), at(0)).await.unwrap();
    assert!(issued.secret.starts_with("gh_"));
    let found = vault.authenticate_token(&issued.secret, at(1)).unwrap();
    assert_eq!(found.holder, reviewer().holder);
    assert_eq!(found, issued.token);

    assert!(vault.revoke_token(issued.token.id, at(2)).await.unwrap());
    assert!(!vault.revoke_token(issued.token.id, at(3)).await.unwrap());
    assert!(vault.authenticate_token(&issued.secret, at(2)).is_none());
    assert_eq!(vault.list_tokens().await.unwrap()[0].revoked_at, Some(at(2)));
    assert!(folder.image().open().authenticate_token(&issued.secret, at(2)).is_none());
}

#[tokio::test]
async fn a_token_works_after_a_power_cut_and_ends_with_its_time() {
    let folder = Folder::new();
    let vault = folder.open();
    let issued = vault.issue_token(partner(), at(0)).await.unwrap();
    let after = folder.image().open();
    let found = after.authenticate_token(&issued.secret, at(99)).unwrap();
    assert_eq!((found.holder.clone(), found.scopes.clone()), (partner().holder, partner().scopes));
    assert!(after.authenticate_token(&issued.secret, at(100)).is_none());
}

#[tokio::test]
async fn another_text_is_nobody() {
    let folder = Folder::new();
    let vault = folder.open();
    let issued = vault.issue_token(reviewer(), at(0)).await.unwrap();
    let other_vault = Folder::new().open();
    let foreign = other_vault.issue_token(reviewer(), at(0)).await.unwrap();
    for text in ["", "gh_", &issued.secret[..44], &format!("{} ", *issued.secret), &issued.secret.to_lowercase(), &*foreign.secret] {
        assert!(vault.authenticate_token(text, at(1)).is_none(), "{text}");
    }
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
    assert!(serving.authenticate_token(&issued.secret, at(10)).is_some());
    command_line.revoke_token(issued.token.id, at(10)).await.unwrap();
    assert!(serving.authenticate_token(&issued.secret, at(11)).is_none());
}

#[tokio::test]
async fn tokens_are_listed_oldest_first_with_those_that_ended() {
    let folder = Folder::new();
    let vault = folder.open();
    let first = vault.issue_token(reviewer(), at(0)).await.unwrap();
    let second = vault.issue_token(partner(), at(1)).await.unwrap();
    vault.revoke_token(first.token.id, at(2)).await.unwrap();
    let listed = vault.list_tokens().await.unwrap();
    assert_eq!(listed.iter().map(|token| token.id).collect::<Vec<_>>(), [first.token.id, second.token.id]);
    assert_eq!(listed[1], *second.token);
}
