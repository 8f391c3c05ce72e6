//! Second factors over HTTP (J2, J3): registered, shown, replaced, lost.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "the helpers of tests fail the test")]

use credential_vault::Verification;
use domain::application::{AccessPolicy, CredentialStrength};
use domain::user::{User, UserCommand, UserRole};
use domain::{CredentialId, Owner};
use serde_json::{Value, json};
use totp_rs::{Builder, Secret};

use crate::world::{ANOTHER_ONE_TIME_PASSWORD, Company, ONE_TIME_PASSWORD, PASSWORD, World};

/// An authenticator app that was given this secret.
pub(crate) struct App(String);

impl App {
    /// Its code so many half minutes from now.
    fn code(&self, world: &World, later: i64) -> String {
        let secret = Secret::try_from_base32(&self.0).unwrap();
        let now = world.now().as_second() + 30 * later;
        Builder::new().with_secret(secret).build().unwrap().generate(u64::try_from(now).unwrap()).to_string()
    }
}

/// Registers an authenticator and shows that it works: the app, its id, and the session's token from then on.
pub(crate) async fn authenticator(world: &World, token: &str) -> (App, String, String) {
    let begun = world.post("/v1/me/credentials/authenticators", token, json!({ "label": "Phone" })).await.expect(201);
    let app = App(text(&begun, "secret"));
    assert!(text(&begun, "uri").starts_with("otpauth://totp/"), "{begun:#}");
    let id = text(&begun, "id");
    let confirmed = confirm(world, token, &id, &app.code(world, 0)).await.expect(200);
    (app, id, text(&confirmed, "token"))
}

async fn confirm(world: &World, token: &str, id: &str, code: &str) -> crate::world::Reply {
    world.post(&format!("/v1/me/credentials/{id}/confirm"), token, json!({ "code": code })).await
}

async fn prove(world: &World, token: &str, code: &str) -> crate::world::Reply {
    world.post("/v1/sign-in/second-factor", token, json!({ "code": code })).await
}

async fn signed_in(world: &World, user_id: &str, secret: &str) -> Value {
    world.post_public("/v1/sign-in", json!({ "user_id": user_id, "secret": secret })).await.expect(200)
}

fn text(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_else(|| panic!("no {name} in {value:#}")).to_owned()
}

/// A user of a new company who has an established account and needs no second factor.
async fn established(world: &World) -> (Company, String) {
    let company = world.company("Fastener Works").await;
    let token = world.first_login(&company.user_id, ONE_TIME_PASSWORD).await;
    (company, token)
}

#[tokio::test]
async fn whoever_has_a_second_factor_shows_it_at_every_sign_in_before_anything_else() {
    let world = World::new().await;
    let (company, token) = established(&world).await;
    let (app, _, raised) = authenticator(&world, &token).await;
    world.get("/v1/home", &token).await.problem(401, "unauthenticated");
    world.get("/v1/home", &raised).await.expect(200);

    let again = signed_in(&world, &company.user_id, PASSWORD).await;
    assert_eq!(again["next"], "prove_second_factor");
    let half = text(&again, "token");
    for path in ["/v1/home", "/v1/me", "/v1/users", "/v1/first-login/profile", "/v1/me/sessions"] {
        world.get(path, &half).await.problem(403, "second-factor-not-shown");
    }
    world.post("/v1/me/credentials/authenticators", &half, json!({ "label": "Mine" })).await.problem(403, "second-factor-not-shown");
    prove(&world, &half, &app.code(&world, 0)).await.problem(422, "code-refused");
    let proved = prove(&world, &half, &app.code(&world, 1)).await.expect(200);
    assert!(proved.get("next").is_none(), "{proved:#}");
    world.get("/v1/home", &text(&proved, "token")).await.expect(200);
    world.get("/v1/home", &half).await.problem(401, "unauthenticated");
}

