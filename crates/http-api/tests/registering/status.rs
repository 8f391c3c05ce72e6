//! Where a case stands, without a login.

use serde_json::json;

use super::common::Api;
use super::walk::Walk;

#[tokio::test]
async fn whoever_knows_the_case_number_sees_where_it_stands_and_nothing_else() {
    let api = Api::start().await;
    let walk = Walk::public(&api).await;
    let number = walk.look().await["case_number"].as_str().unwrap().to_owned();
    let filling = api.get(format!("/v1/status/{number}")).send().await.ok();
    assert_eq!((&filling["state"], &filling["next_actor"]), (&json!("filling"), &json!("registrant")));
    let walk = walk.submitted("150483782").await;
    let reviewer = api.reviewer("Rita").await;
    let walk = walk.claimed(&reviewer).await;
    let status = api.get(format!("/v1/status/{}", number.to_lowercase())).send().await.ok();
    assert_eq!((&status["state"], &status["next_actor"]), (&json!("in_review"), &json!("reviewer")));
    let mut told: Vec<&str> = status.as_object().unwrap().keys().map(String::as_str).collect();
    told.sort_unstable();
    assert_eq!(told, ["case_number", "due_at", "next_actor", "state", "submitted_at"]);
    let reason = json!({"reason": "Not a supplier."});
    api.post(walk.at("/reject")).by(&reviewer).on(walk.version().await).json(&reason).send().await.ok();
    let rejected = api.get(format!("/v1/status/{number}")).send().await.ok();
    assert!(!rejected.to_string().contains("supplier"), "{rejected}");
}

#[tokio::test]
async fn a_number_that_is_no_cases_is_not_found() {
    let api = Api::start().await;
    for number in ["GH-0000-0000-0000", "17", "%0d%0a", "GH-7K3M-Q2XD-9VTA%27%20OR%201=1"] {
        api.get(format!("/v1/status/{number}")).send().await.refused(404, "not-found");
    }
}
