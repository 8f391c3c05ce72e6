//! How often things may be done: from one network, to one account, to one address.

use domain::user::UserRole;
use domain::{Owner, Policy};
use http_api::access::Row;
use http_api::limits::{Allowance, Limit, Rates};
use serde_json::json;

use super::common::{Api, Call, Reply};

/// Two of each, and then one every half hour.
fn two_of_each() -> Rates {
    let two = Allowance::of(2, 3_600);
    Rates {
        sign_ins_per_network: two,
        sign_ins_per_account: two,
        provider_sign_ins_per_network: two,
        registrations_per_network: two,
        human_checks_per_network: two,
        human_checks_per_registration: two,
        status_per_network: two,
        mails_per_address: two,
        refused_tokens_per_network: two,
        ..Rates::default()
    }
}

async fn api(rates: Rates) -> Api {
    Api::with_limits(Policy::default(), rates).await
}

#[track_caller]
fn is_over_the_limit(reply: Reply) {
    let seconds: u32 = reply.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=1_800).contains(&seconds), "{seconds}");
    reply.refused(429, "too-many-requests");
}

fn is_by_network(limit: &Limit) -> bool {
    limit.name().ends_with("_per_network") && *limit != Limit::RefusedTokensPerNetwork
}

fn sign_in<'a>(api: &'a Api, user_id: &str, secret: &str) -> Call<'a> {
    api.post("/v1/sign-in").json(&json!({ "user_id": user_id, "secret": secret }))
}

fn anonymous<'a>(api: &'a Api, row: &Row, peer: &str) -> Call<'a> {
    let path = row.path.replace("{id}", "0199a5c2-77e0-8d1c-a6f2-0f3b1c9d2e44").replace(['{', '}'], "");
    api.call(row.method.clone(), path).bytes(br#"{"user_id":"GU-7K3M-Q2XD","secret":"x"}"#.to_vec()).from(peer)
}

#[tokio::test]
async fn what_a_route_limits_by_network_holds_for_each_network() {
    let rows = http_api::table().into_iter().filter(|row| row.limits.iter().any(is_by_network));
    let mut routes = 0;
    for row in rows {
        routes += 1;
        let api = api(two_of_each()).await;
        for peer in ["2001:db8::1", "2001:db8::2"] {
            assert_ne!(anonymous(&api, &row, peer).send().await.status, 429, "{}", row.path);
        }
        is_over_the_limit(anonymous(&api, &row, "2001:db8::3").send().await);
        assert_ne!(anonymous(&api, &row, "2001:db8:0:1::1").send().await.status, 429, "{}: from another network", row.path);
        // Behind a trusted proxy, each client is one.
        for client in ["198.51.100.1", "198.51.100.1", "198.51.100.2"] {
            let reply = anonymous(&api, &row, "10.0.0.1").header("x-forwarded-for", format!("203.0.113.77, {client}")).send().await;
            assert_ne!(reply.status, 429, "{}: {client}", row.path);
        }
        is_over_the_limit(anonymous(&api, &row, "10.0.0.1").header("x-forwarded-for", "198.51.100.1").send().await);
        api.pass_minutes(31);
        assert_ne!(anonymous(&api, &row, "2001:db8::3").send().await.status, 429, "{}: later", row.path);
    }
    assert!(routes >= 5, "{routes}");
}

#[test]
fn the_description_says_of_every_route_what_is_limited() {
    let description = serde_json::to_value(http_api::description()).unwrap();
    for row in http_api::table() {
        let operation = &description["paths"][&row.path][row.method.as_str().to_lowercase()];
        // A few have one of their own, of how many may follow events at once.
        let over = &operation["responses"]["429"];
        let is_ours = over["$ref"] == "#/components/responses/TooManyRequests";
        assert!(is_ours || (over["description"].is_string() && row.limits.is_empty()), "{} {}: {over}", row.method, row.path);
        let names: Vec<_> = row.limits.iter().map(|limit| limit.name()).collect();
        let said: Vec<_> = operation["x-gatehouse-limits"].as_array().into_iter().flatten().filter_map(|name| name.as_str()).collect();
        assert_eq!(said, names, "{} {}", row.method, row.path);
    }
    assert!(description["components"]["responses"]["TooManyRequests"]["headers"]["Retry-After"].is_object());
}

