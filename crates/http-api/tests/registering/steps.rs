//! The steps of a registrant: in order, saved, resumable, theirs alone.

use domain::{Owner, RegistrationId};
use http_api::caller::links;
use key_ring::Link;
use serde_json::json;

use super::common::Api;
use super::walk::{STRONG, STRONGER, Walk, nominee, of_application, of_organization, profile};

#[tokio::test]
async fn a_step_out_of_order_says_which_one_is_missing() {
    let api = Api::start().await;
    let walk = Walk::public(&api).await;
    let missing = |problem: serde_json::Value, what: &str| assert!(problem["detail"].as_str().unwrap().contains(what), "{problem}");
    let put = api.put(walk.at("/profile")).by(&walk.token).json(&profile("150483782")).send().await;
    missing(put.refused(409, "step-out-of-order"), "human check");
    let walk = walk.human().await;
    let named = api.post(walk.at("/administrators")).by(&walk.token).json(&nominee("Grace", &of_organization())).send().await;
    missing(named.refused(409, "step-out-of-order"), "profile");
    let walk = walk.profiled("150483782").await;
    let confirmed = api.post(walk.at("/confirm")).by(&walk.token).send().await;
    missing(confirmed.refused(409, "step-out-of-order"), "organization administrator");
    let named = api.post(walk.at("/administrators")).by(&walk.token).json(&nominee("Grace", &of_organization())).send().await.ok();
    api.post(walk.at("/confirm")).by(&walk.token).send().await.ok();
    api.post(walk.at("/submit")).by(&walk.token).send().await.refused(409, "handover-not-acknowledged");
    let person = named["person"].as_str().unwrap();
    api.post(walk.at(&format!("/administrators/{person}/handover"))).by(&walk.token).send().await.ok();
    api.post(walk.at("/submit")).by(&walk.token).send().await.ok();
    api.post(walk.at("/submit")).by(&walk.token).send().await.refused(409, "already-submitted");
    let put = api.put(walk.at("/profile")).by(&walk.token).json(&profile("1")).send().await;
    put.refused(409, "dossier-frozen");
}

#[tokio::test]
async fn each_step_is_saved_and_the_same_link_resumes_it() {
    let api = Api::start().await;
    let (partner, token) = api.partner("Northwind Avionics").await;
    let application = api.application(Owner::Partner(partner), "SFT").await;
    let walk = Walk::invited(&api, &token, &[application]).await.human().await.profiled("150483782").await;
    let again = api.post("/v1/invitations/current/accept").by(&walk.token).send().await.ok();
    assert_eq!((again["id"].as_str(), &again["next_step"]["step"]), (Some(walk.id.as_str()), &json!("organization_administrators")));
    let seen = api.get("/v1/invitations/current").by(&walk.token).send().await.ok();
    assert_eq!((seen["next"].as_str(), seen["registration"].as_str()), (Some("resume_registration"), Some(walk.id.as_str())));
    assert_eq!(walk.look().await["profile"]["address"]["city"], "Toulouse");
    // Going back is allowed.
    let walk = walk.profiled("160483782").await;
    assert_eq!(walk.look().await["profile"]["identifiers"][0]["value"], "160483782");
}

#[tokio::test]
async fn a_registration_is_there_for_its_registrant_only() {
    let api = Api::start().await;
    let (partner, token) = api.partner("Northwind Avionics").await;
    let application = api.application(Owner::Partner(partner), "SFT").await;
    let walk = Walk::invited(&api, &token, &[application]).await;
    let other = Walk::public(&api).await;
    for (mine, theirs) in [(&walk, &other), (&other, &walk)] {
        api.get(theirs.at("")).by(&mine.token).send().await.refused(404, "not-found");
        api.get(theirs.at("/human-check")).by(&mine.token).send().await.refused(404, "not-found");
        api.get(theirs.at("/one-time-password")).by(&mine.token).send().await.refused(404, "not-found");
        let put = api.put(theirs.at("/profile")).by(&mine.token).json(&profile("1")).send().await;
        put.refused(404, "not-found");
        api.post(theirs.at("/submit")).by(&mine.token).send().await.refused(404, "not-found");
        api.post(theirs.at("/withdraw")).by(&mine.token).json(&json!({})).send().await.refused(404, "not-found");
    }
    api.get(walk.at("")).by(&token).send().await.refused(403, "forbidden");
    let nobodys = RegistrationId(api.id());
    let link = api.services.master.link_token(links::REGISTRATION, Link { id: nobodys.0, generation: 0 });
    api.get(format!("/v1/registrations/{nobodys}")).by(&link).send().await.refused(404, "not-found");
}

