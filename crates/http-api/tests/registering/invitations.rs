//! Invitations and their links.

use domain::testing::identifier;
use domain::{Owner, StaffRole};
use serde_json::{Value, json};

use super::common::Api;
use super::walk::{invitation, invitation_link};

#[tokio::test]
async fn a_partner_sees_and_changes_its_own_invitations_only() {
    let api = Api::start().await;
    let (north, north_token) = api.partner("Northwind Avionics").await;
    let (south, south_token) = api.partner("Southwind Avionics").await;
    let (of_north, of_south) =
        (api.application(Owner::Partner(north), "NORTH").await, api.application(Owner::Partner(south), "SOUTH").await);
    let body = invitation("Fastener Works", &[of_north]);
    let id = api.post("/v1/invitations").by(&north_token).json(&body).send().await.ok()["id"].as_str().unwrap().to_owned();
    api.post("/v1/invitations").by(&south_token).json(&invitation("Fastener Works", &[of_south])).send().await.ok();
    let foreign = api.post("/v1/invitations").by(&south_token).json(&invitation("Rotor Works", &[of_north])).send().await;
    foreign.refused_at(403, "not-your-application", "/applications");
    let again = api.post("/v1/invitations").by(&north_token).json(&invitation("FASTENER WORKS", &[of_north])).send().await;
    again.refused(409, "taken");

    let own = api.get("/v1/invitations").by(&north_token).send().await.ok();
    let ids: Vec<&str> = own["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap()).collect();
    assert_eq!(ids, [id.as_str()]);
    assert_eq!(api.get(format!("/v1/invitations/{id}")).by(&north_token).send().await.ok()["email"], "ada@fastener.example");
    api.get(format!("/v1/invitations/{id}")).by(&south_token).send().await.refused(404, "not-found");
    for action in ["resend", "revoke"] {
        let reply = api.post(format!("/v1/invitations/{id}/{action}")).by(&south_token).json(&json!({})).send().await;
        reply.refused(404, "not-found");
    }
    api.get(format!("/v1/invitations?partner={north}")).by(&south_token).send().await.refused(403, "forbidden");

    let (_, administrator) = api.staff("Anna", &[StaffRole::Administrator]).await;
    let seen = api.get(format!("/v1/invitations?partner={north}")).by(&administrator).send().await.ok();
    assert_eq!(seen["items"][0]["id"], id.as_str());
    let all = api.get("/v1/invitations").by(&administrator).send().await.ok();
    assert_eq!((all["items"].as_array().unwrap().len(), &all["items"][1]["id"]), (2, &json!(id)), "the newest first, of all inviters");
    let first = api.get("/v1/invitations?state=sent&limit=1").by(&administrator).send().await.ok();
    assert_eq!(first["items"][0], all["items"][0]);
    let next = format!("/v1/invitations?state=sent&limit=1&after={}", first["next"].as_str().unwrap());
    assert_eq!(api.get(next).by(&administrator).send().await.ok()["items"], json!([all["items"][1]]));
    assert_eq!(api.get("/v1/invitations?operator=true").by(&administrator).send().await.ok()["items"], json!([]));
    let both = format!("/v1/invitations?operator=true&partner={north}");
    api.get(both).by(&administrator).send().await.refused_at(400, "malformed-request", "query:operator");
    api.get("/v1/invitations?operator=true").by(&north_token).send().await.refused(403, "forbidden");
    let reply = api.post(format!("/v1/invitations/{id}/revoke")).by(&administrator).json(&json!({})).send().await;
    reply.refused(404, "not-found");
}

#[tokio::test]
async fn a_replaced_revoked_or_expired_link_says_so_and_works_no_more() {
    let api = Api::start().await;
    let (partner, token) = api.partner("Northwind Avionics").await;
    let application = api.application(Owner::Partner(partner), "SFT").await;
    let invite = async |company: &str| {
        let invited = api.post("/v1/invitations").by(&token).json(&invitation(company, &[application])).send().await.ok();
        invited["id"].as_str().unwrap().to_owned()
    };
    let id = invite("Fastener Works").await;
    let old = invitation_link(&api, &id, 0);
    let resent = api.post(format!("/v1/invitations/{id}/resend")).by(&token).json(&json!({"expires_in_days": 5})).send().await.ok();
    assert_eq!(resent["generation"], 1);
    api.get("/v1/invitations/current").by(&old).send().await.refused(410, "invitation-link-replaced");
    api.post("/v1/invitations/current/accept").by(&old).send().await.refused(410, "invitation-link-replaced");
    let unborn = invitation_link(&api, &id, 2);
    api.get("/v1/invitations/current").by(&unborn).send().await.refused(404, "invitation-not-found");
    let new = invitation_link(&api, &id, 1);
    api.get("/v1/invitations/current").by(&new).send().await.ok();
    assert_eq!(api.get(format!("/v1/invitations/{id}")).by(&token).send().await.ok()["state"], "opened");
    api.pass_minutes(6 * 24 * 60);
    api.get("/v1/invitations/current").by(&new).send().await.refused(410, "invitation-expired");
    api.post("/v1/invitations/current/accept").by(&new).send().await.refused(410, "invitation-expired");

    let id = invite("Rotor Works").await;
    let reason = json!({"reason": "Invited by mistake."});
    let revoked = api.post(format!("/v1/invitations/{id}/revoke")).by(&token).json(&reason).send().await.ok();
    assert_eq!(revoked["state"], "revoked");
    let problem = api.get("/v1/invitations/current").by(&invitation_link(&api, &id, 0)).send().await.refused(410, "invitation-revoked");
    assert!(problem["detail"].as_str().unwrap().contains("taken back"), "{problem}");
    let resend = api.post(format!("/v1/invitations/{id}/resend")).by(&token).json(&json!({})).send().await;
    resend.refused(410, "invitation-revoked");
}

#[tokio::test]
async fn an_invitation_is_accepted_once_however_often_its_link_is_followed() {
    let api = Api::start().await;
    let (partner, token) = api.partner("Northwind Avionics").await;
    let application = api.application(Owner::Partner(partner), "SFT").await;
    let invited = api.post("/v1/invitations").by(&token).json(&invitation("Fastener Works", &[application])).send().await.ok();
    let id = invited["id"].as_str().unwrap();
    let link = invitation_link(&api, id, 0);
    let accept = || api.post("/v1/invitations/current/accept").by(&link).send();
    let (one, other) = tokio::join!(accept(), accept());
    let (one, other) = (one.ok(), other.ok());
    assert_eq!(one["id"], other["id"]);
    assert_eq!(accept().await.ok()["id"], one["id"]);
    let resend = api.post(format!("/v1/invitations/{id}/resend")).by(&token).json(&json!({})).send().await;
    resend.refused(410, "invitation-already-accepted");
    let accepted = api.get("/v1/invitations?state=accepted").by(&token).send().await.ok();
    assert_eq!(accepted["items"][0]["registration"], one["id"]);
    assert_eq!(api.get("/v1/invitations?state=sent").by(&token).send().await.ok()["items"], json!([]));
}

#[tokio::test]
async fn invitations_are_paged_by_key_the_newest_first() {
    let api = Api::start().await;
    let (partner, token) = api.partner("Northwind Avionics").await;
    let application = api.application(Owner::Partner(partner), "SFT").await;
    for number in 0..5 {
        let body = invitation(&format!("Company {number}"), &[application]);
        api.post("/v1/invitations").by(&token).json(&body).send().await.ok();
    }
    let mut seen = Vec::new();
    let mut after = String::new();
    loop {
        let page = api.get(format!("/v1/invitations?limit=2{after}")).by(&token).send().await.ok();
        seen.extend(page["items"].as_array().unwrap().iter().map(|item| item["company"].as_str().unwrap().to_owned()));
        let Some(next) = page["next"].as_str() else { break };
        after = format!("&after={next}");
    }
    assert_eq!(seen, ["Company 4", "Company 3", "Company 2", "Company 1", "Company 0"]);
    api.get("/v1/invitations?after=x").by(&token).send().await.refused_at(400, "malformed-request", "query:after");
}

#[tokio::test]
async fn likely_duplicates_are_shown_before_inviting() {
    let api = Api::start().await;
    let registered = api.organization("Fastener Works GmbH", &[identifier("DUNS", "150483782")]).await;
    let (_, token) = api.partner("Northwind Avionics").await;
    api.settle().await;
    let find = |body: Value| api.post("/v1/invitations/likely-duplicates").by(&token).json(&body).send();
    let found = find(json!({"company": "FASTENER WORKS"})).await.ok();
    assert_eq!(
        (found["items"][0]["organization"].as_str(), &found["items"][0]["because"]),
        (Some(registered.to_string().as_str()), &json!(["name"]))
    );
    let found = find(json!({"company": "Fastening", "identifiers": [{"scheme": "duns", "value": "150483782"}]})).await.ok();
    assert_eq!(found["items"][0]["because"], json!(["identifier"]));
    assert_eq!(find(json!({"company": "Rotor Works"})).await.ok()["items"], json!([]));
    find(json!({"company": " ", "email": "nobody"})).await.refused_at(422, "invalid-fields", "/email");
}
