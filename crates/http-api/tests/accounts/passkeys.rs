//! Passkeys over HTTP (J3): registered and shown with an authenticator that knows nothing of the service.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "the helpers of tests fail the test")]

use credential_vault::{PasskeyPut, RelyingParty};
use domain::credential::{Credential, CredentialCommand, CredentialKind};
use domain::testing::text as parsed;
use domain::user::{User, UserCommand};
use domain::{CredentialId, CredentialLabel, PersonId};
use serde_json::{Value, json};
use test_support::passkeys::Browser;

use crate::world::{Company, ONE_TIME_PASSWORD, PASSWORD, Reply, World};

const ORIGIN: &str = "https://gateway.example";

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_else(|| panic!("no {name} in {value:#}")).to_owned()
}

/// An administrator with an established account who needs no second factor.
async fn established(world: &World) -> (Company, String) {
    let company = world.company("Fastener Works").await;
    let token = world.first_login(&company.user_id, ONE_TIME_PASSWORD).await;
    (company, token)
}

async fn begin(world: &World, token: &str) -> Value {
    world.post("/v1/me/credentials/passkeys/options", token, json!({})).await.expect(200)
}

async fn register(world: &World, token: &str, id: &Value, passkey: &Value) -> Reply {
    world.post("/v1/me/credentials/passkeys", token, json!({ "id": id, "label": "Laptop", "passkey": passkey })).await
}

/// A browser whose passkey counts, its id, and the session's token from then on.
async fn registered(world: &World, token: &str) -> (Browser, String, String) {
    let mut browser = Browser::at(ORIGIN, None);
    let begun = begin(world, token).await;
    let made = browser.create(begun["options"].clone()).await;
    let done = register(world, token, &begun["id"], &made).await.expect(200);
    (browser, text(&begun, "id"), text(&done, "token"))
}

async fn half(world: &World, user_id: &str) -> String {
    let signed_in = world.post_public("/v1/sign-in", json!({ "user_id": user_id, "secret": PASSWORD })).await.expect(200);
    assert_eq!(signed_in["next"], "prove_second_factor");
    text(&signed_in, "token")
}

async fn asked(world: &World, token: &str) -> Value {
    world.post("/v1/sign-in/passkey/options", token, json!({})).await.expect(200)["options"].clone()
}

async fn show(world: &World, token: &str, passkey: &Value) -> Reply {
    world.post("/v1/sign-in/passkey", token, json!({ "passkey": passkey })).await
}

async fn credentials(world: &World, token: &str) -> Vec<(String, String, String)> {
    let listed = world.get("/v1/me/credentials", token).await.expect(200);
    listed["items"].as_array().unwrap().iter().map(|item| (text(item, "id"), text(item, "type"), text(item, "state"))).collect()
}

#[tokio::test]
async fn a_passkey_is_registered_and_shown_at_every_sign_in() {
    let world = World::new().await;
    let (company, token) = established(&world).await;
    let begun = begin(&world, &token).await;
    assert_eq!(begun["options"]["rp"]["id"], "gateway.example", "by the configured address");
    assert_eq!(begun["options"]["user"]["name"], company.user_id);
    assert_eq!(credentials(&world, &token).await, [], "nothing is registered before the browser has answered");

    let (mut browser, id, raised) = registered(&world, &token).await;
    world.get("/v1/home", &token).await.problem(401, "unauthenticated");
    assert_eq!(credentials(&world, &raised).await, [(id.clone(), "passkey".to_owned(), "active".to_owned())]);
    assert_eq!(world.get("/v1/me/credentials/next", &raised).await.expect(200)["next"], "make_recovery_codes");

    let half = half(&world, &company.user_id).await;
    world.get("/v1/home", &half).await.problem(403, "second-factor-not-shown");
    world.post("/v1/me/credentials/passkeys/options", &half, json!({})).await.problem(403, "second-factor-not-shown");
    let shown = browser.get(asked(&world, &half).await).await;
    let done = show(&world, &half, &shown).await.expect(200);
    assert!(done.get("next").is_none(), "{done:#}");
    let token = text(&done, "token");
    world.get("/v1/home", &token).await.expect(200);
    show(&world, &token, &shown).await.problem(410, "passkey-too-late");

    world.put(&format!("/v1/me/credentials/{id}/label"), &token, json!({ "label": "Work laptop" })).await.expect(200);
    world.post(&format!("/v1/me/credentials/{id}/revoke"), &token, json!({ "reason": "Sold it" })).await.expect(200);
    world.post("/v1/sign-in/passkey/options", &token, json!({})).await.problem(409, "no-passkey");
    let again = world.post_public("/v1/sign-in", json!({ "user_id": company.user_id, "secret": PASSWORD })).await.expect(200);
    assert!(again.get("next").is_none(), "nothing asks for it any more");
}

