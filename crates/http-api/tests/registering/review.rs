//! Claims and decisions.

use domain::registration::Affiliation;
use domain::reservation::Reservation;
use domain::testing::identifier;
use domain::{Owner, Policy, RegistrationId, StaffRole};
use serde_json::{Value, json};

use super::common::{Api, Reply};
use super::walk::{Walk, invitation, invitation_link, profile};

/// Decides on a case: `approve`, `reject`.
async fn decide(walk: &Walk<'_>, reviewer: &str, what: &str, version: u64) -> Reply {
    let reason = json!({"reason": "Register entry checks out."});
    walk.api.post(walk.at(&format!("/{what}"))).by(reviewer).on(version).json(&reason).send().await
}

/// Asks the registrant for identifiers.
async fn ask(walk: &Walk<'_>, reviewer: &str, version: u64) -> Reply {
    let body = json!({"questions": [{"field": "/profile/identifiers", "question": "Please add your CAGE code."}]});
    walk.api.post(walk.at("/request-information")).by(reviewer).on(version).json(&body).send().await
}

#[tokio::test]
async fn a_case_is_one_reviewers_at_a_time() {
    let api = Api::start().await;
    let (rita, ruth) = (api.reviewer("Rita").await, api.reviewer("Ruth").await);
    let (_, lead) = api.staff("Lea", &[StaffRole::ReviewLead]).await;
    let walk = Walk::public(&api).await.submitted("150483782").await;
    let version = walk.version().await;
    decide(&walk, &rita, "approve", version).await.refused(409, "not-claimed");
    let claim = |token: &str| api.post(walk.at("/claim")).by(token).send();
    claim(&rita).await.ok();
    claim(&ruth).await.refused(409, "claimed-by-another");
    decide(&walk, &ruth, "approve", version).await.refused(409, "claimed-by-another");
    api.post(walk.at("/release")).by(&ruth).send().await.refused(409, "claimed-by-another");
    api.post(walk.at("/take-over")).by(&ruth).send().await.refused(403, "forbidden");
    api.post(walk.at("/take-over")).by(&lead).send().await.ok();
    decide(&walk, &lead, "approve", version).await.refused(403, "forbidden");
    api.post(walk.at("/release")).by(&lead).send().await.ok();
    claim(&ruth).await.ok();
    api.pass_minutes(61);
    decide(&walk, &ruth, "approve", version).await.refused(409, "claim-lapsed");
    claim(&rita).await.ok();
    decide(&walk, &rita, "reject", version).await.ok();
    decide(&walk, &rita, "approve", version).await.refused(409, "already-decided");
}

#[tokio::test]
async fn two_reviewers_who_claim_at_once_are_one_reviewer() {
    let api = Api::start().await;
    let (rita, ruth) = (api.reviewer("Rita").await, api.reviewer("Ruth").await);
    let walk = Walk::public(&api).await.submitted("150483782").await;
    let (one, other) = tokio::join!(api.post(walk.at("/claim")).by(&rita).send(), api.post(walk.at("/claim")).by(&ruth).send());
    let mut statuses = [one.status.as_u16(), other.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409]);
}

#[tokio::test]
async fn a_decision_names_the_version_that_it_was_made_on() {
    let api = Api::start().await;
    let rita = api.reviewer("Rita").await;
    let walk = Walk::public(&api).await.submitted("150483782").await.claimed(&rita).await;
    let version = walk.version().await;
    let reason = json!({"reason": "Fine."});
    for what in ["approve", "reject"] {
        let without = api.post(walk.at(&format!("/{what}"))).by(&rita).json(&reason).send().await;
        without.refused_at(428, "version-required", "header:If-Match");
        let odd = api.post(walk.at(&format!("/{what}"))).by(&rita).header("if-match", "*").json(&reason).send().await;
        odd.refused_at(400, "malformed-request", "header:If-Match");
        decide(&walk, &rita, what, version + 1).await.refused_at(412, "dossier-version-unknown", "header:If-Match");
    }
    ask(&walk, &rita, version).await.ok();
    let walk = walk.profiled("160483782").await;
    api.post(walk.at("/confirm")).by(&walk.token).send().await.ok();
    api.post(walk.at("/resubmit")).by(&walk.token).json(&json!({"answer": "Here it is."})).send().await.ok();
    let walk = walk.claimed(&rita).await;
    let stale = decide(&walk, &rita, "approve", version).await.refused(412, "dossier-changed");
    assert_eq!(stale["changed"], json!(["/profile/identifiers"]));
    decide(&walk, &rita, "approve", walk.version().await).await.ok();
}

