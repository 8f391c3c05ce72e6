//! Sessions in cookies: what pages of other sites can make a browser send changes nothing, on any route.

use axum::http::Method;
use http_api::access::{Role, Row, Scope};

use super::callers::{OURS, Who};
use super::common::{Call, Reply};
use super::examples::{Target, path};
use super::matrix::World;

/// Those who can have a session.
const SIGNED_IN: [Who; 5] = [Who::OrganizationAdministrator, Who::User, Who::NewUser, Who::StaffMember, Who::Unproved];

/// What a browser or a program says of where a request comes from, when it is not from a page of this service.
const FOREIGN: [&[(&str, &str)]; 6] = [
    &[],
    &[("sec-fetch-site", "cross-site")],
    &[("sec-fetch-site", "same-site"), ("origin", "https://gateway.example")],
    &[("sec-fetch-site", "none"), ("origin", "https://gateway.example")],
    &[("origin", "https://gateway.example.evil.example")],
    &[("origin", "null")],
];

/// From a page of this service: as browsers of today say it, and as those before 2023 do.
const OWN: [&[(&str, &str)]; 2] =
    [&[("sec-fetch-site", "same-origin"), ("origin", "https://gateway.example")], &[("origin", "https://gateway.example")]];

impl World {
    /// The request of a row by this caller, with as little in it as can be.
    fn call(&self, row: &Row, who: Who) -> Call<'_> {
        let call = self.api.call(row.method.clone(), path(row, who, Target::Of(&self.sides[OURS]), &self.callers));
        if row.method == Method::GET { call } else { call.bytes(b"{}".to_vec()) }
    }

    /// The same, with the session in a cookie.
    async fn by_cookie(&self, row: &Row, who: Who, said: &[(&'static str, &str)]) -> Reply {
        let session = self.callers.token(who, &self.api, &self.sides[OURS]).await.unwrap();
        let call = self.call(row, who).header("cookie", format!("theme=dark; {}={session}", http_api::cookie::NAME));
        said.iter().fold(call, |call, (name, value)| call.header(name, *value)).send().await
    }
}

/// What does not end: it is asked elsewhere.
fn is_endless(row: &Row) -> bool {
    row.path == "/v1/events/stream"
}

#[tokio::test]
async fn no_route_that_changes_something_takes_a_cookie_from_another_site() {
    let world = World::new().await;
    let changing = http_api::table().into_iter().filter(|row| row.method != Method::GET);
    let mut routes = 0;
    for row in changing {
        routes += 1;
        for who in SIGNED_IN {
            for said in FOREIGN {
                world.by_cookie(&row, who, said).await.refused(403, "cross-site-request");
            }
        }
        // Whoever's the cookie may be, and on routes that are for anyone.
        world.call(&row, Who::User).header("cookie", "__Host-gatehouse=gs_nobodys").send().await.refused(403, "cross-site-request");
        world
            .call(&row, Who::User)
            .header("cookie", "__Host-gatehouse=a; __Host-gatehouse=b")
            .send()
            .await
            .refused(403, "cross-site-request");
    }
    assert!(routes > 60, "{routes}");
}

#[tokio::test]
async fn from_a_page_of_the_service_a_cookie_opens_what_its_session_opens_as_a_token() {
    let world = World::new().await;
    for row in http_api::table().iter().filter(|row| !is_endless(row)) {
        for who in SIGNED_IN {
            let token = world.callers.token(who, &world.api, &world.sides[OURS]).await.unwrap();
            let by_token = world.call(row, who).by(&token).send().await;
            for said in OWN {
                let by_cookie = world.by_cookie(row, who, said).await;
                // What was done already may be answered otherwise the second time; whether it is let through is not.
                let refused = |reply: &Reply| matches!(reply.status.as_u16(), 401 | 403).then(|| reply.body["type"].clone());
                assert_eq!(refused(&by_cookie), refused(&by_token), "{} {} by {who:?} from {said:?}", row.method, row.path);
            }
        }
    }
}

#[tokio::test]
async fn only_a_session_counts_as_a_cookie() {
    let world = World::new().await;
    let needs_somebody = |row: &&Row| !row.may.contains(&Role::Anyone.of(Scope::Everything)) && !is_endless(row);
    for who in [Who::Administrator, Who::Partner, Who::ServiceOfEverything, Who::Addressee, Who::Registrant, Who::Invitee] {
        for row in http_api::table().iter().filter(needs_somebody) {
            world.by_cookie(row, who, OWN[0]).await.refused(401, "unauthenticated");
        }
    }
}

#[tokio::test]
async fn of_a_cookie_and_an_authorization_header_the_header_counts_alone() {
    let world = World::new().await;
    let ours = &world.sides[OURS];
    let cookie = format!("__Host-gatehouse={}", world.callers.token(Who::User, &world.api, ours).await.unwrap());
    let reviewer = world.callers.token(Who::Reviewer, &world.api, ours).await.unwrap();
    // Who they are is by the token, and what the browser says of the site does not matter: no page can send the header unasked.
    world.api.get("/v1/me").by(&reviewer).header("cookie", &cookie).send().await.refused(403, "forbidden");
    let claim = format!("/v1/review/{}/claim", ours.invited.id);
    let claimed = world.api.post(claim).by(&reviewer).header("cookie", &cookie).header("sec-fetch-site", "cross-site").send().await;
    assert!(claimed.status.as_u16() != 401 && claimed.status.as_u16() != 403, "{} {}", claimed.status, claimed.body);
    // One that proves nobody is not made up for by the cookie.
    world.api.get("/v1/me").by("gs_nobodys").header("cookie", &cookie).send().await.refused(401, "unauthenticated");
    world.api.get("/v1/me").header("authorization", "Basic eDp5").header("cookie", &cookie).send().await.refused(401, "unauthenticated");
}