#[tokio::test]
async fn a_passkey_shown_once_more_opens_what_asks_for_one_shown_lately() {
    let world = World::new().await;
    let (_, token) = established(&world).await;
    let (mut browser, id, token) = registered(&world, &token).await;
    world.pass_minutes(16);
    let revoke = format!("/v1/me/credentials/{id}/revoke");
    world.post(&revoke, &token, json!({ "reason": "Sold it" })).await.problem(403, "prove-again");
    world.post("/v1/me/credentials/passkeys/options", &token, json!({})).await.problem(403, "prove-again");
    let shown = browser.get(asked(&world, &token).await).await;
    let token = text(&show(&world, &token, &shown).await.expect(200), "token");
    world.post(&revoke, &token, json!({ "reason": "Sold it" })).await.expect(200);
}

#[tokio::test]
async fn an_answer_that_is_late_wrong_somebody_elses_or_from_another_page_is_refused() {
    let world = World::new().await;
    let (company, token) = established(&world).await;
    let begun = begin(&world, &token).await;
    let made = Browser::at(ORIGIN, None).create(begun["options"].clone()).await;
    // Nobody else can finish it, nor under another id.
    let (_, other) = world.user(&company, "Bela", vec![]).await;
    register(&world, &other, &begun["id"], &made).await.problem(410, "passkey-too-late");
    register(&world, &token, &json!(domain::testing::uuid(1)), &made).await.problem(410, "passkey-too-late");
    let begun = begin(&world, &token).await;
    world.pass_minutes(6);
    let late = Browser::at(ORIGIN, None).create(begun["options"].clone()).await;
    register(&world, &token, &begun["id"], &late).await.problem(410, "passkey-too-late");
    let begun = begin(&world, &token).await;
    register(&world, &token, &begun["id"], &json!({ "no": "answer" })).await.problem(422, "passkey-refused");
    let begun = begin(&world, &token).await;
    let mut phished = Browser::at("https://login.gateway.example", None);
    let made = phished.create(begun["options"].clone()).await;
    register(&world, &token, &begun["id"], &made).await.problem(422, "passkey-refused");
    let begun = begin(&world, &token).await;
    world.post("/v1/me/credentials/passkeys", &token, json!({ "id": begun["id"], "label": "", "passkey": {} })).await.expect(422);
    assert_eq!(credentials(&world, &token).await, []);

    let (browser, _, _) = registered(&world, &token).await;
    let (mut theirs, _, _) = registered(&world, &other).await;
    let half = half(&world, &company.user_id).await;
    let options = asked(&world, &half).await;
    let mut phished = Browser::at("https://login.gateway.example", Some(browser.passkey()));
    let shown = phished.get(options).await;
    show(&world, &half, &shown).await.problem(422, "passkey-refused");
    let mut options = asked(&world, &half).await;
    options["allowCredentials"] = json!([]);
    let shown = theirs.try_get(options).await;
    if let Ok(shown) = shown {
        show(&world, &half, &shown).await.problem(422, "passkey-refused");
    }
    // Wrong answers lock nothing.
    for _ in 0..6 {
        asked(&world, &half).await;
        show(&world, &half, &json!({})).await.problem(422, "passkey-refused");
    }
    let shown = Browser::at(ORIGIN, Some(browser.passkey())).get(asked(&world, &half).await).await;
    show(&world, &half, &shown).await.expect(200);
}

#[tokio::test]
async fn who_is_asked_for_a_second_factor_ends_first_time_login_with_a_passkey() {
    let world = World::new().await;
    let (company, token) = established(&world).await;
    let application = domain::ApplicationId(domain::testing::uuid(0xa9));
    world.did::<User>(company.administrator.0, UserCommand::AskSecondFactor { application }).await;
    world.get("/v1/home", &token).await.problem(403, "first-login-not-done");
    let (_, id, token) = registered(&world, &token).await;
    world.get("/v1/home", &token).await.expect(200);
    let revoke = format!("/v1/me/credentials/{id}/revoke");
    world.post(&revoke, &token, json!({ "reason": "Sold it" })).await.problem(409, "last-second-factor");
}

#[tokio::test]
async fn a_second_passkey_is_made_by_another_authenticator() {
    let world = World::new().await;
    let (company, token) = established(&world).await;
    let (mut browser, _, token) = registered(&world, &token).await;
    let options = begin(&world, &token).await["options"].clone();
    assert_eq!(options["excludeCredentials"].as_array().unwrap().len(), 1, "not by the one that made the first");
    let (mut other, _, _) = registered(&world, &token).await;
    for browser in [&mut browser, &mut other] {
        let half = half(&world, &company.user_id).await;
        let shown = browser.get(asked(&world, &half).await).await;
        show(&world, &half, &shown).await.expect(200);
    }
}

