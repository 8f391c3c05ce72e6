//! What a service may look up of the ids that events name.

use super::setting::Stage;

#[tokio::test]
async fn what_an_account_needs_can_be_asked_for_as_soon_as_access_is_granted() {
    let stage = Stage::set().await;
    let (ugo, _) = stage.api.user(stage.rotor, "Ugo", &[]).await;
    stage.api.settle().await;
    stage.api.get(format!("/v1/users/{ugo}")).by(&stage.limited).send().await.refused(404, "not-found");
    stage.grant(ugo, stage.rotor, stage.transfer).await;
    let user = stage.api.get(format!("/v1/users/{ugo}")).by(&stage.limited).send().await.ok();
    assert_eq!((&user["given_name"], &user["family_name"], &user["email"]), (&"Ugo".into(), &"Example".into(), &"ugo@example.com".into()));
    assert!(user["user_id"].as_str().unwrap().starts_with("GU-"));
    assert_eq!((&user["organization"], &user["state"]), (&stage.rotor.to_string().into(), &"active".into()));
    assert!(user.get("one_time_password").is_none(), "that is between the user and their administrators: {user}");
    stage.revoke(ugo, stage.transfer).await;
    stage.api.get(format!("/v1/users/{ugo}")).by(&stage.limited).send().await.refused(404, "not-found");
    stage.api.get(format!("/v1/users/{ugo}")).by(&stage.all).send().await.ok();
}

#[tokio::test]
async fn a_limited_service_learns_nothing_of_others() {
    let stage = Stage::set().await;
    let limited = async |path: String| stage.api.get(path).by(&stage.limited).send().await;
    limited(format!("/v1/users/{}", stage.vera)).await.refused(404, "not-found");
    limited(format!("/v1/organizations/{}", stage.wing)).await.refused(404, "not-found");
    limited(format!("/v1/applications/{}", stage.platform)).await.refused(404, "not-found");
    let application = limited(format!("/v1/applications/{}", stage.transfer)).await.ok();
    assert_eq!(application["code"], "SFT");
    let all = limited("/v1/applications".to_owned()).await.ok();
    assert_eq!(all["items"].as_array().unwrap().len(), 1);
    let organization = limited(format!("/v1/organizations/{}", stage.rotor)).await.ok();
    assert_eq!(organization["profile"]["legal_name"], "Rotor Works");
    assert_eq!(organization["administrators"], serde_json::json!([]));
    stage.end_subscription(stage.rotor, stage.transfer).await;
    limited(format!("/v1/organizations/{}", stage.rotor)).await.refused(404, "not-found");
}

#[tokio::test]
async fn who_sees_everything_may_look_up_everything_that_is_public() {
    let stage = Stage::set().await;
    for path in [
        format!("/v1/users/{}", stage.vera),
        format!("/v1/users/{}", stage.uma),
        format!("/v1/organizations/{}", stage.wing),
        format!("/v1/applications/{}", stage.platform),
    ] {
        stage.api.get(path).by(&stage.all).send().await.ok();
    }
    stage.api.get(format!("/v1/users/{}", stage.api.id())).by(&stage.all).send().await.refused(404, "not-found");
}

#[tokio::test]
async fn nothing_is_left_to_look_up_of_who_was_erased() {
    let stage = Stage::set().await;
    stage.erase(stage.vera).await;
    let user = stage.api.get(format!("/v1/users/{}", stage.vera)).by(&stage.all).send().await.ok();
    assert!(user.get("given_name").is_none() && user.get("email").is_none(), "{user}");
}

#[tokio::test]
async fn a_subscription_and_access_are_shown_as_they_are_now_to_who_is_told_of_them() {
    let stage = Stage::set().await;
    let get = async |path: &str, token: &str| stage.api.get(path).by(token).send().await;
    let events = stage.events(&stage.limited, 0).await;
    // Their ids are those that events name.
    let [subscription, access] = ["subscription/", "access/"].map(|of| {
        let subject = |event: &serde_json::Value| Some(event["subject"].as_str()?.strip_prefix(of)?.to_owned());
        events.iter().find_map(subject).unwrap()
    });
    let (subscription, access) = (format!("/v1/subscriptions/{subscription}"), format!("/v1/accesses/{access}"));
    let shown = get(&subscription, &stage.limited).await.ok();
    assert_eq!((&shown["organization"], &shown["state"]), (&stage.rotor.to_string().into(), &"active".into()));
    let shown = get(&access, &stage.limited).await.ok();
    assert_eq!((&shown["user"], &shown["state"]), (&stage.uma.to_string().into(), &"granted".into()));
    stage.revoke(stage.uma, stage.transfer).await;
    assert_eq!(get(&access, &stage.limited).await.ok()["state"], "revoked");

    let other = domain::SubscriptionId::of(stage.wing, stage.platform);
    get(&format!("/v1/subscriptions/{other}"), &stage.limited).await.refused(404, "not-found");
    get(&format!("/v1/subscriptions/{other}"), &stage.all).await.ok();
    let other = domain::AccessId::of(stage.vera, stage.platform);
    get(&format!("/v1/accesses/{other}"), &stage.limited).await.refused(404, "not-found");
    get(&format!("/v1/accesses/{other}"), &stage.all).await.ok();
    get(&format!("/v1/accesses/{}", stage.api.id()), &stage.all).await.refused(404, "not-found");
}
