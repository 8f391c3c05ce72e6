//! Errands, as the rest of Gatehouse sees them.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "the helpers of tests fail the test")]

mod common;

use common::{Home, at, wherever_it_is_kept};

wherever_it_is_kept!(
    who_comes_back_with_the_text_finds_what_was_kept_once,
    of_two_who_come_back_at_once_one_finds_it,
    who_stays_away_for_ten_minutes_finds_nothing,
);

async fn who_comes_back_with_the_text_finds_what_was_kept_once(home: &Home) {
    let vault = home.open().await;
    let (text, other) = (vault.begin_errand(b"one", at(0)).await.unwrap(), vault.begin_errand(b"two", at(0)).await.unwrap());
    assert!(text.starts_with("ge_") && text.len() == 45, "{}", text.len());
    assert!(vault.take_errand("ge_nothing", at(1)).await.unwrap().is_none());
    drop(vault);
    let vault = home.open().await;
    assert_eq!(vault.take_errand(&text, at(1)).await.unwrap().unwrap().as_slice(), b"one");
    assert!(vault.take_errand(&text, at(1)).await.unwrap().is_none());
    assert_eq!(vault.take_errand(&other, at(1)).await.unwrap().unwrap().as_slice(), b"two");
}

async fn of_two_who_come_back_at_once_one_finds_it(home: &Home) {
    let vault = home.open().await;
    let text = vault.begin_errand(b"one", at(0)).await.unwrap();
    let (first, second) = tokio::join!(vault.take_errand(&text, at(1)), vault.take_errand(&text, at(1)));
    assert!(first.unwrap().is_some() != second.unwrap().is_some());
}

async fn who_stays_away_for_ten_minutes_finds_nothing(home: &Home) {
    let vault = home.open().await;
    let text = vault.begin_errand(b"one", at(0)).await.unwrap();
    assert!(vault.take_errand(&text, at(600)).await.unwrap().is_none());
    let swept = vault.begin_errand(b"two", at(0)).await.unwrap();
    vault.sweep_sessions(at(601)).await.unwrap();
    assert!(vault.take_errand(&swept, at(1)).await.unwrap().is_none());
}