#[tokio::test]
async fn information_is_asked_for_field_by_field_and_comes_back() {
    let api = Api::start().await;
    let rita = api.reviewer("Rita").await;
    let walk = Walk::public(&api).await.submitted("150483782").await.claimed(&rita).await;
    let version = walk.version().await;
    let none = api.post(walk.at("/request-information")).by(&rita).on(version).json(&json!({"questions": []})).send().await;
    none.refused_at(422, "no-question", "/questions");
    let nowhere = json!({"questions": [{"field": "identifiers", "question": "Which?"}]});
    let nowhere = api.post(walk.at("/request-information")).by(&rita).on(version).json(&nowhere).send().await;
    nowhere.refused_at(422, "question-without-field", "/questions/0/field");
    ask(&walk, &rita, version).await.ok();
    let seen = walk.look().await;
    assert_eq!(seen["questions"], json!([{"field": "/profile/identifiers", "question": "Please add your CAGE code."}]));
    assert_eq!((seen["next_step"]["step"].as_str(), seen.get("due")), (Some("resubmit"), None), "the clock stands");
    decide(&walk, &rita, "approve", version).await.refused(409, "information-awaited");
    let back = api.post(walk.at("/resubmit")).by(&walk.token).json(&json!({})).send().await.ok();
    assert_eq!(back["stage"], "submitted");
    assert!(back["due"]["at"].is_string(), "{back}");
}

#[tokio::test]
async fn who_has_to_do_with_the_organization_does_not_decide() {
    let api = Api::start().await;
    let (staff, rita) = api.staff("Rita", &[StaffRole::Reviewer]).await;
    let walk = Walk::public(&api).await.submitted("150483782").await.claimed(&rita).await;
    api.affiliate(staff, Affiliation::Identifier(identifier("DUNS", "150483782"))).await;
    decide(&walk, &rita, "approve", walk.version().await).await.refused(403, "reviewer-involved");
    // Who submitted it does not review it either, recognized by the address.
    let (_, ada) = api.staff("Ada", &[StaffRole::Reviewer]).await;
    let application = api.public_application("FIS").await;
    let body = json!({"name": "Ada Example", "email": "ADA@example.com", "applications": [application.to_string()]});
    let started = api.post("/v1/registrations").json(&body).send().await.ok();
    let (token, id) = (started["token"].as_str().unwrap().to_owned(), started["id"].as_str().unwrap().to_owned());
    let hers = Walk { api: &api, token, id }.submitted("160483782").await;
    api.post(hers.at("/claim")).by(&ada).send().await.refused(403, "reviewer-involved");
}

#[tokio::test]
async fn an_administrator_who_invites_a_company_does_not_decide_on_it_as_a_reviewer() {
    let api = Api::start().await;
    let application = api.application_with(Owner::Operator, "FIS", |_| {}).await;
    let (_, both) = api.staff("Anna", &[StaffRole::Administrator, StaffRole::Reviewer]).await;
    let (_, resender) = api.staff("Otto", &[StaffRole::Administrator, StaffRole::Reviewer]).await;
    let invited = api.post("/v1/invitations").by(&both).json(&invitation("Fastener Works", &[application])).send().await.ok();
    let id = invited["id"].as_str().unwrap();
    api.post(format!("/v1/invitations/{id}/resend")).by(&resender).json(&json!({})).send().await.ok();
    let token = invitation_link(&api, id, 1);
    let begun = api.post("/v1/invitations/current/accept").by(&token).send().await.ok();
    let walk = Walk { api: &api, token, id: begun["id"].as_str().unwrap().to_owned() }.submitted("150483782").await;
    for inviter in [&both, &resender] {
        api.post(walk.at("/claim")).by(inviter).send().await.refused(403, "reviewer-involved");
    }
    let rita = api.reviewer("Rita").await;
    let walk = walk.claimed(&rita).await;
    decide(&walk, &rita, "approve", walk.version().await).await.ok();
}

