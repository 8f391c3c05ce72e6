//! Input that is wrong has a clear answer and changes nothing.

use domain::Owner;
use domain::application::{Application, ApplicationCommand};
use domain::testing::reason;
use serde_json::json;

use super::common::Api;
use super::walk::{Walk, invitation, nominee, of_organization, profile};

#[tokio::test]
async fn a_body_that_is_too_large_is_refused() {
    let api = Api::start().await;
    let mut body = invitation("Fastener Works", &[]);
    body["message"] = json!("x".repeat(65 * 1024));
    let (_, token) = api.partner("Northwind Avionics").await;
    api.post("/v1/invitations").by(&token).json(&body).send().await.refused(413, "body-too-large");
}

#[tokio::test]
async fn a_wrong_type_an_unknown_field_and_what_is_no_json_are_refused_by_name() {
    let api = Api::start().await;
    let (_, token) = api.partner("Northwind Avionics").await;
    let mut wrong = invitation("Fastener Works", &[]);
    wrong["company"] = json!(17);
    api.post("/v1/invitations").by(&token).json(&wrong).send().await.refused_at(400, "malformed-request", "/company");
    let mut unknown = invitation("Fastener Works", &[]);
    unknown["discount"] = json!(true);
    let problem = api.post("/v1/invitations").by(&token).json(&unknown).send().await.refused(400, "malformed-request");
    assert!(problem["detail"].as_str().unwrap().contains("discount"), "{problem}");
    api.post("/v1/invitations").by(&token).bytes(b"{\"company\":".to_vec()).send().await.refused(400, "malformed-request");
    let form = api.post("/v1/invitations").by(&token).header("content-type", "text/plain").send().await;
    form.refused(415, "unsupported-media-type");
}

#[tokio::test]
async fn line_ends_and_control_characters_in_names_are_refused_and_all_that_is_wrong_is_told_at_once() {
    let api = Api::start().await;
    let (_, token) = api.partner("Northwind Avionics").await;
    for company in ["Fastener\r\nBcc: all@example.com", "Fastener\u{7}Works", "Fastener\u{202e}Works"] {
        let body = invitation(company, &[]);
        api.post("/v1/invitations").by(&token).json(&body).send().await.refused_at(422, "invalid-fields", "/company");
    }
    let walk = Walk::public(&api).await.human().await;
    let mut body = profile("150483782");
    body["profile"]["legal_name"] = json!("Fastener\nWorks");
    body["profile"]["address"]["country"] = json!("France");
    let reply = api.put(walk.at("/profile")).by(&walk.token).json(&body).send().await;
    let problem = reply.refused_at(422, "invalid-fields", "/profile/legal_name");
    assert_eq!(problem["errors"][1]["pointer"], "/profile/address/country", "{problem}");
    assert!(walk.look().await.get("profile").is_none());
}

#[tokio::test]
async fn a_profile_that_is_wrong_as_a_whole_is_refused_at_its_field() {
    let api = Api::start().await;
    let walk = Walk::public(&api).await.human().await;
    let mut body = profile("150483782");
    body["profile"]["address"]["lines"] = json!([]);
    let reply = api.put(walk.at("/profile")).by(&walk.token).json(&body).send().await;
    reply.refused_at(422, "invalid-fields", "/profile/address/lines");
    let mut body = profile("150483782");
    body["profile"]["identifiers"] = json!([{"scheme": "DUNS", "value": "1"}, {"scheme": "duns", "value": "1"}]);
    let reply = api.put(walk.at("/profile")).by(&walk.token).json(&body).send().await;
    reply.refused_at(422, "invalid-fields", "/profile/identifiers/1");
}

#[tokio::test]
async fn a_one_time_password_that_is_too_weak_is_refused_and_says_what_would_be_right() {
    let api = Api::start().await;
    let walk = Walk::public(&api).await.human().await.profiled("150483782").await;
    for weak in ["", "short", "password1234", "GraceMoreau2026", "tundra kettle"] {
        let mut body = nominee("Grace", &of_organization());
        body["one_time_password"] = json!(weak);
        let reply = api.post(walk.at("/administrators")).by(&walk.token).json(&body).send().await;
        let problem = reply.refused_at(422, "too-weak", "/one_time_password");
        assert!(weak.is_empty() || !problem.to_string().contains(weak), "{problem}");
    }
    assert_eq!(walk.look().await["administrators"], json!([]));
}

#[tokio::test]
async fn an_id_that_is_no_id_and_a_query_that_is_none_are_refused_clearly() {
    let api = Api::start().await;
    let reviewer = api.reviewer("Rita").await;
    api.get("/v1/registrations/17").by(&reviewer).send().await.refused_at(400, "malformed-request", "path");
    for (query, pointer) in [
        ("limit=0", "query:limit"),
        ("limit=101", "query:limit"),
        ("state=lost", "query:state"),
        ("after=yesterday", "query:after"),
        ("country=Atlantis", "query:country"),
        ("limit=many", "query"),
        ("sort=name", "query"),
    ] {
        let reply = api.get(format!("/v1/review/queue?{query}")).by(&reviewer).send().await;
        reply.refused_at(400, "malformed-request", pointer);
    }
    api.get("/v1/nothing").by(&reviewer).send().await.refused(404, "not-found");
    api.delete("/v1/review/queue").by(&reviewer).send().await.refused(405, "method-not-allowed");
}

#[tokio::test]
async fn an_idempotency_key_gives_the_same_answer_and_serves_one_request_only() {
    let api = Api::start().await;
    let (partner, token) = api.partner("Northwind Avionics").await;
    let application = api.application(Owner::Partner(partner), "SFT").await;
    let body = invitation("Fastener Works", &[application]);
    let send = |body: &serde_json::Value| api.post("/v1/invitations").by(&token).key("order 66").json(body).send();
    let first = send(&body).await.ok();
    let again = send(&body).await;
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(again.ok(), first);
    let retire = ApplicationCommand::RetireApplication { reason: reason("Replaced.") };
    api.services.handlers.handle::<Application>(application.0, retire, &api.sent()).await.unwrap();
    assert_eq!(send(&body).await.ok(), first, "whatever has changed since");
    let other = invitation("Rotor Works", &[application]);
    send(&other).await.refused_at(422, "idempotency-key-reused", "header:Idempotency-Key");
    let long = api.post("/v1/invitations").by(&token).key(&"x".repeat(256)).json(&body).send().await;
    long.refused_at(400, "malformed-request", "header:Idempotency-Key");
    // The same key of somebody else is another one.
    let (other_partner, other_token) = api.partner("Southwind Avionics").await;
    let theirs = api.application(Owner::Partner(other_partner), "SFT2").await;
    let reply = api.post("/v1/invitations").by(&other_token).key("order 66").json(&invitation("Fastener Works", &[theirs])).send().await;
    assert_ne!(reply.ok()["id"], first["id"]);
}

#[tokio::test]
async fn a_refusal_pins_nothing_to_its_key() {
    let api = Api::start().await;
    let walk = Walk::public(&api).await;
    let save = || api.put(walk.at("/profile")).by(&walk.token).key("k1").json(&profile("150483782")).send();
    save().await.refused(409, "step-out-of-order");
    let solution = walk.solution().await;
    api.post(walk.at("/human-check")).by(&walk.token).json(&solution).send().await.ok();
    save().await.ok();
}
