//! The thin path: invite, register, submit, queue, approve.

use domain::{Owner, RegistrationId, StaffRole};
use serde_json::json;

use super::common::Api;
use super::walk::{STRONG, Walk, invitation, invitation_link, nominee, of_application, of_organization, profile};

#[tokio::test]
async fn a_company_comes_from_an_invitation_to_its_approval() {
    let api = Api::start().await;
    let (partner, token) = api.partner("Northwind Avionics").await;
    let application = api.application(Owner::Partner(partner), "SFT").await;
    let reviewer = api.reviewer("Rita").await;

    let created = api.post("/v1/invitations").by(&token).json(&invitation("Fastener Works", &[application])).send().await;
    assert_eq!(created.status, 201);
    let id = created.ok()["id"].as_str().unwrap().to_owned();
    let link = invitation_link(&api, &id, 0);
    let seen = api.get("/v1/invitations/current").by(&link).send().await.ok();
    assert_eq!(seen["inviter_name"], "Northwind Avionics");
    assert_eq!(seen["next"], "register");
    assert_eq!(seen["applications"][0]["prerequisites"], "Install the transfer client first.");

    let begun = api.post("/v1/invitations/current/accept").by(&link).send().await.ok();
    assert_eq!(begun["next_step"]["step"], "human_check");
    let walk = Walk { api: &api, token: link.clone(), id: begun["id"].as_str().unwrap().to_owned() };
    let solution = walk.solution().await;
    let passed = api.post(walk.at("/human-check")).by(&link).json(&solution).send().await.ok();
    assert_eq!(passed["next_step"]["step"], "profile");
    let saved = api.put(walk.at("/profile")).by(&link).json(&profile("150483782")).send().await.ok();
    assert_eq!(saved["next_step"]["step"], "organization_administrators");

    let proposed = api.get(walk.at("/one-time-password")).by(&link).send().await.ok();
    let mut grace = nominee("Grace", &of_organization());
    grace["one_time_password"] = proposed["one_time_password"].clone();
    let named = api.post(walk.at("/administrators")).by(&link).json(&grace).send().await.ok();
    assert_eq!(named["next_step"]["step"], "application_administrators");
    let person = named["person"].as_str().unwrap().to_owned();
    let role = json!({"role": of_application(application)});
    let selected = api.post(walk.at(&format!("/administrators/{person}/roles"))).by(&link).json(&role).send().await.ok();
    assert_eq!(selected["next_step"]["step"], "handover");
    let handed = api.post(walk.at(&format!("/administrators/{person}/handover"))).by(&link).send().await.ok();
    assert_eq!(handed["next_step"]["step"], "review");
    let confirmed = api.post(walk.at("/confirm")).by(&link).send().await.ok();
    assert_eq!(confirmed["next_step"]["step"], "submit");
    let submitted = api.post(walk.at("/submit")).by(&link).send().await.ok();
    assert_eq!(submitted["stage"], "submitted");
    assert!(submitted["due"]["in_words"].as_str().unwrap().contains("March 2026"), "{submitted}");
    let case_number = submitted["case_number"].as_str().unwrap();
    assert_eq!(submitted["status_page"], format!("https://gateway.example/status/{case_number}"));

    let queue = api.get("/v1/review/queue").by(&reviewer).send().await.ok();
    assert_eq!(queue["items"][0]["registration"], walk.id.as_str());
    assert_eq!(queue["counts"]["submitted"], 1);
    api.post(walk.at("/claim")).by(&reviewer).send().await.ok();
    let looked = api.get(walk.at("")).by(&reviewer).send().await;
    let version: u64 = looked.header("etag").unwrap().trim_matches('"').parse().unwrap();
    assert_eq!(looked.ok()["profile"]["legal_name"], "Fastener Works SARL");
    let reason = json!({"reason": "Register entry checks out."});
    let approved = api.post(walk.at("/approve")).by(&reviewer).on(version).json(&reason).send().await.ok();
    assert_eq!(approved["stage"], "approved");
    let status = api.get(format!("/v1/status/{case_number}")).send().await.ok();
    assert_eq!((status["state"].as_str(), status["next_actor"].as_str()), (Some("approved"), Some("nobody")));
}

#[tokio::test]
async fn a_public_registration_is_begun_resumed_and_approved() {
    let api = Api::start().await;
    let reviewer = api.reviewer("Rita").await;
    let walk = Walk::public(&api).await.filled("150483782").await;
    assert_eq!(walk.look().await["next_step"]["step"], "submit");
    let walk = Walk { api: &api, token: walk.token.clone(), id: walk.id.clone() };
    api.post(walk.at("/submit")).by(&walk.token).send().await.ok();
    let walk = walk.claimed(&reviewer).await;
    let version = walk.version().await;
    let reason = json!({"reason": "Fine."});
    api.post(walk.at("/approve")).by(&reviewer).on(version).json(&reason).send().await.ok();
    assert_eq!(walk.look().await["stage"], "approved");
}

#[tokio::test]
async fn a_one_time_password_is_shown_to_nobody() {
    let api = Api::start().await;
    let (_, lead) = api.staff("Lea", &[StaffRole::ReviewLead]).await;
    let walk = Walk::public(&api).await.filled("150483782").await;
    for token in [&walk.token, &lead] {
        let shown = api.get(walk.at("")).by(token).send().await.ok().to_string();
        assert!(!shown.contains(STRONG), "{shown}");
        assert!(shown.contains("grace@fastener.example"), "{shown}");
    }
}

#[tokio::test]
async fn the_registrant_does_not_see_what_belongs_to_the_review() {
    let api = Api::start().await;
    let reviewer = api.reviewer("Rita").await;
    let walk = Walk::public(&api).await.submitted("150483782").await;
    let signal = json!({"signal": "The register shows another address."});
    api.post(walk.at("/risks")).by(&reviewer).json(&signal).send().await.ok();
    assert!(walk.look().await.get("review").is_none());
    let seen = api.get(walk.at("")).by(&reviewer).send().await.ok();
    assert_eq!(seen["review"]["needs_two_people"], true);
    let id: RegistrationId = walk.id.parse().unwrap();
    let public = api.get(format!("/v1/registrations/{id}")).send().await;
    public.refused(401, "unauthenticated");
}
