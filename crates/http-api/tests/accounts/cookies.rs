//! Browsers hold their session in a cookie: signing in, going on, signing out.
#![allow(clippy::unwrap_used, reason = "the helpers of tests fail the test")]

use axum::body::Body;
use axum::http::{Method, Request, header};
use serde_json::{Value, json};
use totp_rs::{Builder, Secret};

use crate::world::{ANOTHER_PASSWORD, ONE_TIME_PASSWORD, PASSWORD, Reply, World};

/// A browser on a page of the service: it keeps the cookie that it was given.
struct Browser<'a> {
    world: &'a World,
    cookie: Option<String>,
}

impl<'a> Browser<'a> {
    fn new(world: &'a World) -> Self {
        Self { world, cookie: None }
    }

    async fn send(&mut self, method: Method, path: &str, body: Option<&Value>) -> Reply {
        let mut request = Request::builder().method(method).uri(path).header("gatehouse-min-position", self.world.head());
        request = request.header("sec-fetch-site", "same-origin");
        if let Some(cookie) = &self.cookie {
            request = request.header(header::COOKIE, format!("a=b; {cookie}"));
        }
        let body = match body {
            Some(body) => {
                request = request.header(header::CONTENT_TYPE, "application/json");
                Body::from(body.to_string())
            }
            None => Body::empty(),
        };
        let reply = self.world.send(request.body(body).unwrap()).await;
        if let Some(set) = reply.headers.get(header::SET_COOKIE) {
            let (pair, attributes) = set.to_str().unwrap().split_once("; ").unwrap();
            assert!(attributes.starts_with("Path=/; Secure; HttpOnly; SameSite=Strict"), "{attributes}");
            self.cookie = (!attributes.ends_with("Max-Age=0")).then(|| pair.to_owned());
        }
        reply
    }

    async fn get(&mut self, path: &str) -> Reply {
        self.send(Method::GET, path, None).await
    }

    async fn post(&mut self, path: &str, body: Value) -> Reply {
        self.send(Method::POST, path, Some(&body)).await
    }

    async fn sign_in(&mut self, user_id: &str, secret: &str) -> Reply {
        self.post("/v1/sign-in", json!({ "user_id": user_id, "secret": secret, "session": "cookie" })).await
    }
}

/// The session's text never stands in a body that goes with a cookie.
#[track_caller]
fn has_no_token(reply: Reply) -> Value {
    assert!(reply.headers.contains_key(header::SET_COOKIE));
    let body = reply.expect(200);
    assert!(!body.to_string().contains("gs_"), "{body}");
    body
}

#[tokio::test]
async fn a_browser_signs_in_and_out_with_a_cookie_only() {
    let world = World::new().await;
    let company = world.company("Fastener Works").await;
    world.first_login(&company.user_id, ONE_TIME_PASSWORD).await;
    let mut browser = Browser::new(&world);
    has_no_token(browser.sign_in(&company.user_id, PASSWORD).await);
    let held = browser.cookie.clone();
    assert!(held.as_ref().unwrap().starts_with("__Host-gatehouse=gs_"));
    browser.get("/v1/home").await.expect(200);

    let out = browser.post("/v1/sign-out", json!({})).await;
    assert_eq!(out.headers["clear-site-data"], "\"cache\", \"storage\"");
    out.expect(204);
    assert_eq!(browser.cookie, None);
    browser.cookie = held;
    browser.get("/v1/home").await.problem(401, "unauthenticated");
    // A cookie that proves nobody any more does not keep its browser from signing in.
    has_no_token(browser.sign_in(&company.user_id, PASSWORD).await);
    browser.get("/v1/home").await.expect(200);
}

#[tokio::test]
async fn whoever_asks_for_no_cookie_gets_none() {
    let world = World::new().await;
    let company = world.company("Fastener Works").await;
    for session in [json!({}), json!({ "session": "token" })] {
        let mut body = json!({ "user_id": company.user_id, "secret": ONE_TIME_PASSWORD });
        body.as_object_mut().unwrap().extend(session.as_object().unwrap().clone());
        let reply = world.post_public("/v1/sign-in", body).await;
        assert!(!reply.headers.contains_key(header::SET_COOKIE));
        assert!(reply.expect(200)["token"].is_string());
    }
    let reply = world.post_public("/v1/sign-in", json!({ "user_id": company.user_id, "secret": "no", "session": "nonsense" })).await;
    reply.problem(400, "malformed-request");
}

#[tokio::test]
async fn another_site_cannot_sign_a_browser_in() {
    let world = World::new().await;
    let company = world.company("Fastener Works").await;
    let body = json!({ "user_id": company.user_id, "secret": ONE_TIME_PASSWORD, "session": "cookie" });
    let reply = world.post_public("/v1/sign-in", body).await;
    assert!(!reply.headers.contains_key(header::SET_COOKIE));
    reply.problem(403, "cross-site-request");
}

#[tokio::test]
async fn signing_in_anew_ends_the_session_of_the_cookie_before() {
    let world = World::new().await;
    let company = world.company("Fastener Works").await;
    world.first_login(&company.user_id, ONE_TIME_PASSWORD).await;
    let mut browser = Browser::new(&world);
    browser.sign_in(&company.user_id, PASSWORD).await.expect(200);
    let before = browser.cookie.clone();
    browser.sign_in(&company.user_id, "not the password").await.problem(401, "sign-in-refused");
    assert_eq!(browser.cookie, before);
    browser.get("/v1/home").await.expect(200);
    browser.sign_in(&company.user_id, PASSWORD).await.expect(200);
    assert_ne!(browser.cookie, before);
    browser.get("/v1/home").await.expect(200);
    browser.cookie = before;
    browser.get("/v1/home").await.problem(401, "unauthenticated");
}

#[tokio::test]
async fn a_session_that_goes_on_under_a_new_token_stays_in_its_cookie() {
    let world = World::new().await;
    let company = world.company("Fastener Works").await;
    world.first_login(&company.user_id, ONE_TIME_PASSWORD).await;
    let mut browser = Browser::new(&world);
    browser.sign_in(&company.user_id, PASSWORD).await.expect(200);

    let begun = browser.post("/v1/me/credentials/authenticators", json!({ "label": "Phone" })).await.expect(201);
    let secret = Secret::try_from_base32(begun["secret"].as_str().unwrap()).unwrap();
    let code = |later: u64| {
        let now = u64::try_from(world.now().as_second()).unwrap() + 30 * later;
        Builder::new().with_secret(secret.clone()).build().unwrap().generate(now).to_string()
    };
    let confirm = format!("/v1/me/credentials/{}/confirm", begun["id"].as_str().unwrap());
    let before = browser.cookie.clone();
    has_no_token(browser.post(&confirm, json!({ "code": code(0) })).await);
    assert_ne!(browser.cookie, before, "a new cookie once the second factor counts");

    browser.post("/v1/sign-out", json!({})).await.expect(204);
    assert_eq!(has_no_token(browser.sign_in(&company.user_id, PASSWORD).await)["next"], "prove_second_factor");
    browser.get("/v1/home").await.problem(403, "second-factor-not-shown");
    let half = browser.cookie.clone();
    has_no_token(browser.post("/v1/sign-in/second-factor", json!({ "code": code(1) })).await);
    browser.get("/v1/home").await.expect(200);
    browser.post("/v1/me/password", json!({ "current_password": PASSWORD, "password": ANOTHER_PASSWORD })).await.expect(200);
    browser.get("/v1/home").await.expect(200);
    browser.cookie = half;
    browser.get("/v1/home").await.problem(401, "unauthenticated");
}
