//! J3: back to credentialing, from the mail *Login Success* or from *My Account*: to the next step, which the server keeps.

use serde_json::{Value, json};
use test_support::passkeys::Browser;

use crate::support::cast::{Cast, PARTNER};
use crate::support::registrant::{Company, Named};
use crate::support::user::{Authenticator, PASSWORD, PurchasedToken, User, establish, sign_in};

/// An established user who needs no second factor.
async fn established(cast: &Cast) -> User {
    cast.registered(&Company::named("Harbour Castings"), &[&cast.parts_portal]).await
}

async fn next(cast: &Cast, token: &str) -> Value {
    cast.world.get("/v1/me/credentials/next").by(token).send().await.ok().body
}

#[tokio::test]
async fn a_user_registers_a_second_factor_later_replaces_it_and_revokes_it() {
    let cast = Cast::assemble().await;
    let world = &cast.world;
    let user = established(&cast).await;
    let mail = world.mail(&user.email, "Login Success").await;
    assert_eq!(mail.link("Back to Credentialing"), "https://gateway.example/account/credentials");
    assert_eq!(next(&cast, &user.token).await["next"], "manage");

    // Interrupted between the secret and the first code: the server knows where they were.
    let phone = Authenticator::begin(world, &user.token, "Phone").await;
    world.kill_and_restart();
    let token = sign_in(world, &user.user_id, PASSWORD).await.ok().text("token");
    assert_eq!(next(&cast, &token).await, json!({ "next": "confirm", "credential": phone.id }));
    let token = phone.confirm(world, &token).await;
    let mail = world.mail(&user.email, "A credential was added to your account").await;
    assert!(mail.flat().contains("Phone"), "{}", mail.text);
    assert_eq!(next(&cast, &token).await["next"], "make_recovery_codes");
    let made = world.post("/v1/me/credentials/recovery-codes").by(&token).json(json!({ "label": "In the safe" })).send().await.ok();
    let codes: Vec<String> = serde_json::from_value(made["codes"].clone()).unwrap();
    assert_eq!(next(&cast, &token).await["next"], "manage");

    // From now on a sign-in takes both; a used code is none, also after a crash.
    let half = sign_in(world, &user.user_id, PASSWORD).await.ok();
    assert_eq!(half.text("next"), "prove_second_factor");
    let half = half.text("token");
    world.get("/v1/home").by(&half).send().await.refused(403, "second-factor-not-shown");
    let code = phone.code();
    let prove = |token: &str, code: &str| world.post("/v1/sign-in/second-factor").by(token).json(json!({ "code": code }));
    prove(&half, &code).send().await.ok();
    world.kill_and_restart();
    let half = sign_in(world, &user.user_id, PASSWORD).await.ok().text("token");
    prove(&half, &code).send().await.refused(422, "code-refused");
    // The phone is lost; a recovery code opens the account, once.
    let token = prove(&half, &codes[0]).send().await.ok().text("token");
    let again = sign_in(world, &user.user_id, PASSWORD).await.ok().text("token");
    prove(&again, &codes[0]).send().await.refused(422, "code-refused");

    // Another phone takes the place of the first.
    let (other, token) = Authenticator::register(world, &token, "New phone").await;
    let revoke = |id: &str| world.post(format!("/v1/me/credentials/{id}/revoke")).by(&token).json(json!({ "reason": "Lost it." }));
    revoke(&phone.id).send().await.ok();
    let mail = world.mail(&user.email, "A credential was removed from your account").await;
    assert!(mail.flat().contains("Lost it."), "{}", mail.text);
    let listed = world.get("/v1/me/credentials").by(&token).send().await.ok();
    let labels: Vec<_> = listed["items"].as_array().unwrap().iter().map(|item| item["label"].as_str().unwrap()).collect();
    assert_eq!(labels, ["In the safe", "New phone"], "{listed}");
    // Nobody needs one of them, so they may be without.
    revoke(&other.id).send().await.ok();
    assert!(sign_in(world, &user.user_id, PASSWORD).await.ok()["next"].is_null());
}

/// How a token that was bought stands in the operator's inventory.
fn standing(cast: &Cast, serial: &str) -> String {
    let listed = cast.world.operator(&["inventory", "list"]);
    let line = listed.lines().find(|line| line.starts_with(serial)).unwrap_or_else(|| panic!("no {serial} in {listed}"));
    line.split_whitespace().nth(4).unwrap().to_owned()
}

/// The token that a session has after a sign-in with the password and what shows the second factor.
async fn with_code(cast: &Cast, user: &User, code: &str) -> String {
    let half = sign_in(&cast.world, &user.user_id, PASSWORD).await.ok();
    assert_eq!(half.text("next"), "prove_second_factor");
    let shown = cast.world.post("/v1/sign-in/second-factor").by(&half.text("token")).json(json!({ "code": code })).send().await;
    shown.ok().text("token")
}

