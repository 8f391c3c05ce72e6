//! Signing in at a real provider: started by each test, its answers as they come, or changed where it is to do wrong.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods, reason = "tests, with the provider's clock")]

use jiff::{SignedDuration, Timestamp};
use openid_client::{Authenticated, OpenIdClient, OpenIdError, Refusal, Returned, Settings};
use test_support::servers::{OpenIdProvider, SmtpServer};

const BACK: &str = "http://127.0.0.1:8080/v1/sign-in/openid/callback";

fn provider() -> OpenIdProvider {
    OpenIdProvider::builder(BACK).user("rita", "correct-horse").start()
}

fn settings(provider: &OpenIdProvider) -> Settings {
    Settings {
        issuer: provider.issuer(),
        client_id: OpenIdProvider::CLIENT_ID.to_owned(),
        client_secret: OpenIdProvider::CLIENT_SECRET.to_owned().into(),
        redirect_uri: BACK.to_owned(),
        scopes: vec![],
        two_factor_acr: vec![OpenIdProvider::TWO_FACTORS.to_owned()],
        two_factor_amr: vec![],
        max_age: SignedDuration::from_mins(15),
        authorities: None,
    }
}

fn client(provider: &OpenIdProvider) -> OpenIdClient {
    OpenIdClient::new(settings(provider)).unwrap()
}

fn now() -> Timestamp {
    Timestamp::now()
}

/// What a browser comes back with.
struct Landed(Vec<(String, String)>);

impl Landed {
    fn at(address: &str) -> Self {
        assert!(address.starts_with(&format!("{BACK}?")), "{address}");
        let url = url::Url::parse(address).unwrap();
        Self(url.query_pairs().into_owned().collect())
    }

    fn without(mut self, name: &str) -> Self {
        self.0.retain(|(key, _)| key != name);
        self
    }

    fn with(self, name: &str, value: &str) -> Self {
        let mut other = self.without(name);
        other.0.push((name.to_owned(), value.to_owned()));
        other
    }

    fn returned(&self) -> Returned<'_> {
        let find = |name: &str| self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
        Returned { code: find("code"), state: find("state"), iss: find("iss"), error: find("error") }
    }
}

/// The whole way of somebody who does what they are asked to.
async fn sign_in(client: &OpenIdClient, provider: &OpenIdProvider) -> Result<Authenticated, OpenIdError> {
    let begun = client.begin(now()).await?;
    let landed = Landed::at(&provider.log_in(&begun.address, "rita", "correct-horse"));
    client.finish(&begun.errand, landed.returned(), now()).await
}

fn refused(outcome: Result<Authenticated, OpenIdError>) -> Refusal {
    match outcome {
        Err(OpenIdError::Refused(refusal)) => refusal,
        other => panic!("{other:?}"),
    }
}