#[tokio::test]
async fn guessing_at_an_account_from_one_network_does_not_keep_its_owner_out_from_another() {
    let rates = Rates { sign_ins_per_account: Allowance::of(3, 3_600), ..Rates::default() };
    let api = api(rates).await;
    let (user_id, secret) = api.account().await;
    // Who gets in is not counted.
    for _ in 0..10 {
        sign_in(&api, &user_id, &secret).from("203.0.113.5").send().await.ok();
    }
    for guess in 0..3 {
        sign_in(&api, &user_id, &format!("guess {guess}")).from("203.0.113.5").send().await.refused(401, "sign-in-refused");
    }
    is_over_the_limit(sign_in(&api, &user_id, &secret).from("203.0.113.5").send().await);
    is_over_the_limit(sign_in(&api, &user_id.to_lowercase(), "x").from("203.0.113.5").send().await);
    sign_in(&api, &user_id, &secret).from("203.0.113.6").send().await.ok();
}

#[tokio::test]
async fn whoever_hangs_up_before_the_answer_is_counted_all_the_same() {
    let api = api(two_of_each()).await;
    let hashings = || api.services.vault.hashings();
    let before = hashings();
    for guess in 0..2 {
        // A request whose connection ends is not polled again.
        tokio::select! {
            biased;
            _ = sign_in(&api, "GU-2222-2222", &format!("guess {guess}")).from("203.0.113.5").send() => panic!("it takes longer than that"),
            () = std::future::ready(()) => {}
        }
    }
    test_support::eventually("both guesses to be judged", std::time::Duration::from_secs(60), async || {
        (hashings() == before + 2).then_some(())
    })
    .await;
    is_over_the_limit(sign_in(&api, "GU-2222-2222", "guess 3").from("203.0.113.5").send().await);
}

#[tokio::test]
async fn over_the_limit_nothing_tells_whether_there_is_an_account() {
    let api = api(two_of_each()).await;
    let (user_id, _) = api.account().await;
    let mut told = Vec::new();
    for (name, peer) in [(user_id.as_str(), "203.0.113.5"), ("GU-7K3M-Q2XD", "203.0.113.6"), ("nobody", "203.0.113.7")] {
        let mut answers = Vec::new();
        for _ in 0..4 {
            let reply = sign_in(&api, name, "x").from(peer).send().await;
            answers.push((reply.status, reply.headers, reply.body));
        }
        told.push(answers);
    }
    assert_eq!(told[0][3].0, 429);
    assert!(told.iter().all(|answers| *answers == told[0]), "{told:#?}");
}

#[tokio::test]
async fn nobody_is_sent_more_mails_than_that_whoever_causes_them() {
    let api = api(Rates { mails_per_address: Allowance::of(4, 86_400), ..Rates::default() }).await;
    api.public_application("BSCP").await;
    let (partner, token) = api.partner("Northwind Avionics").await;
    let (other, other_token) = api.partner("Southwind Rotors").await;
    let [ours, theirs] = [api.application(Owner::Partner(partner), "SFT").await, api.application(Owner::Partner(other), "SRR").await];
    let (_, administrator) = api.user(partner, "Anna", &[UserRole::OrganizationAdministrator]).await;
    let invite = |token: &str, company: &str, application: domain::ApplicationId, email: &str| {
        api.post("/v1/invitations").by(token).json(&json!({ "company": company, "email": email, "applications": [application] }))
    };
    let address = "ada@fastener.example";
    // Sent again under the same key, it is one mail.
    for _ in 0..6 {
        invite(&token, "Fastener Works", ours, address).key("once").send().await.ok();
    }
    // What is refused is no mail.
    for _ in 0..6 {
        let refused = invite(&token, "Fastener Works", ours, address).send().await;
        assert_eq!(refused.status, 409, "{}", refused.body);
    }
    let invited = invite(&other_token, "Fastener Works", theirs, "Ada+gateway@fastener.example").send().await.ok();
    let resend = format!("/v1/invitations/{}/resend", invited["id"].as_str().unwrap());
    api.post(&resend).by(&other_token).json(&json!({})).send().await.ok();
    api.post("/v1/users/invitations").by(&administrator).json(&json!({ "email": address })).send().await.ok();

    is_over_the_day(api.post(&resend).by(&other_token).json(&json!({})).send().await);
    is_over_the_day(invite(&token, "Other Works", ours, address).send().await);
    is_over_the_day(api.post("/v1/users/invitations").by(&administrator).json(&json!({ "email": address })).send().await);
    let begin = |email: &str| api.post("/v1/registrations").json(&json!({ "name": "Ada", "email": email, "applications": ["BSCP"] }));
    is_over_the_day(begin(address).send().await);
    let contact = json!({ "given_name": "Ada", "family_name": "Moreau", "email": address });
    let user = json!({ "contact": contact, "one_time_password": "K7PM-QX2D-9VTA-4HRB-W3CE" });
    is_over_the_day(api.post("/v1/users").by(&administrator).json(&user).send().await);
    let csv = format!(
        "given_name,family_name,email,one_time_password\nBo,Berg,bo@fastener.example,K7PM-QX2D-9VTA-4HRB-W3CE\nAda,Moreau,{address},K7PM-QX2D-9VTA-4HRB-W3CE\n"
    );
    let upload = api.post("/v1/users/uploads").by(&administrator).key("upload").csv(csv);
    is_over_the_day(upload.send().await);
    begin("somebody.else@fastener.example").send().await.ok();
}

