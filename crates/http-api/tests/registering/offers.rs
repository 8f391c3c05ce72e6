//! An invitation to a company that is registered already is an offer to it.

use domain::testing::identifier;
use domain::user::UserRole;
use domain::{OrganizationId, Owner};
use serde_json::json;

use super::common::Api;
use super::walk::{invitation, invitation_link};

/// A partner that offers an application to a registered organization: the organization and the invitation.
async fn offered(api: &Api) -> (OrganizationId, String, String) {
    let organization = api.organization("Fastener Works", &[identifier("CAGE", "1F9K2")]).await;
    let (partner, token) = api.partner("Northwind Avionics").await;
    let application = api.application(Owner::Partner(partner), "SFT").await;
    let mut body = invitation("Fastener Works SARL", &[application]);
    body["identifiers"] = json!([{"scheme": "CAGE", "value": "1f9k2"}]);
    let invited = api.post("/v1/invitations").by(&token).json(&body).send().await.ok();
    (organization, invited["id"].as_str().unwrap().to_owned(), token)
}

#[tokio::test]
async fn an_administrator_of_the_organization_accepts_it_after_signing_in() {
    let api = Api::start().await;
    let (organization, id, _) = offered(&api).await;
    let link = invitation_link(&api, &id, 0);
    assert_eq!(api.get("/v1/invitations/current").by(&link).send().await.ok()["next"], "sign_in");
    api.post("/v1/invitations/current/accept").by(&link).send().await.refused(409, "invitation-is-an-offer");

    let (_, administrator) = api.user(organization, "Grace", &[UserRole::OrganizationAdministrator]).await;
    let offers = api.get("/v1/offers?state=offered").by(&administrator).send().await.ok();
    assert_eq!((offers["items"][0]["id"].as_str(), &offers["items"][0]["inviter_name"]), (Some(id.as_str()), &json!("Northwind Avionics")));
    assert_eq!(offers["items"][0]["applications"][0]["prerequisites"], "Install the transfer client first.");
    let accept = || api.post(format!("/v1/offers/{id}/accept")).by(&administrator).send();
    assert_eq!(accept().await.ok()["state"], "offer_accepted");
    assert_eq!(accept().await.ok()["state"], "offer_accepted");
    let decline = api.post(format!("/v1/offers/{id}/decline")).by(&administrator).json(&json!({})).send().await;
    decline.refused(410, "offer-already-accepted");
}

#[tokio::test]
async fn an_offer_is_declined_with_a_reason() {
    let api = Api::start().await;
    let (organization, id, partner) = offered(&api).await;
    let (_, administrator) = api.user(organization, "Grace", &[UserRole::OrganizationAdministrator]).await;
    let body = json!({"reason": "We do not supply this programme."});
    api.post(format!("/v1/offers/{id}/decline")).by(&administrator).json(&body).send().await.ok();
    assert_eq!(api.get(format!("/v1/invitations/{id}")).by(&partner).send().await.ok()["state"], "offer_declined");
    api.post(format!("/v1/offers/{id}/accept")).by(&administrator).send().await.refused(410, "offer-declined");
}

#[tokio::test]
async fn nobody_else_answers_it() {
    let api = Api::start().await;
    let (organization, id, _) = offered(&api).await;
    let (_, user) = api.user(organization, "Uma", &[]).await;
    api.get("/v1/offers").by(&user).send().await.refused(403, "forbidden");
    api.post(format!("/v1/offers/{id}/accept")).by(&user).send().await.refused(403, "forbidden");
    let other = api.organization("Rotor Works", &[]).await;
    let (_, stranger) = api.user(other, "Olga", &[UserRole::OrganizationAdministrator]).await;
    assert_eq!(api.get("/v1/offers").by(&stranger).send().await.ok()["items"], json!([]));
    api.post(format!("/v1/offers/{id}/accept")).by(&stranger).send().await.refused(404, "not-found");
    api.post(format!("/v1/offers/{id}/decline")).by(&stranger).json(&json!({})).send().await.refused(404, "not-found");
    let revoked = api.id();
    api.post(format!("/v1/offers/{revoked}/accept")).by(&stranger).send().await.refused(404, "not-found");
}