fn unavailable(outcome: Result<impl std::fmt::Debug, OpenIdError>) -> String {
    match outcome {
        Err(OpenIdError::Unavailable(why)) => why,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn whoever_signs_in_at_the_provider_is_known_by_issuer_and_subject() {
    let provider = provider();
    let client = client(&provider);
    for _ in 0..2 {
        let before = now();
        let Authenticated { issuer, subject, two_factors, at } = sign_in(&client, &provider).await.unwrap();
        assert_eq!((issuer, subject.as_str(), two_factors), (provider.issuer(), "sub-rita", true));
        // The provider's clock shows whole seconds.
        assert!(before.as_second() <= at.as_second() && at <= now(), "{at}");
    }
    let asked = provider.requests();
    let times = |what: &str| asked.iter().filter(|request| request.as_str() == what).count();
    assert_eq!((times("GET /.well-known/openid-configuration"), times("GET /jwks"), times("POST /token")), (1, 1, 2), "{asked:?}");
}

#[tokio::test]
async fn two_factors_are_what_the_settings_say() {
    let provider = provider();
    let only = |acr: &[&str], amr: &[&str]| {
        let texts = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        OpenIdClient::new(Settings { two_factor_acr: texts(acr), two_factor_amr: texts(amr), ..settings(&provider) }).unwrap()
    };
    // Not asked for two factors, the provider sees one.
    assert!(!sign_in(&only(&[], &["mfa"]), &provider).await.unwrap().two_factors);
    assert!(sign_in(&only(&[], &["mfa", "pwd"]), &provider).await.unwrap().two_factors);
    assert!(!sign_in(&only(&[], &[]), &provider).await.unwrap().two_factors);
    assert!(sign_in(&only(&["urn:of:others", OpenIdProvider::TWO_FACTORS], &[]), &provider).await.unwrap().two_factors);
    // Asked for them, it may see fewer and say so.
    provider.misbehave(&serde_json::json!({ "claims": { "acr": "urn:example:acr:password", "amr": ["pwd"] } }));
    assert!(!sign_in(&only(&[OpenIdProvider::TWO_FACTORS], &["mfa"]), &provider).await.unwrap().two_factors);
    provider.misbehave(&serde_json::json!({ "claims": { "acr": null, "amr": null } }));
    assert!(!sign_in(&only(&[OpenIdProvider::TWO_FACTORS], &["mfa"]), &provider).await.unwrap().two_factors);
}

#[tokio::test]
async fn other_signatures_hold_as_well() {
    for algorithm in ["ES256", "PS256", "RS512"] {
        let provider = OpenIdProvider::builder(BACK).user("rita", "correct-horse").signing_algorithm(algorithm).start();
        sign_in(&client(&provider), &provider).await.unwrap_or_else(|error| panic!("{algorithm}: {error}"));
    }
}

#[tokio::test]
async fn what_comes_back_must_belong_to_what_was_begun() {
    let provider = provider();
    let client = client(&provider);
    let (mine, others) = (client.begin(now()).await.unwrap(), client.begin(now()).await.unwrap());
    let landed = || Landed::at(&provider.log_in(&mine.address, "rita", "correct-horse"));
    let finish = async |errand, landed: &Landed| client.finish(errand, landed.returned(), now()).await;
    assert_eq!(refused(finish(&others.errand, &landed()).await), Refusal::OtherState);
    assert_eq!(refused(finish(&mine.errand, &landed().without("state")).await), Refusal::OtherState);
    assert_eq!(refused(finish(&mine.errand, &landed().with("iss", "https://evil.example")).await), Refusal::OtherIssuer);
    assert_eq!(refused(finish(&mine.errand, &landed().without("iss")).await), Refusal::OtherIssuer);
    assert_eq!(refused(finish(&mine.errand, &landed().without("code")).await), Refusal::NoCode);
    let denied = landed().with("error", "access_denied");
    assert_eq!(refused(finish(&mine.errand, &denied).await), Refusal::Denied("access_denied".to_owned()));
    assert_eq!(
        refused(finish(&mine.errand, &landed().with("code", "nonsense")).await),
        Refusal::ExchangeRefused("invalid_grant".to_owned())
    );
}

#[tokio::test]
async fn a_code_is_of_use_to_whoever_began_and_once() {
    let provider = provider();
    let client = client(&provider);
    let (mine, others) = (client.begin(now()).await.unwrap(), client.begin(now()).await.unwrap());
    let landed = Landed::at(&provider.log_in(&mine.address, "rita", "correct-horse"));
    // A code that was taken from another's browser and put into this one: PKCE.
    let theirs = Landed::at(&provider.log_in(&others.address, "rita", "correct-horse"));
    let injected = Landed::at(&provider.log_in(&mine.address, "rita", "correct-horse")).with("code", theirs.returned().code.unwrap());
    assert!(matches!(refused(client.finish(&mine.errand, injected.returned(), now()).await), Refusal::ExchangeRefused(_)));
    client.finish(&mine.errand, landed.returned(), now()).await.unwrap();
    assert!(matches!(refused(client.finish(&mine.errand, landed.returned(), now()).await), Refusal::ExchangeRefused(_)));
}

#[tokio::test]
async fn a_token_that_says_something_else_proves_nobody() {
    let provider = provider();
    let client = client(&provider);
    let seconds = |offset: i64| now().as_second() + offset;
    let cases = [
        ("iss", serde_json::json!({ "iss": "https://evil.example" })),
        ("iss", serde_json::json!({ "iss": null })),
        ("aud", serde_json::json!({ "aud": "somebody-else" })),
        ("aud", serde_json::json!({ "aud": ["gatehouse", "somebody-else"] })),
        ("aud", serde_json::json!({ "aud": [] })),
        ("azp", serde_json::json!({ "azp": "somebody-else" })),
        ("exp", serde_json::json!({ "exp": seconds(-120) })),
        ("exp", serde_json::json!({ "exp": null })),
        ("nbf", serde_json::json!({ "nbf": seconds(600) })),
        ("iat", serde_json::json!({ "iat": seconds(-3600) })),
        ("iat", serde_json::json!({ "iat": seconds(600) })),
        ("auth_time", serde_json::json!({ "auth_time": seconds(-3600) })),
        ("auth_time", serde_json::json!({ "auth_time": null })),
        ("nonce", serde_json::json!({ "nonce": "of-another-sign-in" })),
        ("nonce", serde_json::json!({ "nonce": null })),
        ("at_hash", serde_json::json!({ "at_hash": "AAAAAAAAAAAAAAAAAAAAAA" })),
        ("sub", serde_json::json!({ "sub": "" })),
        ("sub", serde_json::json!({ "sub": "s".repeat(256) })),
    ];
    for (claim, claims) in cases {
        provider.misbehave(&serde_json::json!({ "claims": claims }));
        assert_eq!(refused(sign_in(&client, &provider).await), Refusal::Claim(claim), "{claims}");
    }
    provider.misbehave(&serde_json::json!({ "claims": { "exp": "tomorrow" } }));
    assert_eq!(refused(sign_in(&client, &provider).await), Refusal::Unreadable);
    provider.misbehave(&serde_json::json!({}));
    sign_in(&client, &provider).await.unwrap();
}

#[tokio::test]
async fn only_what_the_provider_signed_counts() {
    let provider = provider();
    let client = client(&provider);
    let cases = [
        ("none", Refusal::Algorithm("none".to_owned())),
        ("shared", Refusal::Algorithm("HS256".to_owned())),
        ("strange", Refusal::Signature),
    ];
    for (signed, expected) in cases {
        provider.misbehave(&serde_json::json!({ "signed": signed }));
        assert_eq!(refused(sign_in(&client, &provider).await), expected);
    }
}

#[tokio::test]
async fn new_keys_of_the_provider_are_learned_when_they_are_met() {
    let mut provider = provider();
    let client = client(&provider);
    sign_in(&client, &provider).await.unwrap();
    provider.restart();
    sign_in(&client, &provider).await.unwrap();
    let learned = provider.requests().iter().filter(|request| request.as_str() == "GET /jwks").count();
    assert_eq!(learned, 2);
}

#[tokio::test]
async fn a_provider_that_is_down_is_unavailable_at_either_step() {
    let mut provider = provider();
    let (fresh, client) = (client(&provider), client(&provider));
    let begun = client.begin(now()).await.unwrap();
    let landed = Landed::at(&provider.log_in(&begun.address, "rita", "correct-horse"));
    provider.stop();
    let why = unavailable(client.finish(&begun.errand, landed.returned(), now()).await);
    assert!(why.contains("/token") && !why.contains(landed.returned().code.unwrap()), "{why}");
    assert!(unavailable(fresh.begin(now()).await).contains("/.well-known/openid-configuration"));
    unavailable(fresh.check().await);
    provider.restart();
    fresh.check().await.unwrap();
    fresh.begin(now() + SignedDuration::from_secs(3)).await.unwrap();
}

#[tokio::test]
async fn a_provider_that_does_not_answer_as_it_should_is_unavailable() {
    let provider = provider();
    for (wrong, why) in [
        (serde_json::json!({ "status": 500 }), "answered 500"),
        (serde_json::json!({ "status": 302 }), "answered 302"),
        (serde_json::json!({ "huge": 300_000 }), "length limit exceeded"),
        (serde_json::json!({ "metadata": { "issuer": "http://127.0.0.1:1" } }), "it calls itself"),
        (serde_json::json!({ "metadata": { "token_endpoint": null } }), "token_endpoint"),
        (serde_json::json!({ "metadata": { "token_endpoint": "http://id.example/token" } }), "token_endpoint is not protected"),
        (serde_json::json!({ "metadata": { "code_challenge_methods_supported": ["plain"] } }), "S256"),
    ] {
        provider.misbehave(&wrong);
        let said = unavailable(client(&provider).begin(now()).await);
        assert!(said.contains(why), "{wrong}: {said}");
    }
    provider.misbehave(&serde_json::json!({}));
    let other_secret = Settings { client_secret: "another".to_owned().into(), ..settings(&provider) };
    let outcome = sign_in(&OpenIdClient::new(other_secret).unwrap(), &provider).await;
    assert!(unavailable(outcome).contains("does not take this client's secret"));
}

#[tokio::test]
async fn the_secret_goes_in_the_body_where_the_provider_takes_it_there_only() {
    let provider = provider();
    provider.misbehave(&serde_json::json!({ "metadata": { "token_endpoint_auth_methods_supported": ["client_secret_post"] } }));
    sign_in(&client(&provider), &provider).await.unwrap();
}

#[tokio::test]
async fn over_tls_a_provider_is_trusted_whose_authority_is_named_and_no_other() {
    let provider = OpenIdProvider::builder(BACK).user("rita", "correct-horse").tls().start();
    assert!(provider.issuer().starts_with("https://"));
    let trusting = Settings { authorities: Some(SmtpServer::authority_pem().as_bytes().to_vec()), ..settings(&provider) };
    sign_in(&OpenIdClient::new(trusting).unwrap(), &provider).await.unwrap();
    let asked = provider.requests().len();
    let refused = sign_in(&client(&provider), &provider).await;
    assert!(matches!(refused, Err(OpenIdError::Unavailable(_))), "{refused:?}");
    assert_eq!(provider.requests().len(), asked);
}

#[test]
fn certificates_that_are_none_are_refused() {
    let provider = |pem: &str| Settings {
        issuer: "https://id.example".to_owned(),
        client_id: "gatehouse".to_owned(),
        client_secret: "secret".to_owned().into(),
        redirect_uri: BACK.to_owned(),
        scopes: vec![],
        two_factor_acr: vec![],
        two_factor_amr: vec![],
        max_age: SignedDuration::from_mins(15),
        authorities: Some(pem.as_bytes().to_vec()),
    };
    assert!(OpenIdClient::new(provider("nonsense")).is_err());
    OpenIdClient::new(provider(SmtpServer::authority_pem())).unwrap();
}
