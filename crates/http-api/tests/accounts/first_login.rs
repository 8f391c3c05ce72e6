//! J2: first-time login, in order, resumed where it stopped, and nothing else before it is done.

use crate::world::{ANOTHER_ONE_TIME_PASSWORD, ANOTHER_PASSWORD, ONE_TIME_PASSWORD, PASSWORD, World};
use serde_json::json;

#[tokio::test]
async fn a_new_user_goes_through_first_time_login_step_by_step() {
    let world = World::new().await;
    let company = world.company("Fastener Works").await;
    let body = world.post_public("/v1/sign-in", json!({ "user_id": company.user_id, "secret": ONE_TIME_PASSWORD })).await.expect(200);
    assert_eq!(body["next"], "password");
    let token = body["token"].as_str().unwrap();

    let after = world.post("/v1/first-login/password", token, json!({ "password": PASSWORD })).await.expect(200);
    assert_eq!(after, json!({ "next": "profile", "established": false }));
    let profile = world.get("/v1/first-login/profile", token).await.expect(200);
    assert_eq!(profile["given_name"], "Anna");
    let after = world.put("/v1/first-login/profile", token, profile).await.expect(200);
    assert_eq!(after["next"], "terms");
    let after = world.post("/v1/first-login/terms", token, json!({ "version": "2026-01" })).await.expect(200);
    assert_eq!(after, json!({ "established": true }));
    let me = world.get("/v1/me", token).await.expect(200);
    assert_eq!(me["user_id"], company.user_id);
    assert_eq!(me["roles"], json!([{ "role": "organization_administrator" }]));
}

#[tokio::test]
async fn a_user_in_first_time_login_may_call_nothing_else() {
    let world = World::new().await;
    let company = world.company("Fastener Works").await;
    let token = world.sign_in(&company.user_id, ONE_TIME_PASSWORD).await;
    for path in ["/v1/home", "/v1/users", "/v1/applications", "/v1/subscriptions", "/v1/accesses/requests"] {
        world.get(path, &token).await.problem(403, "first-login-not-done");
    }
    world.post("/v1/users/invitations", &token, json!({ "email": "x@example.org" })).await.problem(403, "first-login-not-done");
    world
        .post("/v1/me/password", &token, json!({ "current_password": ONE_TIME_PASSWORD, "password": PASSWORD }))
        .await
        .problem(403, "first-login-not-done");
}

#[tokio::test]
async fn interrupted_first_time_login_resumes_where_it_stopped() {
    let world = World::new().await;
    let company = world.company("Fastener Works").await;
    // Before the password was set, the one-time password serves again.
    world.sign_in(&company.user_id, ONE_TIME_PASSWORD).await;
    let token = world.sign_in(&company.user_id, ONE_TIME_PASSWORD).await;
    world.post("/v1/first-login/password", &token, json!({ "password": PASSWORD })).await.expect(200);
    // Afterwards the password does, and the one-time password no more.
    world
        .post_public("/v1/sign-in", json!({ "user_id": company.user_id, "secret": ONE_TIME_PASSWORD }))
        .await
        .problem(401, "sign-in-refused");
    let again = world.post_public("/v1/sign-in", json!({ "user_id": company.user_id, "secret": PASSWORD })).await.expect(200);
    assert_eq!(again["next"], "profile");
    let token = again["token"].as_str().unwrap();
    assert_eq!(world.get("/v1/first-login", token).await.expect(200), json!({ "next": "profile", "established": false }));
}

#[tokio::test]
async fn steps_are_refused_out_of_order() {
    let world = World::new().await;
    let company = world.company("Fastener Works").await;
    let token = world.sign_in(&company.user_id, ONE_TIME_PASSWORD).await;
    world.post("/v1/first-login/terms", &token, json!({ "version": "2026-01" })).await.problem(409, "login-step-out-of-order");
    let profile = world.get("/v1/first-login/profile", &token).await.expect(200);
    world.put("/v1/first-login/profile", &token, profile).await.problem(409, "login-step-out-of-order");
}

#[tokio::test]
async fn a_weak_password_is_refused_with_what_would_make_it_stronger() {
    let world = World::new().await;
    let company = world.company("Fastener Works").await;
    let token = world.sign_in(&company.user_id, ONE_TIME_PASSWORD).await;
    let problem = world.post("/v1/first-login/password", &token, json!({ "password": "fastenerworks" })).await.problem(422, "too-weak");
    assert_eq!(problem["errors"][0]["pointer"], "/password");
    assert!(problem["detail"].as_str().unwrap().len() > 20, "{problem:#}");
    assert_eq!(world.get("/v1/first-login", &token).await.expect(200)["next"], "password");
}

#[tokio::test]
async fn terms_that_are_not_in_force_are_not_accepted() {
    let world = World::new().await;
    let company = world.company("Fastener Works").await;
    let token = world.sign_in(&company.user_id, ONE_TIME_PASSWORD).await;
    world.post("/v1/first-login/password", &token, json!({ "password": PASSWORD })).await.expect(200);
    let profile = world.get("/v1/first-login/profile", &token).await.expect(200);
    world.put("/v1/first-login/profile", &token, profile).await.expect(200);
    world.post("/v1/first-login/terms", &token, json!({ "version": "1999" })).await.problem(422, "terms-not-in-force");
}

#[tokio::test]
async fn sign_in_is_refused_in_the_same_words_whatever_is_wrong() {
    let world = World::new().await;
    let company = world.company("Fastener Works").await;
    let mut answers = Vec::new();
    for (user_id, secret) in [
        (company.user_id.as_str(), "wrong"),
        ("GU-0000-0000", ONE_TIME_PASSWORD),
        ("not a user id at all\u{7}", ONE_TIME_PASSWORD),
        ("", ""),
    ] {
        let reply = world.post_public("/v1/sign-in", json!({ "user_id": user_id, "secret": secret })).await;
        answers.push((reply.status, reply.body));
    }
    assert_eq!(answers[0].0, 401);
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "{answers:#?}");
}