#[tokio::test]
async fn a_human_check_is_solved_for_its_registration_and_in_time() {
    let api = Api::start().await;
    let walk = Walk::public(&api).await;
    let application = api.public_application("FIS").await;
    let other = Walk::public_for(&api, application).await;
    let foreign = other.solution().await;
    let answer = |body: &serde_json::Value| api.post(walk.at("/human-check")).by(&walk.token).json(body).send();
    answer(&foreign).await.refused_at(422, "human-check-foreign", "/challenge");
    answer(&json!({"challenge": "nonsense", "nonce": 1})).await.refused(422, "human-check-foreign");
    let solution = walk.solution().await;
    let id: RegistrationId = walk.id.parse().unwrap();
    let text = solution["challenge"].as_str().unwrap();
    let wrong = (0..1000_u64).find(|nonce| api.services.human_check.verify(id, text, *nonce, api.now()).is_err()).unwrap();
    answer(&json!({"challenge": text, "nonce": wrong})).await.refused_at(422, "human-check-unsolved", "/nonce");
    api.pass_minutes(30);
    answer(&solution).await.refused(422, "human-check-expired");
    let solution = walk.solution().await;
    api.post(walk.at("/human-check")).by(&walk.token).key("once").json(&solution).send().await.ok();
    api.pass_minutes(30);
    let again = api.post(walk.at("/human-check")).by(&walk.token).key("once").json(&solution).send().await;
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
}

#[tokio::test]
async fn administrators_are_named_corrected_and_taken_back() {
    let api = Api::start().await;
    let (partner, token) = api.partner("Northwind Avionics").await;
    let application = api.application(Owner::Partner(partner), "SFT").await;
    let walk = Walk::invited(&api, &token, &[application]).await.human().await.profiled("150483782").await;
    let grace = walk.nominate("Grace", &of_organization()).await;
    let twice = api.post(walk.at("/administrators")).by(&walk.token).json(&nominee("Grace", &of_application(application))).send().await;
    twice.refused_at(409, "email-already-nominated", "/nominee/email");

    let mut corrected = nominee("Gracia", &of_organization());
    corrected.as_object_mut().unwrap().remove("role");
    corrected["one_time_password"] = json!(STRONGER);
    api.put(walk.at(&format!("/administrators/{grace}"))).by(&walk.token).json(&corrected).send().await.ok();
    let seen = walk.look().await;
    assert_eq!(seen["administrators"][0]["contact"]["given_name"], "Gracia");
    assert_eq!(seen["administrators"][0]["handover_acknowledged"], false, "the new one-time password is to be handed over as well");

    let roles = walk.at(&format!("/administrators/{grace}/roles"));
    let role = json!({"role": of_application(application)});
    api.post(roles.clone()).by(&walk.token).json(&role).send().await.ok();
    assert_eq!(walk.look().await["administrators"][0]["roles"].as_array().unwrap().len(), 2);
    api.delete(format!("{roles}/{application}")).by(&walk.token).send().await.ok();
    assert_eq!(walk.look().await["administrators"][0]["roles"], json!([of_organization()]));
    let gone = api.delete(format!("{roles}/organization-administrator")).by(&walk.token).send().await.ok();
    assert_eq!(gone["next_step"]["step"], "organization_administrators");
    api.delete(format!("{roles}/king")).by(&walk.token).send().await.refused_at(400, "malformed-request", "path");
    let stranger = json!({"role": of_organization()});
    let nobody = api.post(walk.at(&format!("/administrators/{}/roles", api.id()))).by(&walk.token).json(&stranger).send().await;
    nobody.refused(422, "not-nominated");
}

#[tokio::test]
async fn the_registrant_may_name_themselves() {
    let api = Api::start().await;
    let walk = Walk::public(&api).await.human().await.profiled("150483782").await;
    let mut myself = nominee("Ada", &of_organization());
    myself["is_registrant"] = json!(true);
    api.post(walk.at("/administrators")).by(&walk.token).json(&myself).send().await.ok();
    assert_eq!(walk.look().await["administrators"][0]["is_registrant"], true);
}

#[tokio::test]
async fn a_nomination_sent_again_names_the_same_person_and_keeps_the_first_one_time_password() {
    let api = Api::start().await;
    let walk = Walk::public(&api).await.human().await.profiled("150483782").await;
    let name = |secret: &str| {
        let mut body = nominee("Grace", &of_organization());
        body["one_time_password"] = json!(secret);
        let call = api.post(walk.at("/administrators")).by(&walk.token).key("n1").json(&body);
        call.send()
    };
    let first = name(STRONG).await.ok();
    let again = name(STRONGER).await;
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(again.ok()["person"], first["person"]);
    let seen = walk.look().await;
    assert_eq!(seen["administrators"].as_array().unwrap().len(), 1);

    let id: RegistrationId = walk.id.parse().unwrap();
    let state = api.services.handlers.state::<domain::registration::Registration>(id.0).await.unwrap().unwrap().0;
    let credential = state.case().unwrap().dossier.nominees[0].one_time_password;
    assert!(api.services.vault.activate(credential).await.unwrap());
    let verified = api.services.vault.verify(credential, STRONG, api.now()).await.unwrap();
    assert_eq!(verified, credential_vault::Verification::Ok);
}

