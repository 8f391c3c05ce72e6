//! Measures the look-ups that every request makes, and a hashing: `cargo run --release -p credential-vault --example vault-speed
//! [FOLDER | postgres://…]`.
#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

use std::time::Instant;

use credential_vault::{
    Assurance, Holder, NamedBy, NewSessionOf, OpenedBy, SessionHolder, SessionLifetime, TokenRequest, Vault, VaultKey, Verification,
    strength,
};
use domain::{CredentialId, OrganizationId, PersonId};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

/// Seconds that this thread has had a processor: on a busy machine the wall clock says little.
fn on_cpu() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    text.split(' ').next().unwrap().parse::<f64>().unwrap() / 1e9
}

fn show(what: &str, count: u32, start: Instant, cpu: f64) {
    let (seconds, on_cpu, count) = (start.elapsed().as_secs_f64(), on_cpu() - cpu, f64::from(count));
    println!(
        "{what:<44} {:>10.0} /s  {:>9.2} µs each, {:>7.2} on this thread",
        count / seconds,
        seconds * 1e6 / count,
        on_cpu * 1e6 / count
    );
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(measure());
}

async fn measure() {
    let place = std::env::args().nth(1).unwrap_or_else(|| ".".to_owned());
    let folder = tempfile::tempdir_in(if place.starts_with("postgres://") { "." } else { &place }).unwrap();
    let key = VaultKey::new(&[7; 32]);
    let vault = if place.starts_with("postgres://") {
        Vault::open_postgres(&place.parse().unwrap(), key).await.unwrap()
    } else {
        Vault::open(&folder.path().join(Vault::FILE_NAME), key).unwrap()
    };
    let mut now: Timestamp = "2026-03-02T09:00:00Z".parse().unwrap();

    let mut tokens = Vec::new();
    for number in 0..100 {
        let holder = Holder::Service { name: format!("service {number}") };
        let request = TokenRequest { name: format!("token {number}"), holder, scopes: Vec::new(), expires_at: None };
        tokens.push(vault.issue_token(request, now).await.unwrap().secret);
    }
    let (start, cpu) = (Instant::now(), on_cpu());
    for number in 0..500_000 {
        now += SignedDuration::from_micros(20);
        assert!(vault.authenticate_token(&tokens[number % tokens.len()], now).await.unwrap().is_some());
    }
    show("authenticate a token", 500_000, start, cpu);

    let (person, organization) = (PersonId(Uuid::from_u128(1)), OrganizationId(Uuid::from_u128(2)));
    let holder = SessionHolder::User { organization };
    let (assurance, label) = (Assurance::OneFactor, "Firefox on Linux".to_owned());
    let new =
        NewSessionOf { person, holder, opened_by: OpenedBy::Provider, assurance, proved_at: None, lifetime: SessionLifetime::USERS, label };
    let mut sessions = Vec::new();
    let (start, cpu) = (Instant::now(), on_cpu());
    for _ in 0..500 {
        sessions.push(vault.create_session(new.clone(), now).await.unwrap().secret);
    }
    show("create a session", 500, start, cpu);
    let (start, cpu) = (Instant::now(), on_cpu());
    for number in 0..500_000 {
        now += SignedDuration::from_micros(20);
        assert!(vault.find_session(&sessions[number % sessions.len()], now).await.unwrap().is_some());
    }
    show("find a session", 500_000, start, cpu);

    let (id, secret) = (CredentialId(Uuid::from_u128(3)), "kettle mural osprey tundra");
    vault.put_password(id, person, NamedBy::User(person), secret, now).await.unwrap();
    vault.activate(id).await.unwrap();
    let (start, cpu) = (Instant::now(), on_cpu());
    for _ in 0..30 {
        assert_eq!(vault.verify(id, secret, now).await.unwrap(), Verification::Ok);
    }
    show("verify a password (19 MiB, 2 passes)", 30, start, cpu);
    let (start, cpu) = (Instant::now(), on_cpu());
    for _ in 0..200 {
        assert!(strength::check(secret, &["Acme Aerospace", "Rosalind"]).is_ok());
    }
    show("check the strength of a password", 200, start, cpu);
}