#[tokio::test]
async fn five_wrong_one_time_passwords_end_it_until_a_new_one_is_issued() {
    let world = World::new().await;
    let company = world.company("Fastener Works").await;
    let administrator = world.administrator(&company).await;
    let created = world
        .post(
            "/v1/users",
            &administrator,
            json!({
                "contact": { "given_name": "Lin", "family_name": "Okafor", "email": "lin@fastener.example" },
                "one_time_password": ONE_TIME_PASSWORD,
            }),
        )
        .await
        .expect(201);
    let (id, user_id) = (created["id"].as_str().unwrap(), created["user_id"].as_str().unwrap());
    for _ in 0..5 {
        world.post_public("/v1/sign-in", json!({ "user_id": user_id, "secret": "wrong" })).await.problem(401, "sign-in-refused");
    }
    world.post_public("/v1/sign-in", json!({ "user_id": user_id, "secret": ONE_TIME_PASSWORD })).await.problem(401, "sign-in-refused");
    let shown = world.get(&format!("/v1/users/{id}"), &administrator).await.expect(200);
    assert_eq!(shown["one_time_password"], "locked");

    let issue = json!({ "one_time_password": ANOTHER_ONE_TIME_PASSWORD });
    world.post(&format!("/v1/users/{id}/one-time-password"), &administrator, issue).await.expect(200);
    world.first_login(user_id, ANOTHER_ONE_TIME_PASSWORD).await;
}

#[tokio::test]
async fn a_changed_password_ends_the_other_sessions_and_needs_the_current_one() {
    let world = World::new().await;
    let company = world.company("Fastener Works").await;
    let token = world.administrator(&company).await;
    let elsewhere = world.sign_in(&company.user_id, PASSWORD).await;
    let wrong = json!({ "current_password": ANOTHER_PASSWORD, "password": ANOTHER_PASSWORD });
    world.post("/v1/me/password", &token, wrong).await.problem(422, "wrong-password");
    let right = json!({ "current_password": PASSWORD, "password": ANOTHER_PASSWORD });
    world.post_keyed("/v1/me/password", &token, "change-1", right.clone()).await.expect(200);
    // Sent again, as after a lost answer, it is answered again.
    world.post_keyed("/v1/me/password", &token, "change-1", right).await.expect(200);
    world.get("/v1/me", &elsewhere).await.problem(401, "unauthenticated");
    world.get("/v1/me", &token).await.expect(200);
    world.post_public("/v1/sign-in", json!({ "user_id": company.user_id, "secret": PASSWORD })).await.problem(401, "sign-in-refused");
    world.sign_in(&company.user_id, ANOTHER_PASSWORD).await;
}

#[tokio::test]
async fn a_new_one_time_password_ends_sessions_and_leads_to_a_new_password() {
    let world = World::new().await;
    let company = world.company("Fastener Works").await;
    let administrator = world.administrator(&company).await;
    let (person, token) = world.user(&company, "Bert", vec![]).await;
    let issue = json!({ "one_time_password": ANOTHER_ONE_TIME_PASSWORD });
    world.post(&format!("/v1/users/{person}/one-time-password"), &administrator, issue).await.expect(200);
    world.get("/v1/home", &token).await.problem(401, "unauthenticated");
    let user_id = world.get(&format!("/v1/users/{person}"), &administrator).await.expect(200)["user_id"].as_str().unwrap().to_owned();
    world.post_public("/v1/sign-in", json!({ "user_id": user_id, "secret": PASSWORD })).await.problem(401, "sign-in-refused");
    let token = world.sign_in(&user_id, ANOTHER_ONE_TIME_PASSWORD).await;
    let after = world.post("/v1/first-login/password", &token, json!({ "password": ANOTHER_PASSWORD })).await.expect(200);
    assert_eq!(after, json!({ "established": true }));
    world.get("/v1/home", &token).await.expect(200);
}

#[tokio::test]
async fn a_session_ends_when_signed_out_and_when_idle() {
    let world = World::new().await;
    let company = world.company("Fastener Works").await;
    let token = world.administrator(&company).await;
    assert_eq!(world.post("/v1/sign-out", &token, json!({})).await.status, 204);
    world.get("/v1/me", &token).await.problem(401, "unauthenticated");
    let token = world.sign_in(&company.user_id, PASSWORD).await;
    world.pass_minutes(31);
    world.get("/v1/me", &token).await.problem(401, "unauthenticated");
}

#[tokio::test]
async fn nobody_of_a_suspended_organization_is_let_in() {
    let world = World::new().await;
    let company = world.company("Fastener Works").await;
    let token = world.administrator(&company).await;
    let operator = world.staff(&[domain::StaffRole::Administrator]).await;
    let partner = world.partner(company.id).await;
    world.get("/v1/applications", &partner).await.expect(200);
    let path = format!("/v1/organizations/{}", company.id);
    world.post(&format!("{path}/suspend"), &operator, json!({ "reason": "sanctions" })).await.expect(200);
    world.get("/v1/me", &token).await.problem(401, "unauthenticated");
    world.get("/v1/applications", &partner).await.problem(401, "unauthenticated");
    world.post_public("/v1/sign-in", json!({ "user_id": company.user_id, "secret": PASSWORD })).await.problem(401, "sign-in-refused");
    world.post(&format!("{path}/reinstate"), &operator, json!({ "reason": "lifted" })).await.expect(200);
    world.sign_in(&company.user_id, PASSWORD).await;
}
