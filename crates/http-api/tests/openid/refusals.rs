//! Who does not get in: each hears the same.

use serde_json::{Value, json};

use crate::common::Reply;
use crate::world::World;

/// Nobody was signed in, and nothing is told but that.
#[track_caller]
fn refused(reply: Reply) -> Value {
    let cookies: Vec<_> = reply.headers.get_all("set-cookie").iter().collect();
    assert_eq!(cookies.len(), 1, "no session: {cookies:?}");
    reply.refused(401, "openid-sign-in-refused")
}

#[tokio::test]
async fn whoever_is_not_linked_hears_the_same_as_who_left() {
    let world = World::new().await;
    let unknown = refused(world.sign_in("mallory").await);
    let staff = world.reviewer().await;
    let not_linked = refused(world.sign_in("rita").await);
    world.link(staff, "sub-rita").await;
    world.sign_in("rita").await.ok();
    world.dismiss(staff).await;
    assert_eq!([&refused(world.sign_in("rita").await), &not_linked], [&unknown, &unknown]);
}

#[tokio::test]
async fn each_way_is_gone_once_by_the_browser_that_began_it() {
    let world = World::new().await;
    world.linked().await;
    let (mine, others) = (world.begin("token").await, world.begin("token").await);
    let back = mine.log_in("rita");
    // Without the cookie, or with one that is none.
    refused(world.api.get(&back).send().await);
    refused(world.api.get(&back).header("cookie", "__Host-gatehouse-openid=ge_nonsense").send().await);
    refused(world.api.get(&back).header("cookie", format!("{}; {}", mine.cookie, others.cookie)).send().await);
    // In the browser of somebody else, who is not signed in by it as this one.
    refused(others.come_back(&back).await);
    mine.come_back(&back).await.ok();
    refused(mine.come_back(&back).await);
    // Whatever was wrong, what was begun is over.
    refused(others.come_back(&others.log_in("rita")).await);
}

#[tokio::test]
async fn who_takes_too_long_begins_again() {
    let world = World::new().await;
    world.linked().await;
    let browser = world.begin("token").await;
    let back = browser.log_in("rita");
    world.api.pass_minutes(11);
    refused(browser.come_back(&back).await);
}

#[tokio::test]
async fn what_the_provider_did_not_say_so_proves_nobody() {
    let world = World::new().await;
    world.linked().await;
    let soon = world.api.now().as_second();
    let first = refused(world.sign_in("mallory").await);
    for wrong in [
        json!({ "claims": { "nonce": "of-another-sign-in" } }),
        json!({ "claims": { "aud": "somebody-else" } }),
        json!({ "claims": { "iss": "https://evil.example" } }),
        json!({ "claims": { "exp": soon - 3600, "iat": soon - 7200 } }),
        json!({ "signed": "none" }),
        json!({ "signed": "shared" }),
        json!({ "signed": "strange" }),
    ] {
        world.wrong(&wrong);
        assert_eq!(refused(world.sign_in("rita").await), first, "{wrong}");
    }
    world.wrong(&json!({}));
    let browser = world.begin("token").await;
    let back = browser.log_in("rita");
    let (before, after) = back.split_once("state=").unwrap();
    let rest = after.split_once('&').map_or("", |(_, rest)| rest);
    assert_eq!(refused(browser.come_back(&format!("{before}state=of-another&{rest}")).await), first);
    let browser = world.begin("token").await;
    assert_eq!(refused(browser.come_back("/v1/sign-in/openid/callback?error=access_denied").await), first);
    world.sign_in("rita").await.ok();
}

#[tokio::test]
async fn a_provider_that_is_down_is_said_to_be() {
    let mut world = World::new().await;
    world.linked().await;
    let browser = world.begin("token").await;
    let (cookie, back) = (browser.cookie.clone(), browser.log_in("rita"));
    world.provider.stop();
    let reply = world.api.get(&back).header("cookie", cookie).send().await;
    assert!(reply.header("retry-after").is_some());
    reply.refused(503, "openid-provider-unavailable");
    // What it said of itself is not believed for ever.
    world.api.pass_minutes(61);
    let begin = world.api.post(crate::world::BEGIN).json(&json!({})).send().await;
    begin.refused(503, "openid-provider-unavailable");
    world.provider.restart();
    world.api.keep_real_time();
    world.sign_in("rita").await.ok();
}