#[tokio::test]
async fn a_purchased_token_is_imported_registered_by_its_serial_shown_replaced_and_revoked() {
    let cast = Cast::assemble().await;
    let world = &cast.world;
    let user = established(&cast).await;
    let begin = |token: &str, serial: &str| {
        world.post("/v1/me/credentials/tokens").by(token).json(json!({ "serial": serial, "label": "Key ring" })).send()
    };
    begin(&user.token, "SN-004217").await.refused(422, "no-such-token");
    let device = PurchasedToken::new("SN-004217").imported(world);
    let begun = begin(&user.token, " sn-004217").await.ok();
    assert_eq!(standing(&cast, device.serial), "taken");

    // Interrupted before the first code: the server knows where they were.
    world.kill_and_restart();
    let token = sign_in(world, &user.user_id, PASSWORD).await.ok().text("token");
    assert_eq!(next(&cast, &token).await, json!({ "next": "confirm", "credential": begun.text("id") }));
    let confirm = world.post(format!("/v1/me/credentials/{}/confirm", begun.text("id"))).by(&token).json(json!({ "code": device.code() }));
    confirm.send().await.ok();
    world.mail(&user.email, "A credential was added to your account").await;
    let token = with_code(&cast, &user, &device.code()).await;

    // Another one takes its place.
    let other = PurchasedToken::new("SN-004218").imported(world);
    let replaced = begun.text("id");
    let begun = begin(&token, other.serial).await.ok();
    let confirm = world.post(format!("/v1/me/credentials/{}/confirm", begun.text("id"))).by(&token).json(json!({ "code": other.code() }));
    let token = confirm.send().await.ok().text("token");
    let revoke = |id: &str| world.post(format!("/v1/me/credentials/{id}/revoke")).by(&token).json(json!({ "reason": "Battery is low." }));
    revoke(&replaced).send().await.ok();
    assert_eq!((standing(&cast, device.serial), standing(&cast, other.serial)), ("withdrawn".to_owned(), "taken".to_owned()));
    let half = sign_in(world, &user.user_id, PASSWORD).await.ok().text("token");
    let shown = world.post("/v1/sign-in/second-factor").by(&half).json(json!({ "code": device.code() })).send().await;
    shown.refused(422, "code-refused");
    with_code(&cast, &user, &other.code()).await;

    revoke(&begun.text("id")).send().await.ok();
    assert!(sign_in(world, &user.user_id, PASSWORD).await.ok()["next"].is_null());
    // The operator has both back.
    world.operator(&["inventory", "release", device.serial]);
    assert_eq!(standing(&cast, device.serial), "available");
    let listed = world.operator(&["inventory", "list"]);
    assert!(!listed.contains(&device.seed()), "{listed}");
}

#[tokio::test]
async fn a_passkey_is_registered_and_shown_and_stands_beside_a_phone() {
    let cast = Cast::assemble().await;
    let world = &cast.world;
    let user = established(&cast).await;
    let mut browser = Browser::at("https://gateway.example", None);
    let begun = world.post("/v1/me/credentials/passkeys/options").by(&user.token).json(json!({})).send().await.ok();
    let made = browser.create(begun["options"].clone()).await;
    // Between the browser's question and its answer the service may be another process.
    world.kill_and_restart();
    let body = json!({ "id": begun["id"], "label": "Laptop", "passkey": made });
    let token = world.post("/v1/me/credentials/passkeys").by(&user.token).json(body).send().await.ok().text("token");
    let mail = world.mail(&user.email, "A credential was added to your account").await;
    assert!(mail.flat().contains("Laptop"), "{}", mail.text);
    assert_eq!(next(&cast, &token).await["next"], "make_recovery_codes");

    let half = sign_in(world, &user.user_id, PASSWORD).await.ok();
    assert_eq!(half.text("next"), "prove_second_factor");
    let half = half.text("token");
    let asked = world.post("/v1/sign-in/passkey/options").by(&half).json(json!({})).send().await.ok();
    let shown = browser.get(asked["options"].clone()).await;
    world.kill_and_restart();
    let answer = world.post("/v1/sign-in/passkey").by(&half).json(json!({ "passkey": shown })).send().await.ok();
    assert!(answer["next"].is_null(), "{answer}");
    let token = answer.text("token");
    world.get("/v1/home").by(&token).send().await.ok();

    let (phone, token) = Authenticator::register(world, &token, "Phone").await;
    let revoke = world.post(format!("/v1/me/credentials/{}/revoke", begun.text("id"))).by(&token).json(json!({ "reason": "Sold it." }));
    revoke.send().await.ok();
    let mail = world.mail(&user.email, "A credential was removed from your account").await;
    assert!(mail.flat().contains("Sold it."), "{}", mail.text);
    let half = sign_in(world, &user.user_id, PASSWORD).await.ok().text("token");
    world.post("/v1/sign-in/passkey/options").by(&half).json(json!({})).send().await.refused(409, "no-passkey");
    with_code(&cast, &user, &phone.code()).await;
}

