//! What a session is good for that was left open, and who ends it; and one-time passwords that nobody uses (ASVS 5.0, 6.4.1, 7.4.5, 7.5).
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "the helpers of tests fail the test")]

use serde_json::json;

use crate::world::{ANOTHER_ONE_TIME_PASSWORD, ONE_TIME_PASSWORD, PASSWORD, World};

#[tokio::test]
async fn a_session_that_was_left_open_changes_neither_the_profile_nor_what_one_signs_in_with() {
    let world = World::new().await;
    let company = world.company("Fastener Works").await;
    let token = world.first_login(&company.user_id, ONE_TIME_PASSWORD).await;
    let profile = world.get("/v1/first-login/profile", &token).await.expect(200);
    let other = world.sign_in(&company.user_id, PASSWORD).await;
    world.pass_minutes(16);
    let authenticator = json!({ "label": "Phone" });
    world.post("/v1/me/credentials/authenticators", &token, authenticator.clone()).await.problem(403, "prove-again");
    world.post("/v1/me/credentials/recovery-codes", &token, json!({ "label": "In the safe" })).await.problem(403, "prove-again");
    world.put("/v1/first-login/profile", &token, profile.clone()).await.problem(403, "prove-again");
    world.post("/v1/me/sessions/end-others", &token, json!({})).await.problem(403, "prove-again");
    world.get("/v1/home", &token).await.expect(200);

    // Whoever signs in anew has just shown who they are.
    let fresh = world.sign_in(&company.user_id, PASSWORD).await;
    world.put("/v1/first-login/profile", &fresh, profile).await.expect(200);
    world.post("/v1/me/credentials/authenticators", &fresh, authenticator).await.expect(201);
    world.post("/v1/me/sessions/end-others", &fresh, json!({})).await.expect(204);
    world.get("/v1/home", &other).await.problem(401, "unauthenticated");
    world.get("/v1/home", &token).await.problem(401, "unauthenticated");
}

/// A user whom the administrator creates: their id and User ID.
async fn created(world: &World, administrator: &str) -> (String, String) {
    let contact = json!({ "given_name": "Lin", "family_name": "Okafor", "email": "lin@fastener.example" });
    let body = json!({ "contact": contact, "one_time_password": ONE_TIME_PASSWORD });
    let created = world.post("/v1/users", administrator, body).await.expect(201);
    (created["id"].as_str().unwrap().to_owned(), created["user_id"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn an_administrator_signs_a_user_out_everywhere() {
    let world = World::new().await;
    let company = world.company("Fastener Works").await;
    let administrator = world.administrator(&company).await;
    let (person, user_id) = created(&world, &administrator).await;
    let token = world.first_login(&user_id, ONE_TIME_PASSWORD).await;
    let foreign = world.company("Alder Forge").await;
    let foreign = world.administrator(&foreign).await;
    let end = format!("/v1/users/{person}/end-sessions");
    world.post(&end, &foreign, json!({})).await.problem(404, "not-found");
    world.get("/v1/home", &token).await.expect(200);
    world.post(&end, &administrator, json!({})).await.expect(204);
    world.get("/v1/home", &token).await.problem(401, "unauthenticated");
    world.sign_in(&user_id, PASSWORD).await;
}

#[tokio::test]
async fn a_one_time_password_that_nobody_uses_ends_and_another_one_is_issued() {
    let world = World::new().await;
    let company = world.company("Fastener Works").await;
    let administrator = world.administrator(&company).await;
    let (person, user_id) = created(&world, &administrator).await;
    let secret = |secret: &str| json!({ "user_id": user_id, "secret": secret });
    world.pass_minutes(14 * 24 * 60);
    world.post_public("/v1/sign-in", secret(ONE_TIME_PASSWORD)).await.problem(401, "sign-in-refused");
    let administrator = world.sign_in(&company.user_id, PASSWORD).await;
    let issue = json!({ "one_time_password": ANOTHER_ONE_TIME_PASSWORD });
    world.post(&format!("/v1/users/{person}/one-time-password"), &administrator, issue).await.expect(200);
    world.sign_in(&user_id, ANOTHER_ONE_TIME_PASSWORD).await;
}

#[tokio::test]
async fn an_administrator_does_not_help_themselves_around_the_password_and_the_second_factor() {
    let world = World::new().await;
    let company = world.company("Fastener Works").await;
    let token = world.administrator(&company).await;
    let own = |what: &str| format!("/v1/users/{}/{what}", company.administrator);
    let issue = json!({ "one_time_password": ANOTHER_ONE_TIME_PASSWORD });
    world.post(&own("one-time-password"), &token, issue).await.problem(409, "own-account");
    world.post(&own("reset-second-factors"), &token, json!({ "reason": "Lost it" })).await.problem(409, "own-account");
    world.get("/v1/home", &token).await.expect(200);
}

#[tokio::test]
async fn a_session_that_was_left_open_neither_resets_what_others_sign_in_with_nor_makes_administrators() {
    let world = World::new().await;
    let company = world.company("Fastener Works").await;
    let token = world.administrator(&company).await;
    let (person, _) = created(&world, &token).await;
    world.pass_minutes(16);
    let role = json!({ "role": "organization_administrator" });
    let new = |name: &str, roles: serde_json::Value| {
        let contact = json!({ "given_name": name, "family_name": "Okafor", "email": format!("{name}@fastener.example") });
        json!({ "contact": contact, "roles": roles, "one_time_password": ONE_TIME_PASSWORD })
    };
    let requests = [
        (format!("/v1/users/{person}/one-time-password"), json!({ "one_time_password": ANOTHER_ONE_TIME_PASSWORD })),
        (format!("/v1/users/{person}/reset-second-factors"), json!({ "reason": "Lost the phone" })),
        (format!("/v1/users/{person}/roles"), role.clone()),
        ("/v1/users".to_owned(), new("ola", json!([role]))),
    ];
    let rows = |role: &str| {
        format!("given_name,family_name,email,role,one_time_password\nKim,Vane,kim{role}@fastener.example,{role},{ONE_TIME_PASSWORD}\n")
    };
    let administrator = rows("organization_administrator");
    for (path, body) in &requests {
        world.post(path, &token, body.clone()).await.problem(403, "prove-again");
    }
    world.upload("/v1/users/uploads", &token, "administrators", &administrator).await.problem(403, "prove-again");
    // What gives nobody more than a user has goes on.
    world.post("/v1/users", &token, new("ian", json!([]))).await.expect(201);
    world.upload("/v1/users/uploads", &token, "users", &rows("")).await.expect(200);

    let fresh = world.sign_in(&company.user_id, PASSWORD).await;
    for (path, body) in &requests {
        let status = world.post(path, &fresh, body.clone()).await.status;
        assert!(status.is_success(), "{path}: {status}");
    }
    world.upload("/v1/users/uploads", &fresh, "administrators", &administrator).await.expect(200);
}