#[tokio::test]
async fn a_change_may_name_the_version_that_it_rests_on() {
    let api = Api::start().await;
    let walk = Walk::public(&api).await.human().await.profiled("150483782").await;
    let version = walk.version().await;
    let walk = walk.profiled("160483782").await;
    let put = api.put(walk.at("/profile")).by(&walk.token).on(version).json(&profile("170483782")).send().await;
    let problem = put.refused(412, "dossier-changed");
    assert_eq!(problem["changed"], json!(["/profile/identifiers"]));
    let version = walk.version().await;
    let put = || api.put(walk.at("/profile")).by(&walk.token).on(version).key("p1").json(&profile("170483782")).send();
    put().await.ok();
    let again = put().await;
    assert_eq!(again.header("idempotent-replayed"), Some("true"), "it rests on a version that it has changed itself");
    again.ok();
}

#[tokio::test]
async fn what_is_changed_after_confirming_must_be_confirmed_again() {
    let api = Api::start().await;
    let walk = Walk::public(&api).await.filled("150483782").await.profiled("160483782").await;
    api.post(walk.at("/submit")).by(&walk.token).send().await.refused(409, "review-not-confirmed");
}

#[tokio::test]
async fn a_withdrawn_or_expired_registration_takes_no_more_steps() {
    let api = Api::start().await;
    let walk = Walk::public(&api).await.filled("150483782").await;
    api.post(walk.at("/withdraw")).by(&walk.token).json(&json!({"reason": "Wrong gateway."})).send().await.ok();
    assert_eq!(walk.look().await["stage"], "withdrawn");
    api.post(walk.at("/submit")).by(&walk.token).send().await.refused(410, "registration-withdrawn");
    let application = api.public_application("FIS").await;
    let late = Walk::public_for(&api, application).await.human().await;
    api.pass_minutes(61 * 24 * 60);
    let put = api.put(late.at("/profile")).by(&late.token).json(&profile("1")).send().await;
    put.refused(410, "registration-expired");
}

#[tokio::test]
async fn a_public_registration_tells_its_token_once_and_advises_to_check_with_the_buyer() {
    let api = Api::start().await;
    let application = api.public_application("BSCP").await;
    api.settle().await;
    let body = json!({"name": "Ada Moreau", "email": "ada@fastener.example", "applications": ["bscp"]});
    let begin = || api.post("/v1/registrations").key("k").json(&body).send();
    let started = begin().await.ok();
    assert!(started["advice"].as_str().unwrap().contains("buyer"), "{started}");
    assert_eq!(started["resume_at"], format!("https://gateway.example/registration/{}", started["token"].as_str().unwrap()));
    let again = begin().await.ok();
    assert_eq!((again["id"] == started["id"], again.get("token")), (true, None), "whoever repeats it need not be the registrant");
    let walk = Walk { api: &api, token: started["token"].as_str().unwrap().to_owned(), id: started["id"].as_str().unwrap().to_owned() };
    assert_eq!(walk.look().await["applications"][0]["id"], application.to_string());
}

#[tokio::test]
async fn only_what_is_public_can_be_registered_for_without_an_invitation() {
    let api = Api::start().await;
    let invited_only = api.application(Owner::Operator, "SFT").await;
    let linked = api
        .application_with(Owner::Operator, "B787", |details| {
            details.registration = domain::application::RegistrationPolicy::Public;
            let slug = domain::testing::text(domain::Slug::parse, "boeing-787");
            details.ways = vec![domain::application::Way::PublicLink(slug)];
        })
        .await;
    api.settle().await;
    let begin = |applications: serde_json::Value, link: Option<&str>| {
        let mut body = json!({"name": "Ada Moreau", "email": "ada@fastener.example", "applications": applications});
        if let Some(link) = link {
            body["link"] = json!(link);
        }
        let call = api.post("/v1/registrations").json(&body);
        call.send()
    };
    begin(json!([invited_only.to_string()]), None).await.refused_at(403, "not-open-this-way", "/applications");
    begin(json!([linked.to_string()]), None).await.refused(403, "not-open-this-way");
    begin(json!([]), Some("boeing-787")).await.ok();
    begin(json!([]), Some("boeing-777")).await.refused_at(422, "invalid-fields", "/link");
    begin(json!(["NOPE"]), None).await.refused_at(422, "invalid-fields", "/applications/0");
    begin(json!([api.id().to_string()]), None).await.refused_at(422, "unknown-application", "/applications");
    begin(json!([]), None).await.refused(422, "no-application");
}