#[tokio::test]
async fn first_time_login_ends_with_a_second_factor_where_an_application_needs_one() {
    let world = World::new().await;
    let company = world.company("Fastener Works").await;
    let needs = |details: &mut domain::application::ApplicationDetails| {
        details.credential_strength = CredentialStrength::OneTimePassword;
        details.access = AccessPolicy::Automatic;
    };
    let application = world.application("SFT", Owner::Operator, needs).await;
    // What the process manager asks when access is granted.
    world.did::<User>(company.administrator.0, UserCommand::AskSecondFactor { application }).await;
    let token = text(&signed_in(&world, &company.user_id, ONE_TIME_PASSWORD).await, "token");
    world.post("/v1/me/credentials/authenticators", &token, json!({ "label": "Phone" })).await.problem(409, "login-step-out-of-order");
    world.post("/v1/first-login/password", &token, json!({ "password": PASSWORD })).await.expect(200);
    let profile = world.get("/v1/first-login/profile", &token).await.expect(200);
    world.put("/v1/first-login/profile", &token, profile).await.expect(200);
    let accepted = world.post("/v1/first-login/terms", &token, json!({ "version": "2026-01" })).await.expect(200);
    assert_eq!(accepted, json!({ "next": "second_factor", "established": false }));
    world.get("/v1/home", &token).await.problem(403, "first-login-not-done");
    assert_eq!(world.get("/v1/me/credentials/next", &token).await.expect(200)["next"], "register_second_factor");

    // Interrupted, it goes on there.
    let again = signed_in(&world, &company.user_id, PASSWORD).await;
    assert_eq!(again["next"], "second_factor");
    let (_, id, token) = authenticator(&world, &text(&again, "token")).await;
    world.get("/v1/home", &token).await.expect(200);
    assert_eq!(world.get("/v1/me/credentials/next", &token).await.expect(200)["next"], "make_recovery_codes");
    let revoke = format!("/v1/me/credentials/{id}/revoke");
    world.post(&revoke, &token, json!({ "reason": "No more phone" })).await.problem(409, "last-second-factor");
}

#[tokio::test]
async fn a_credential_is_registered_renamed_replaced_and_revoked() {
    let world = World::new().await;
    let (_, token) = established(&world).await;
    let begun = world.post("/v1/me/credentials/authenticators", &token, json!({ "label": "Old phone" })).await.expect(201);
    let next = world.get("/v1/me/credentials/next", &token).await.expect(200);
    assert_eq!(next, json!({ "next": "confirm", "credential": begun["id"] }));
    // Begun anew, the one before is given up.
    let (_, id, token) = authenticator(&world, &token).await;
    let listed = world.get("/v1/me/credentials", &token).await.expect(200);
    let seen: Vec<_> = listed["items"].as_array().unwrap().iter().map(|item| (text(item, "id"), text(item, "state"))).collect();
    assert_eq!(seen, [(id.clone(), "active".to_owned())]);

    world.put(&format!("/v1/me/credentials/{id}/label"), &token, json!({ "label": "Work phone" })).await.expect(200);
    let (_, other, token) = authenticator(&world, &token).await;
    world.post(&format!("/v1/me/credentials/{id}/revoke"), &token, json!({ "reason": "Replaced" })).await.expect(200);
    let listed = world.get("/v1/me/credentials", &token).await.expect(200);
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    assert_eq!(listed["items"][0]["id"], other.as_str());
    world.put(&format!("/v1/me/credentials/{id}/label"), &token, json!({ "label": "Again" })).await.problem(410, "credential-revoked");
}

#[tokio::test]
async fn recovery_codes_stand_in_for_a_lost_phone_once_each() {
    let world = World::new().await;
    let (company, token) = established(&world).await;
    let (_, _, token) = authenticator(&world, &token).await;
    let made = world.post("/v1/me/credentials/recovery-codes", &token, json!({ "label": "In the safe" })).await.expect(201);
    let codes: Vec<_> = made["codes"].as_array().unwrap().iter().map(|code| code.as_str().unwrap().to_owned()).collect();
    assert_eq!(codes.len(), 10);

    let half = text(&signed_in(&world, &company.user_id, PASSWORD).await, "token");
    let token = text(&prove(&world, &half, &codes[3]).await.expect(200), "token");
    let half = text(&signed_in(&world, &company.user_id, PASSWORD).await, "token");
    prove(&world, &half, &codes[3]).await.problem(422, "code-refused");
    let listed = world.get("/v1/me/credentials", &token).await.expect(200);
    let set = listed["items"].as_array().unwrap().iter().find(|item| item["type"] == "recovery_codes").unwrap();
    assert_eq!(set["codes_left"], 9);

    // A new set ends the one before.
    world.post("/v1/me/credentials/recovery-codes", &token, json!({ "label": "In the safe" })).await.expect(201);
    prove(&world, &half, &codes[4]).await.problem(422, "code-refused");
}

