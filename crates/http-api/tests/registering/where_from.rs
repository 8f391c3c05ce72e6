//! Where requests come from, and where links lead.

use domain::StaffRole;
use serde_json::{Value, json};

use super::common::Api;

/// Begins a public registration, from this peer with these headers: the answer.
async fn begun(api: &Api, peer: &str, headers: &[(&'static str, &str)]) -> Value {
    let call = api
        .post("/v1/registrations")
        .from(peer)
        .json(&json!({ "name": "Ada Moreau", "email": "ada@fastener.example", "applications": ["BSCP"] }));
    headers.iter().fold(call, |call, (name, value)| call.header(name, *value)).send().await.ok()
}

#[tokio::test]
async fn history_says_the_network_that_the_request_came_from_whatever_the_client_says_of_it() {
    let api = Api::start().await;
    api.public_application("BSCP").await;
    let auditor = api.staff("Otto", &[StaffRole::Auditor]).await.1;
    for (peer, forwarded, expected) in [
        ("203.0.113.5", "198.51.100.1", "http 203.0.113.0/24"),
        ("10.0.0.1", "192.0.2.99, 198.51.100.1", "http 198.51.100.0/24"),
        ("10.0.0.1", "2001:db8:1:2::3", "http 2001:db8:1::/48"),
    ] {
        let case = begun(&api, peer, &[("x-forwarded-for", forwarded)]).await;
        let history = format!("/v1/history/case/{}", case["id"].as_str().unwrap());
        let lines = api.get(history).by(&auditor).send().await.ok();
        assert_eq!(lines["items"][0]["from"], expected, "{lines:#}");
    }
}

#[tokio::test]
async fn links_lead_to_the_configured_address_whatever_host_a_request_names() {
    let api = Api::start().await;
    api.public_application("BSCP").await;
    let names = [
        ("host", "evil.example"),
        ("x-forwarded-host", "evil.example"),
        ("forwarded", "host=evil.example;proto=http"),
        ("x-forwarded-proto", "http"),
    ];
    let case = begun(&api, "10.0.0.1", &names).await;
    assert!(case["resume_at"].as_str().unwrap().starts_with("https://gateway.example/registration/"), "{case:#}");
    assert!(!case.to_string().contains("evil.example"), "{case:#}");
}
