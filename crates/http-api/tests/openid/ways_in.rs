//! Who gets in, and how far.

use axum::http::header;
use command_handlers::CommandError;
use domain::reservation::ReservationKind;
use domain::staff::StaffCommand;
use domain::{CredentialId, StaffRole};
use serde_json::json;

use crate::common::Api;
use crate::world::{BEGIN, World};

const QUEUE: &str = "/v1/review/queue";

#[tokio::test]
async fn without_a_provider_there_is_no_such_way() {
    let api = Api::start().await;
    api.get(BEGIN).send().await.refused(404, "openid-not-configured");
    api.post(BEGIN).json(&json!({})).send().await.refused(404, "openid-not-configured");
    api.get(format!("{BEGIN}/callback?code=1&state=2")).send().await.refused(404, "openid-not-configured");
}

#[tokio::test]
async fn pages_can_ask_what_the_provider_is_called() {
    let world = World::new().await;
    assert_eq!(world.api.get(BEGIN).send().await.ok(), json!({ "label": "Meridian single sign-on" }));
}

#[tokio::test]
async fn who_showed_the_provider_two_factors_needs_no_other_here() {
    let world = World::new().await;
    world.linked().await;
    let signed_in = world.sign_in("rita").await.ok();
    assert_eq!(signed_in["next"], json!(null));
    let token = signed_in["token"].as_str().unwrap();
    world.api.get(QUEUE).by(token).send().await.ok();
    let sessions = world.api.get("/v1/me/sessions").by(token).send().await.ok();
    assert_eq!((&sessions["items"][0]["two_factors"], sessions["items"].as_array().unwrap().len()), (&json!(true), 1));
}

#[tokio::test]
async fn who_showed_one_factor_shows_the_second_one_here() {
    let world = World::new().await;
    let staff = world.linked().await;
    world.wrong(&json!({ "claims": { "acr": "urn:example:acr:password", "amr": ["pwd"] } }));
    // Who has none yet sets a password first, by the one-time password: what the provider says does not stand for it.
    let signed_in = world.sign_in("rita").await.ok();
    assert_eq!(signed_in["next"], "password");
    let password = world.api.post("/v1/first-login/password").by(signed_in["token"].as_str().unwrap());
    password.json(&json!({ "password": "harbour-lantern-quilt-7-osprey" })).send().await.refused(409, "login-step-out-of-order");
    world.established(staff).await;
    let signed_in = world.sign_in("rita").await.ok();
    assert_eq!(signed_in["next"], "prove_second_factor");
    let token = signed_in["token"].as_str().unwrap();
    world.api.get(QUEUE).by(token).send().await.refused(403, "second-factor-not-shown");
}

#[tokio::test]
async fn what_was_proved_at_the_provider_is_as_old_here_as_it_is_there() {
    let world = World::new().await;
    let staff = world.linked().await;
    world.established(staff).await;
    let renew = async |ago: i64| {
        world.wrong(&json!({ "claims": { "auth_time": (world.api.services.handlers.clock())().as_second() - ago } }));
        let token = world.sign_in("rita").await.ok()["token"].as_str().unwrap().to_owned();
        world.api.get(QUEUE).by(&token).send().await.ok();
        world.api.post("/v1/me/credentials/recovery-codes").by(&token).json(&json!({ "label": "In the safe" })).send().await
    };
    renew(14 * 60).await.ok();
    // Within what clocks may differ by.
    renew(15 * 60 + 20).await.refused(403, "prove-again");
}

#[tokio::test]
async fn a_browser_gets_a_cookie_and_a_page_that_leads_on() {
    let world = World::new().await;
    world.linked().await;
    for site in ["cross-site", "same-site", "none"] {
        let begin = world.api.post(BEGIN).header("sec-fetch-site", site).json(&json!({ "session": "cookie" }));
        begin.send().await.refused(403, "cross-site-request");
    }
    let browser = world.begin("cookie").await;
    let page = browser.come_back(&browser.log_in("rita")).await;
    assert_eq!((page.status.as_u16(), page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none';") && !policy.contains("sandbox"), "{policy}");
    let session =
        page.headers.get_all(header::SET_COOKIE).iter().find_map(|cookie| cookie.to_str().unwrap().strip_prefix("__Host-gatehouse="));
    let (session, attributes) = session.unwrap().split_once("; ").unwrap();
    assert_eq!(attributes, "Path=/; Secure; HttpOnly; SameSite=Strict");
    world.api.get(QUEUE).header("cookie", format!("__Host-gatehouse={session}")).send().await.ok();
}

#[tokio::test]
async fn nothing_that_the_provider_says_of_them_counts_but_who_they_are() {
    let world = World::new().await;
    world.linked().await;
    let claims = json!({ "email": "root@gateway.example", "name": "Root", "roles": ["administrator"], "groups": ["administrator"] });
    world.wrong(&json!({ "claims": claims }));
    let signed_in = world.sign_in("rita").await.ok();
    let token = signed_in["token"].as_str().unwrap();
    world.api.get(QUEUE).by(token).send().await.ok();
    // What an administrator may do.
    world.api.post(format!("/v1/persons/{}/forget", world.api.id())).by(token).json(&json!({})).send().await.refused(403, "forbidden");
}

#[tokio::test]
async fn who_they_are_is_nobody_else() {
    let world = World::new().await;
    let rita = world.linked().await;
    let eve = world.reviewer().await;
    let taken = world.api.services.workflows.link_staff_identity(eve, &world.identity("sub-rita"), &world.api.sent()).await;
    assert!(matches!(taken, Err(CommandError::Taken(ReservationKind::StaffIdentity))), "{taken:?}");
    // The same subject of another provider is somebody else.
    let elsewhere =
        command_handlers::workflows::ProviderIdentity { issuer: "https://id.example".to_owned(), subject: "sub-rita".to_owned() };
    world.api.services.workflows.link_staff_identity(eve, &elsewhere, &world.api.sent()).await.unwrap();
    world.tell(rita, StaffCommand::UnlinkStaffIdentity {}).await;
    world.sign_in("rita").await.refused(401, "openid-sign-in-refused");
}

#[tokio::test]
async fn a_session_opened_there_ends_with_the_membership() {
    let world = World::new().await;
    let staff = world.linked().await;
    let signed_in = world.sign_in("rita").await.ok();
    let token = signed_in["token"].as_str().unwrap();
    world.tell(staff, StaffCommand::GrantStaffRole { role: StaffRole::Auditor }).await;
    world.api.get(QUEUE).by(token).send().await.ok();
    world.dismiss(staff).await;
    world.api.get(QUEUE).by(token).send().await.refused(401, "unauthenticated");
}

#[tokio::test]
async fn no_password_here_ends_or_opens_what_the_provider_opened() {
    let world = World::new().await;
    let staff = world.linked().await;
    world.established(staff).await;
    let token = world.sign_in("rita").await.ok()["token"].as_str().unwrap().to_owned();
    world.api.get(QUEUE).by(&token).send().await.ok();
    // As far as it goes before the sessions are ended one by one.
    world.tell(staff, StaffCommand::SetStaffPassword { password: CredentialId(world.api.id()) }).await;
    world.api.get(QUEUE).by(&token).send().await.ok();
    let issued = world.api.services.workflows.issue_staff_one_time_password(staff, "Vesta-Quill-9817-Marble", &world.api.sent()).await;
    issued.unwrap();
    world.api.get(QUEUE).by(&token).send().await.refused(401, "unauthenticated");
}