#[tokio::test]
async fn who_may_open_an_application_that_needs_a_second_factor_registers_one_before_anything_else() {
    let cast = Cast::assemble().await;
    let world = &cast.world;
    let company = Company::named("Harbour Castings");
    let ada = established(&cast).await;
    world.catalogue(&format!(
        "[[application]]\ncode = \"PARTS\"\nowner = \"{PARTNER}\"\nname = \"Parts Portal\"\ndescription = \"Parts Portal of the partner.\"\n\
         registration = \"invitation_only\"\naccess = \"application_administrator\"\nways = [\"invitation\"]\n\
         credential_strength = \"one_time_password\"\nlaunch_url = \"https://parts.partner.example/\"\n"
    ));
    // Who administers it is asked, in the middle of a session.
    test_support::eventually("the administrator to be asked for a second factor", crate::support::SOON, async || {
        let progress = world.get("/v1/first-login").by(&ada.token).send().await.ok();
        (progress["next"] == "second_factor").then_some(())
    })
    .await;
    world.get("/v1/home").by(&ada.token).send().await.refused(403, "first-login-not-done");
    assert_eq!(next(&cast, &ada.token).await["next"], "register_second_factor");
    let (phone, token) = Authenticator::register(world, &ada.token, "Phone").await;
    world.get("/v1/home").by(&token).send().await.ok();
    let revoke = world.post(format!("/v1/me/credentials/{}/revoke", phone.id)).by(&token).json(json!({ "reason": "Tired of it." }));
    revoke.send().await.refused(409, "last-second-factor");

    // Whoever has nothing to do with it is not asked.
    let one_time_password = "meadow-Cobalt-58-violin-kite".to_owned();
    let body = json!({ "contact": company.contact("Lin", "Okafor"), "one_time_password": one_time_password });
    let created = world.post("/v1/users").by(&token).json(body).send().await.ok();
    let lin = Named { person: created.text("id"), email: company.address_of("Lin"), one_time_password };
    let lin = establish(world, &lin, "Your account for").await;
    assert!(world.get("/v1/first-login").by(&lin.token).send().await.ok()["next"].is_null());
    // With the password and the phone gone, the administrator lets them begin anew.
    let reset =
        world.post(format!("/v1/users/{}/reset-second-factors", lin.person)).by(&token).json(json!({ "reason": "Lost the phone." }));
    reset.send().await.ok();
    world.get("/v1/home").by(&lin.token).send().await.refused(401, "unauthenticated");
}

#[tokio::test]
async fn staff_sign_in_with_two_factors_and_review_until_their_role_is_taken() {
    let cast = Cast::assemble().await;
    let world = &cast.world;
    let shown = world.operator(&["staff", "account", &cast.reviewer.id]);
    let word_after = |what: &str| {
        let line = shown.lines().find(|line| line.starts_with(what)).unwrap_or_else(|| panic!("no {what} in {shown}"));
        line.split_whitespace().last().unwrap().to_owned()
    };
    let (user_id, one_time_password) = (word_after("User ID"), word_after("One-time password"));

    let first = sign_in(world, &user_id, &one_time_password).await.ok();
    assert_eq!(first.text("next"), "password");
    let token = first.text("token");
    world.get("/v1/review/queue").by(&token).send().await.refused(403, "first-login-not-done");
    let set = world.post("/v1/first-login/password").by(&token).json(json!({ "password": PASSWORD })).send().await.ok();
    assert_eq!(set.text("next"), "second_factor");
    world.kill_and_restart();
    let token = sign_in(world, &user_id, PASSWORD).await.ok().text("token");
    world.get("/v1/review/queue").by(&token).send().await.refused(403, "first-login-not-done");
    let (phone, token) = Authenticator::register(world, &token, "Phone").await;
    world.get("/v1/review/queue").by(&token).send().await.ok();
    // A role never implies another one, and the last second factor of staff stays.
    world.get("/v1/mails").by(&token).send().await.refused(403, "forbidden");
    let revoke = world.post(format!("/v1/me/credentials/{}/revoke", phone.id)).by(&token).json(json!({ "reason": "Tired of it." }));
    revoke.send().await.refused(409, "last-second-factor");

    let half = sign_in(world, &user_id, PASSWORD).await.ok();
    assert_eq!(half.text("next"), "prove_second_factor");
    world.get("/v1/review/queue").by(&half.text("token")).send().await.refused(403, "second-factor-not-shown");
    world.operator(&["staff", "dismiss", &cast.reviewer.id, "--reason", "Moved on."]);
    test_support::eventually("the session to end", crate::support::SOON, async || {
        let answer = world.get("/v1/review/queue").by(&token).send().await;
        (answer.status == 401).then_some(())
    })
    .await;
    sign_in(world, &user_id, PASSWORD).await.refused(401, "sign-in-refused");
}
