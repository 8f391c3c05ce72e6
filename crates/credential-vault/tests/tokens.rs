//! API tokens, as the rest of Gatehouse sees them.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "the helpers of tests fail the test")]

mod common;

use common::{Folder, Home, at, partner, reviewer, wherever_it_is_kept};

wherever_it_is_kept!(
    a_token_stands_for_its_holder_until_it_is_revoked,
    another_text_is_nobody,
    tokens_are_listed_oldest_first_with_those_that_ended,
);

async fn a_token_stands_for_its_holder_until_it_is_revoked(home: &Home) {
    let vault = home.open().await;
    let issued = vault.issue_token(reviewer(), at(0)).await.unwrap();
    assert!(issued.secret.starts_with("gh_"));
    let found = vault.authenticate_token(&issued.secret, at(1)).await.unwrap().unwrap();
    assert_eq!(found.holder, reviewer().holder);
    assert_eq!(found, issued.token);

    assert!(vault.revoke_token(issued.token.id, at(2)).await.unwrap());
    assert!(!vault.revoke_token(issued.token.id, at(3)).await.unwrap());
    assert!(vault.authenticate_token(&issued.secret, at(2)).await.unwrap().is_none());
    assert_eq!(vault.list_tokens().await.unwrap()[0].revoked_at, Some(at(2)));
    assert!(home.open().await.authenticate_token(&issued.secret, at(2)).await.unwrap().is_none());
}

async fn another_text_is_nobody(home: &Home) {
    let vault = home.open().await;
    let issued = vault.issue_token(reviewer(), at(0)).await.unwrap();
    let other_vault = Folder::new().open();
    let foreign = other_vault.issue_token(reviewer(), at(0)).await.unwrap();
    for text in ["", "gh_", &issued.secret[..44], &format!("{} ", *issued.secret), &issued.secret.to_lowercase(), &*foreign.secret] {
        assert!(vault.authenticate_token(text, at(1)).await.unwrap().is_none(), "{text}");
    }
}

async fn tokens_are_listed_oldest_first_with_those_that_ended(home: &Home) {
    let vault = home.open().await;
    let first = vault.issue_token(reviewer(), at(0)).await.unwrap();
    let second = vault.issue_token(partner(), at(1)).await.unwrap();
    vault.revoke_token(first.token.id, at(2)).await.unwrap();
    let listed = vault.list_tokens().await.unwrap();
    assert_eq!(listed.iter().map(|token| token.id).collect::<Vec<_>>(), [first.token.id, second.token.id]);
    assert_eq!(listed[1], *second.token);
}