#[track_caller]
fn is_over_the_day(reply: Reply) {
    assert!(reply.header("retry-after").is_some_and(|seconds| seconds.parse::<u32>().unwrap() <= 21_600), "{:?}", reply.headers);
    reply.refused(429, "too-many-requests");
}

#[tokio::test]
async fn answers_of_the_human_check_are_limited_for_each_registration() {
    let api = api(Rates { human_checks_per_registration: Allowance::of(3, 3_600), ..Rates::default() }).await;
    api.public_application("BSCP").await;
    let begin =
        || api.post("/v1/registrations").json(&json!({ "name": "Ada", "email": "ada@fastener.example", "applications": ["BSCP"] })).send();
    let (one, other) = (begin().await.ok(), begin().await.ok());
    let answer = |case: &serde_json::Value| {
        let call = api.post(format!("/v1/registrations/{}/human-check", case["id"].as_str().unwrap()));
        call.by(case["token"].as_str().unwrap()).json(&json!({ "challenge": "mine", "nonce": 1 })).send()
    };
    for _ in 0..3 {
        answer(&one).await.refused(422, "human-check-foreign");
    }
    is_over_the_limit(answer(&one).await);
    answer(&other).await.refused(422, "human-check-foreign");
}

#[tokio::test]
async fn trying_tokens_from_a_network_ends_and_keeps_nobody_there_from_theirs() {
    let api = api(two_of_each()).await;
    let reviewer = api.reviewer("Rita").await;
    let look = |token: &str, peer: &str| api.get("/v1/review/queue").by(token).from(peer).send();
    for guess in ["gs_guess", "gh_guess"] {
        look(guess, "203.0.113.5").await.refused(401, "unauthenticated");
    }
    is_over_the_limit(look("guess", "203.0.113.5").await);
    look(&reviewer, "203.0.113.5").await.ok();
    look("guess", "203.0.113.6").await.refused(401, "unauthenticated");
}

#[tokio::test]
async fn nobody_asks_for_more_by_hand_than_hands_can_and_programs_go_on() {
    let api = api(Rates { commands_per_actor: Allowance::of(3, 3_600), ..Rates::default() }).await;
    let organization = api.organization("Fastener Works", &[]).await;
    let (_, anna) = api.user(organization, "Anna", &[UserRole::OrganizationAdministrator]).await;
    let (_, bela) = api.user(organization, "Bela", &[]).await;
    let reviewer = api.reviewer("Rita").await;
    // Even what is refused.
    let ask = |token: &str| api.post("/v1/subscriptions").by(token).json(&json!({})).send();
    for _ in 0..3 {
        assert_eq!(ask(&anna).await.status, 400);
    }
    is_over_the_limit(ask(&anna).await);
    api.get("/v1/me").by(&anna).send().await.ok();
    ask(&bela).await.refused(403, "forbidden");
    for _ in 0..5 {
        ask(&reviewer).await.refused(403, "forbidden");
    }
}

#[tokio::test]
async fn what_somebody_is_mailed_about_is_not_changed_without_end() {
    let api = api(Rates { credential_changes_per_actor: Allowance::of(2, 3_600), ..Rates::default() }).await;
    let organization = api.organization("Fastener Works", &[]).await;
    let (_, anna) = api.user(organization, "Anna", &[]).await;
    let codes = || api.post("/v1/me/credentials/recovery-codes").by(&anna).json(&json!({ "label": "In the safe" })).send();
    for _ in 0..2 {
        codes().await.ok();
    }
    is_over_the_limit(codes().await);
    let change = json!({ "current_password": "x", "password": "y" });
    is_over_the_limit(api.post("/v1/me/password").by(&anna).json(&change).send().await);
}

impl Api {
    /// An account: its User ID, and its one-time password.
    async fn account(&self) -> (String, String) {
        let organization = self.organization("Fastener Works", &[]).await;
        let (administrator, _) = self.user(organization, "Anna", &[UserRole::OrganizationAdministrator]).await;
        let (secret, contact) = ("K7PM-QX2D-9VTA-4HRB-W3CE", domain::testing::contact("Bela"));
        let created = self.services.workflows.create_user_of(organization, administrator, contact, Vec::new(), secret, &self.sent()).await;
        (created.unwrap().1.to_string(), secret.to_owned())
    }
}