#[tokio::test]
async fn five_wrong_codes_and_none_is_looked_at_for_a_while() {
    let world = World::new().await;
    let (company, token) = established(&world).await;
    let (app, _, _) = authenticator(&world, &token).await;
    let half = text(&signed_in(&world, &company.user_id, PASSWORD).await, "token");
    let right = app.code(&world, 1);
    let wrong = if right == "000000" { "000001" } else { "000000" };
    for _ in 0..5 {
        prove(&world, &half, wrong).await.problem(422, "code-refused");
    }
    prove(&world, &half, &right).await.problem(403, "too-many-codes");
}

#[tokio::test]
async fn an_administrator_helps_who_has_lost_password_and_second_factor() {
    let world = World::new().await;
    let (company, administrator) = established(&world).await;
    let (person, token) = world.user(&company, "Bela", vec![]).await;
    let user_id = text(&world.get("/v1/me", &token).await.expect(200), "user_id");
    authenticator(&world, &token).await;
    let at = |what: &str| format!("/v1/users/{person}/{what}");
    world.post(&at("one-time-password"), &administrator, json!({ "one_time_password": ANOTHER_ONE_TIME_PASSWORD })).await.expect(200);
    // A new one-time password is no way around the second factor.
    assert_eq!(signed_in(&world, &user_id, ANOTHER_ONE_TIME_PASSWORD).await["next"], "prove_second_factor");
    world.post(&at("reset-second-factors"), &administrator, json!({ "reason": "Lost the phone" })).await.expect(200);
    assert_eq!(signed_in(&world, &user_id, ANOTHER_ONE_TIME_PASSWORD).await["next"], "password");
}

#[tokio::test]
async fn somebody_elses_credential_and_session_are_as_if_they_were_not_there() {
    let world = World::new().await;
    let (company, token) = established(&world).await;
    let (_, id, token) = authenticator(&world, &token).await;
    let session = text(&world.get("/v1/me/sessions", &token).await.expect(200)["items"][0], "id");
    let (_, other) = world.user(&company, "Bela", vec![UserRole::OrganizationAdministrator]).await;
    world.put(&format!("/v1/me/credentials/{id}/label"), &other, json!({ "label": "Mine" })).await.problem(404, "not-found");
    world.post(&format!("/v1/me/credentials/{id}/revoke"), &other, json!({ "reason": "Mine" })).await.problem(404, "not-found");
    confirm(&world, &other, &id, "123456").await.problem(404, "not-found");
    world.delete(&format!("/v1/me/sessions/{session}"), &other).await.problem(404, "not-found");
    world.get("/v1/home", &token).await.expect(200);
}

#[tokio::test]
async fn sessions_are_seen_and_ended() {
    let world = World::new().await;
    let (company, here) = established(&world).await;
    let there = world.sign_in(&company.user_id, PASSWORD).await;
    let another = world.sign_in(&company.user_id, PASSWORD).await;
    let listed = world.get("/v1/me/sessions", &here).await.expect(200);
    let items = listed["items"].as_array().unwrap();
    assert_eq!(items.len(), 3);
    assert_eq!(items.iter().filter(|item| item["current"] == true).count(), 1);
    let mine = |token: &str| {
        let token = token.to_owned();
        let world = &world;
        async move { world.get("/v1/me/sessions", &token).await.expect(200) }
    };
    let there_id =
        mine(&there).await["items"].as_array().unwrap().iter().find(|item| item["current"] == true).map(|item| text(item, "id")).unwrap();
    world.delete(&format!("/v1/me/sessions/{there_id}"), &here).await.expect(204);
    world.get("/v1/home", &there).await.problem(401, "unauthenticated");
    world.post("/v1/me/sessions/end-others", &here, json!({})).await.expect(204);
    world.get("/v1/home", &another).await.problem(401, "unauthenticated");
    world.get("/v1/home", &here).await.expect(200);
}