#[tokio::test]
async fn one_registered_identifier_never_becomes_two_organizations() {
    let api = Api::start().await;
    let rita = api.reviewer("Rita").await;
    let registered = api.organization("Fastener Works", &[identifier("DUNS", "150483782")]).await;
    let walk = Walk::public(&api).await.submitted("15-048-3782").await.claimed(&rita).await;
    let version = walk.version().await;
    let problem = decide(&walk, &rita, "approve", version).await.refused_at(409, "identifier-taken", "/profile/identifiers");
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("DUNS 15-048-3782") && detail.contains(&registered.to_string()), "{detail}");
    let link = |organization: String| {
        let body = json!({"organization": organization, "reason": "The same D-U-N-S number."});
        api.post(walk.at("/link-to-organization")).by(&rita).on(version).json(&body).send()
    };
    link(api.id().to_string()).await.refused_at(422, "invalid-fields", "/organization");
    assert_eq!(link(registered.to_string()).await.ok()["stage"], "linked");
}

#[tokio::test]
async fn a_company_whose_organization_was_closed_registers_anew_with_the_same_identifier() {
    let api = Api::start().await;
    let rita = api.reviewer("Rita").await;
    let registered = api.organization("Fastener Works", &[identifier("DUNS", "150483782")]).await;
    let walk = Walk::public(&api).await.submitted("150483782").await.claimed(&rita).await;
    let version = walk.version().await;
    decide(&walk, &rita, "approve", version).await.refused(409, "identifier-taken");
    let (_, administrator) = api.staff("Anna", &[StaffRole::Administrator]).await;
    let close = json!({"reason": "Out of business."});
    api.post(format!("/v1/organizations/{registered}/close")).by(&administrator).json(&close).send().await.ok();
    assert_eq!(decide(&walk, &rita, "approve", version).await.ok()["stage"], "approved");
}

#[tokio::test]
async fn of_two_cases_with_one_identifier_approved_at_once_one_is_refused() {
    let api = Api::start().await;
    let (rita, ruth) = (api.reviewer("Rita").await, api.reviewer("Ruth").await);
    let one = Walk::public(&api).await.submitted("150483782").await.claimed(&rita).await;
    let application = api.public_application("FIS").await;
    let other = Walk::public_for(&api, application).await.submitted("150483782").await.claimed(&ruth).await;
    let version = one.version().await;
    let (first, second) = tokio::join!(decide(&one, &rita, "approve", version), decide(&other, &ruth, "approve", version));
    let mut statuses = [first.status.as_u16(), second.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409]);
    // The one that was refused can be approved with another identifier.
    let (loser, reviewer) = if first.status == 409 { (one, rita) } else { (other, ruth) };
    ask(&loser, &reviewer, version).await.ok();
    let loser = loser.profiled("160483782").await;
    api.post(loser.at("/confirm")).by(&loser.token).send().await.ok();
    api.post(loser.at("/resubmit")).by(&loser.token).json(&json!({})).send().await.ok();
    let loser = loser.claimed(&reviewer).await;
    let version = loser.version().await;
    assert_eq!(decide(&loser, &reviewer, "approve", version).await.ok()["stage"], "approved");
}

