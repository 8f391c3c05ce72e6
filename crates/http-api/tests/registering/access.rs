//! What is no token, and what links are for.

use axum::http::Method;
use http_api::caller::links;
use key_ring::Link;

use super::common::Api;

#[tokio::test]
async fn a_token_that_is_not_one_lets_nobody_in_even_where_anybody_may() {
    let api = Api::start().await;
    for (method, path) in [(Method::GET, "/v1/review/queue"), (Method::GET, "/v1/status/GH-0000-0000-0000")] {
        api.call(method, path).by("gh_nonsense").send().await.refused(401, "unauthenticated");
    }
    api.get("/v1/review/queue").header("authorization", "Basic cml0YTpwdw==").send().await.refused(401, "unauthenticated");
}

#[tokio::test]
async fn a_link_for_one_purpose_is_refused_for_another() {
    let api = Api::start().await;
    let link = Link { id: api.id(), generation: 0 };
    let token = api.services.master.link_token("some other purpose", link);
    api.get("/v1/invitations/current").by(&token).send().await.refused(401, "unauthenticated");
    let registration = api.services.master.link_token(links::REGISTRATION, link);
    api.get("/v1/invitations/current").by(&registration).send().await.refused(403, "forbidden");
}