/// What the vault has of somebody's credential: its id.
fn id_of(value: &Value) -> CredentialId {
    CredentialId(text(value, "id").parse().unwrap())
}

async fn listed(world: &World, token: &str) -> Vec<(String, String)> {
    let listed = world.get("/v1/me/credentials", token).await.expect(200);
    listed["items"].as_array().unwrap().iter().map(|item| (text(item, "id"), text(item, "state"))).collect()
}

#[tokio::test]
async fn a_second_factor_whose_confirmation_was_killed_before_the_log_heard_of_it_does_not_count_and_is_shown_so() {
    let world = World::new().await;
    let (company, token) = established(&world).await;
    let begun = world.post("/v1/me/credentials/authenticators", &token, json!({ "label": "Phone" })).await.expect(201);
    let (app, id) = (App(text(&begun, "secret")), text(&begun, "id"));
    // As far as the confirmation gets before the first event.
    let proved = world.services.vault.prove_pending(id_of(&begun), &app.code(&world, 0), world.now()).await.unwrap();
    assert_eq!(proved, Verification::Ok);
    assert!(world.services.vault.activate(id_of(&begun)).await.unwrap());

    assert_eq!(listed(&world, &token).await, [(id.clone(), "pending".to_owned())]);
    assert_eq!(world.get("/v1/me/credentials/next", &token).await.expect(200), json!({ "next": "confirm", "credential": id }));
    assert!(signed_in(&world, &company.user_id, PASSWORD).await.get("next").is_none(), "nothing asks for it");
    prove(&world, &token, &app.code(&world, 1)).await.problem(422, "code-refused");
    // A second code goes on where it stopped.
    let token = text(&confirm(&world, &token, &id, &app.code(&world, 1)).await.expect(200), "token");
    assert_eq!(listed(&world, &token).await, [(id, "active".to_owned())]);
    assert_eq!(signed_in(&world, &company.user_id, PASSWORD).await["next"], "prove_second_factor");
}

#[tokio::test]
async fn a_secret_that_a_crash_left_without_its_event_is_in_nobodys_way() {
    let world = World::new().await;
    let (company, token) = established(&world).await;
    let left = CredentialId(domain::testing::uuid(0x1ef7));
    world.services.vault.put_authenticator(left, company.administrator, world.now()).await.unwrap().unwrap();
    assert_eq!(listed(&world, &token).await, []);
    let (_, id, token) = authenticator(&world, &token).await;
    assert_eq!(listed(&world, &token).await, [(id, "active".to_owned())]);
}

#[tokio::test]
async fn a_revocation_that_was_cut_short_leaves_nothing_that_counts() {
    let world = World::new().await;
    let (company, token) = established(&world).await;
    let (app, id, token) = authenticator(&world, &token).await;
    let credential = CredentialId(id.parse().unwrap());
    world.did::<User>(company.administrator.0, UserCommand::RemoveSecondFactor { credential }).await;
    assert_eq!(listed(&world, &token).await, []);
    confirm(&world, &token, &id, &app.code(&world, 1)).await.problem(404, "no-such-credential");
    assert!(signed_in(&world, &company.user_id, PASSWORD).await.get("next").is_none());
    world.post(&format!("/v1/me/credentials/{id}/revoke"), &token, json!({ "reason": "Lost it" })).await.expect(200);
}

#[tokio::test]
async fn recovery_codes_never_become_a_second_factor() {
    let world = World::new().await;
    let (company, token) = established(&world).await;
    let made = world.post("/v1/me/credentials/recovery-codes", &token, json!({ "label": "In the safe" })).await.expect(201);
    let code = made["codes"][0].as_str().unwrap();
    confirm(&world, &token, &text(&made, "id"), code).await.problem(422, "not-by-code");
    assert!(signed_in(&world, &company.user_id, PASSWORD).await.get("next").is_none());
}