#[tokio::test]
async fn where_something_speaks_for_care_the_second_person_is_another_one() {
    let api = Api::start().await;
    let (rita, ruth) = (api.reviewer("Rita").await, api.reviewer("Ruth").await);
    let walk = Walk::public(&api).await.submitted("150483782").await;
    let signal = json!({"signal": "The register shows another address."});
    api.post(walk.at("/risks")).by(&rita).json(&signal).send().await.ok();
    let walk = walk.claimed(&rita).await;
    let version = walk.version().await;
    assert_eq!(decide(&walk, &rita, "approve", version).await.ok()["stage"], "submitted");
    let walk = walk.claimed(&rita).await;
    decide(&walk, &rita, "approve", version).await.refused(403, "second-approval-by-same-person");
    api.post(walk.at("/release")).by(&rita).send().await.ok();
    let walk = walk.claimed(&ruth).await;
    assert_eq!(decide(&walk, &ruth, "approve", version).await.ok()["stage"], "approved");
}

#[tokio::test]
async fn an_approval_is_undone_within_its_window_and_a_mistaken_rejection_reopened() {
    let api = Api::with(Policy { undo_window_minutes: 30, ..Policy::default() }).await;
    let (_, rita) = api.staff("Rita", &[StaffRole::Reviewer]).await;
    let (_, lead) = api.staff("Lea", &[StaffRole::ReviewLead]).await;
    let walk = Walk::public(&api).await.submitted("150483782").await.claimed(&rita).await;
    let version = walk.version().await;
    assert_eq!(decide(&walk, &rita, "approve", version).await.ok()["stage"], "approval_pending");
    assert_eq!(walk.look().await["stage"], "in_review", "nobody outside is told before");
    let reason = json!({"reason": "Wrong company."});
    let undone = api.post(walk.at("/undo-approval")).by(&rita).json(&reason).send().await.ok();
    assert_eq!(undone["stage"], "submitted");
    api.post(walk.at("/undo-approval")).by(&rita).json(&reason).send().await.refused(409, "no-approval-pending");
    let walk = walk.claimed(&rita).await;
    decide(&walk, &rita, "reject", version).await.ok();
    assert_eq!(walk.look().await["rejected_because"], "Register entry checks out.");
    api.post(walk.at("/reopen")).by(&rita).json(&reason).send().await.refused(403, "forbidden");
    assert_eq!(api.post(walk.at("/reopen")).by(&lead).json(&reason).send().await.ok()["stage"], "submitted");
    let walk = walk.claimed(&rita).await;
    decide(&walk, &rita, "approve", version).await.ok();
    api.pass_minutes(31);
    api.post(walk.at("/undo-approval")).by(&rita).json(&reason).send().await.refused(409, "undo-window-over");
}

#[tokio::test]
async fn a_batch_decides_each_case_by_itself() {
    let api = Api::start().await;
    let rita = api.reviewer("Rita").await;
    let application = api.public_application("BSCP").await;
    let mut walks = Vec::new();
    for duns in ["150483781", "150483782", "150483783"] {
        walks.push(Walk::public_for(&api, application).await.submitted(duns).await);
    }
    for walk in &walks[..2] {
        api.post(walk.at("/claim")).by(&rita).send().await.ok();
    }
    let version = walks[0].version().await;
    let looked = |walk: &Walk<'_>, version: u64| json!({"id": walk.id, "dossier_version": version});
    let items = vec![looked(&walks[0], version), looked(&walks[1], version + 9), looked(&walks[2], version)];
    let body = json!({"registrations": items, "reason": "Pre-approved suppliers."});
    let batch = |body: &Value| api.post("/v1/review/approvals").by(&rita).key("b1").json(body).send();
    let outcomes = batch(&body).await.ok();
    assert_eq!(outcomes["outcomes"][0]["stage"], "approved");
    assert_eq!(outcomes["outcomes"][1]["problem"]["status"], 412);
    assert_eq!(outcomes["outcomes"][2]["problem"]["type"], "urn:gatehouse:problem:not-claimed");
    assert_eq!(batch(&body).await.ok(), outcomes, "the same key again gets the same outcomes");
    let twice = json!({"registrations": [looked(&walks[2], 1), looked(&walks[2], 1)], "reason": "Fine."});
    batch(&twice).await.refused_at(422, "invalid-fields", "/registrations/1/id");
    let many: Vec<Value> = (0..31).map(|_| json!({"id": api.id(), "dossier_version": 1})).collect();
    batch(&json!({"registrations": many, "reason": "Fine."})).await.refused_at(422, "invalid-fields", "/registrations");
    batch(&json!({"registrations": [looked(&walks[2], 1)], "reason": " "})).await.refused_at(422, "invalid-fields", "/reason");
}