/// How far registering got before the process was killed: each includes those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum KilledAfter {
    VaultPending,
    Registered,
    VaultActive,
    Added,
}

async fn do_as_far_as(world: &World, stop: KilledAfter, person: PersonId, begun: &Value, made: &Value) -> CredentialId {
    let id = CredentialId(text(begun, "id").parse().unwrap());
    let (vault, party) = (&world.services.vault, RelyingParty::of_base_url(ORIGIN).unwrap());
    let put = vault.finish_passkey(&party, id, person, &made.to_string(), world.now()).await.unwrap();
    assert_eq!(put, PasskeyPut::Stored);
    if stop >= KilledAfter::Registered {
        let (kind, label) = (CredentialKind::Passkey, parsed(CredentialLabel::parse, "Laptop"));
        world.did::<Credential>(id.0, CredentialCommand::RegisterCredential { user: person, kind, label }).await;
    }
    if stop >= KilledAfter::VaultActive {
        assert!(vault.activate(id).await.unwrap());
    }
    if stop >= KilledAfter::Added {
        world.did::<User>(person.0, UserCommand::AddSecondFactor { credential: id }).await;
    }
    id
}

#[tokio::test]
async fn registering_that_was_killed_anywhere_is_sent_again_and_ends() {
    use KilledAfter::{Registered, VaultActive, VaultPending};
    for stop in [VaultPending, Registered, VaultActive] {
        let world = World::new().await;
        let (company, token) = established(&world).await;
        let begun = begin(&world, &token).await;
        let mut browser = Browser::at(ORIGIN, None);
        let made = browser.create(begun["options"].clone()).await;
        let id = do_as_far_as(&world, stop, company.administrator, &begun, &made).await;
        let shown: Vec<_> = credentials(&world, &token).await.into_iter().map(|(_, _, state)| state).collect();
        assert_eq!(shown, if stop == VaultPending { vec![] } else { vec!["pending".to_owned()] }, "{stop:?}");
        assert_eq!(world.get("/v1/me/credentials/next", &token).await.expect(200)["next"], "manage");
        world.post("/v1/sign-in/passkey/options", &token, json!({})).await.problem(409, "no-passkey");

        let done = register(&world, &token, &begun["id"], &made).await.expect(200);
        assert_eq!(credentials(&world, &text(&done, "token")).await, [(id.to_string(), "passkey".to_owned(), "active".to_owned())]);
        let half = half(&world, &company.user_id).await;
        let shown = browser.get(asked(&world, &half).await).await;
        show(&world, &half, &shown).await.expect(200);
    }
}

#[tokio::test]
async fn a_passkey_whose_registration_was_killed_at_its_last_step_is_made_whole_when_it_is_shown() {
    let world = World::new().await;
    let (company, token) = established(&world).await;
    let begun = begin(&world, &token).await;
    let mut browser = Browser::at(ORIGIN, None);
    let made = browser.create(begun["options"].clone()).await;
    let id = do_as_far_as(&world, KilledAfter::Added, company.administrator, &begun, &made).await;
    // It counts: so it is asked for.
    register(&world, &token, &begun["id"], &made).await.problem(403, "second-factor-not-shown");
    let half = half(&world, &company.user_id).await;
    let shown = browser.get(asked(&world, &half).await).await;
    show(&world, &half, &shown).await.expect(200);
    let is_active = world.services.handlers.inspect::<Credential, _>(id.0, |state, _| state.is_active()).await.unwrap();
    assert_eq!(is_active, Some(true), "whoever is told of new credentials is told of this one");
}

#[tokio::test]
async fn registering_that_was_killed_can_be_begun_anew_with_the_same_authenticator() {
    use KilledAfter::{Registered, VaultActive, VaultPending};
    for stop in [VaultPending, Registered, VaultActive] {
        let world = World::new().await;
        let (company, token) = established(&world).await;
        let begun = begin(&world, &token).await;
        let mut browser = Browser::at(ORIGIN, None);
        let made = browser.create(begun["options"].clone()).await;
        do_as_far_as(&world, stop, company.administrator, &begun, &made).await;
        let again = begin(&world, &token).await;
        let made_again = browser.create(again["options"].clone()).await;
        let done = register(&world, &token, &again["id"], &made_again).await.expect(200);
        let listed = credentials(&world, &text(&done, "token")).await;
        assert_eq!(listed, [(text(&again, "id"), "passkey".to_owned(), "active".to_owned())], "{stop:?}");
        // What was given up does not come back.
        register(&world, &text(&done, "token"), &begun["id"], &made).await.problem(410, "passkey-too-late");
    }
}