#[tokio::test]
async fn the_queue_is_paged_by_key_and_filtered() {
    let api = Api::start().await;
    let rita = api.reviewer("Rita").await;
    let (bscp, fis) = (api.public_application("BSCP").await, api.public_application("FIS").await);
    let mut order = Vec::new();
    for (index, application) in [bscp, fis, bscp].into_iter().enumerate() {
        order.push(Walk::public_for(&api, application).await.submitted(&format!("15048378{index}")).await.id);
        api.pass_minutes(10);
    }
    let page = |query: String| api.get(format!("/v1/review/queue?{query}")).by(&rita).send();
    let ids = |page: &Value| -> Vec<String> {
        page["items"].as_array().unwrap().iter().map(|item| item["registration"].as_str().unwrap().to_owned()).collect()
    };
    let first = page("limit=2".to_owned()).await.ok();
    assert_eq!(ids(&first), order[..2], "those due first come first");
    let second = page(format!("limit=2&after={}", first["next"].as_str().unwrap())).await.ok();
    assert_eq!((ids(&second), second.get("next")), (order[2..].to_vec(), None));
    assert_eq!(ids(&page(format!("application={fis}")).await.ok()), order[1..2]);
    assert_eq!(ids(&page("country=fr&text=fastener".to_owned()).await.ok()).len(), 3);
    let claimed = Walk { api: &api, token: String::new(), id: order[2].clone() }.claimed(&rita).await;
    assert_eq!(ids(&page("state=in_review".to_owned()).await.ok()), std::slice::from_ref(&claimed.id));
    api.pass_minutes(5 * 24 * 60);
    assert_eq!(page(String::new()).await.ok()["counts"]["overdue"], 3);
}

#[tokio::test]
async fn an_auditor_reads_and_decides_nothing() {
    let api = Api::start().await;
    let (_, auditor) = api.staff("Otto", &[StaffRole::Auditor]).await;
    let walk = Walk::public(&api).await.submitted("150483782").await;
    api.get(walk.at("")).by(&auditor).send().await.ok();
    api.post(walk.at("/claim")).by(&auditor).send().await.refused(403, "forbidden");
    api.put(walk.at("/profile")).by(&auditor).json(&profile("1")).send().await.refused(403, "forbidden");
    let nobodys = RegistrationId(api.id());
    api.get(format!("/v1/registrations/{nobodys}")).by(&auditor).send().await.refused(404, "not-found");
}

#[tokio::test]
async fn four_eyes_of_an_application_take_identifiers_with_the_second_approval_only() {
    let api = Api::start().await;
    let (rita, ruth) = (api.reviewer("Rita").await, api.reviewer("Ruth").await);
    let application = api
        .application_with(Owner::Operator, "FOUR", |details| {
            details.registration = domain::application::RegistrationPolicy::Public;
            details.ways = vec![domain::application::Way::PublicRegistration];
            details.four_eyes = true;
        })
        .await;
    let walk = Walk::public_for(&api, application).await.submitted("150483782").await.claimed(&rita).await;
    let version = walk.version().await;
    decide(&walk, &rita, "approve", version).await.ok();
    let owner = async || {
        let reservation = api.services.workflows.registered_identifier(&identifier("DUNS", "150483782"));
        api.services.handlers.inspect::<Reservation, _>(reservation.0, |state, _| state.owner()).await.unwrap().flatten()
    };
    assert_eq!(owner().await, None);
    let walk = walk.claimed(&ruth).await;
    decide(&walk, &ruth, "approve", version).await.ok();
    assert!(owner().await.is_some());
}
