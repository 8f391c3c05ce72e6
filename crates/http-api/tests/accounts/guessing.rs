//! Guessing at secrets, and at who has an account.
#![allow(clippy::indexing_slicing, clippy::unwrap_used, reason = "the helpers of tests fail the test")]

use std::net::SocketAddr;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Request, StatusCode, header};
use domain::organization::{Organization, OrganizationCommand};
use domain::user::{User, UserCommand};
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::world::{ANOTHER_ONE_TIME_PASSWORD, Company, ONE_TIME_PASSWORD, PASSWORD, Reply, World};

impl World {
    /// Signs in from one of many networks.
    async fn sign_in_from(&self, network: u32, user_id: &str, secret: &str) -> Reply {
        let peer = SocketAddr::from((std::net::Ipv4Addr::from_bits(0xCB00_7100 + network), 4711));
        let body = json!({ "user_id": user_id, "secret": secret }).to_string();
        let request = Request::post("/v1/sign-in").header(header::CONTENT_TYPE, "application/json").extension(ConnectInfo(peer));
        self.send(request.body(Body::from(body)).unwrap()).await
    }

    /// Guesses at once, each from a network of its own.
    async fn guess(&self, user_id: &str, guesses: u32) {
        let guess = |number: u32| async move { self.sign_in_from(number, user_id, &format!("K7PM-QX2D-9VTA-4HRB-{number:04}")).await };
        for reply in join_all((0..guesses).map(guess)).await {
            reply.problem(401, "sign-in-refused");
        }
    }

    /// A user whose first-time login is to be done: the path of their account, and their User ID.
    async fn newcomer(&self, administrator: &str) -> (String, String) {
        let contact = json!({ "given_name": "Lin", "family_name": "Okafor", "email": format!("lin.{}@fastener.example", self.number()) });
        let created =
            self.post("/v1/users", administrator, json!({ "contact": contact, "one_time_password": ONE_TIME_PASSWORD })).await.expect(201);
        (format!("/v1/users/{}", created["id"].as_str().unwrap()), created["user_id"].as_str().unwrap().to_owned())
    }

    async fn fate(&self, account: &str, administrator: &str) -> Value {
        self.get(account, administrator).await.expect(200)["one_time_password"].clone()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn however_many_guess_at_a_one_time_password_at_once_from_wherever_it_ends_at_five_and_stays_ended() {
    let world = World::new().await;
    let company = world.company("Fastener Works").await;
    let administrator = world.administrator(&company).await;
    let (account, user_id) = world.newcomer(&administrator).await;
    world.guess(&user_id, 64).await;
    world.sign_in_from(200, &user_id, ONE_TIME_PASSWORD).await.problem(401, "sign-in-refused");
    assert_eq!(world.fate(&account, &administrator).await, "locked");

    // Started again, and long after.
    let world = world.started_again().await;
    world.pass_minutes(25);
    world.sign_in_from(201, &user_id, ONE_TIME_PASSWORD).await.problem(401, "sign-in-refused");
    assert_eq!(world.fate(&account, &administrator).await, "locked");

    // A new one is one of its own, and dies as the first did. Who issues it has just signed in.
    let administrator = world.sign_in(&company.user_id, PASSWORD).await;
    let issue = json!({ "one_time_password": ANOTHER_ONE_TIME_PASSWORD });
    world.post(&format!("{account}/one-time-password"), &administrator, issue).await.expect(200);
    world.guess(&user_id, 4).await;
    let world = world.started_again().await;
    world.guess(&user_id, 1).await;
    world.sign_in_from(202, &user_id, ANOTHER_ONE_TIME_PASSWORD).await.problem(401, "sign-in-refused");
    assert_eq!(world.fate(&account, &administrator).await, "locked");
}

#[tokio::test]
async fn guesses_before_and_after_a_new_start_and_in_sessions_add_up() {
    let world = World::new().await;
    let company = world.company("Fastener Works").await;
    let administrator = world.administrator(&company).await;
    let (account, user_id) = world.newcomer(&administrator).await;
    world.guess(&user_id, 4).await;
    // Four are not five; and a right one gives back its own attempt only.
    let session = world.sign_in(&user_id, ONE_TIME_PASSWORD).await;
    // In the session, nothing compares with the one-time password: it is no way to guess.
    let change = json!({ "current_password": ONE_TIME_PASSWORD, "password": PASSWORD });
    world.post("/v1/me/password", &session, change).await.problem(403, "first-login-not-done");
    let world = world.started_again().await;
    world.guess(&user_id, 1).await;
    world.sign_in_from(200, &user_id, ONE_TIME_PASSWORD).await.problem(401, "sign-in-refused");
    assert_eq!(world.fate(&account, &administrator).await, "locked");
}

/// Whose secret is asked for, and which secret is tried.
async fn situations(world: &World) -> Vec<(&'static str, String)> {
    let company = world.company("Fastener Works").await;
    let administrator = world.administrator(&company).await;
    let (_, waiting) = world.newcomer(&administrator).await;
    let (_, guessed) = world.newcomer(&administrator).await;
    world.guess(&guessed, 5).await;
    let password_locked = world.company("Locked Works").await;
    world.first_login(&password_locked.user_id, ONE_TIME_PASSWORD).await;
    world.guess(&password_locked.user_id, 10).await;
    let suspended = world.company("Suspended Works").await;
    did_user(world, &suspended, UserCommand::SuspendUser { reason: domain::testing::reason("left") }).await;
    let closed = world.company("Closed Works").await;
    let suspend = OrganizationCommand::SuspendOrg { reason: domain::testing::reason("unpaid") };
    world.did::<Organization>(closed.id.0, suspend).await;
    vec![
        ("an account with a password", company.user_id),
        ("an account with a one-time password", waiting),
        ("one whose one-time password has ended", guessed),
        ("one whose password is locked", password_locked.user_id),
        ("a suspended account", suspended.user_id),
        ("an account of a suspended organization", closed.user_id),
        ("nobody's User ID", "GU-7K3M-Q2XD".to_owned()),
        ("what is no User ID", "ada@fastener.example".to_owned()),
        ("nothing", String::new()),
    ]
}

async fn did_user(world: &World, company: &Company, command: UserCommand) {
    // Another administrator stays, or this one could not be suspended.
    world.did::<User>(company.administrator.0, command).await;
}

/// What an answer tells: all of it but what is of the moment.
fn told(reply: &Reply) -> (StatusCode, HeaderMap, Value) {
    let mut headers = reply.headers.clone();
    headers.remove("date");
    (reply.status, headers, reply.body.clone())
}

#[tokio::test]
async fn a_refused_sign_in_says_the_same_and_does_the_same_work_whether_there_is_an_account_or_not() {
    let world = World::new().await;
    let mut first = None;
    for (whose, user_id) in situations(&world).await {
        let before = world.services.vault.hashings();
        let reply = world.sign_in_from(300, &user_id, "not the secret of anybody").await;
        let work = world.services.vault.hashings() - before;
        assert_eq!(work, 1, "{whose}");
        let told = told(&reply);
        assert_eq!(told.0, 401);
        assert_eq!(*first.get_or_insert_with(|| told.clone()), told, "{whose}");
    }
}

#[tokio::test]
async fn resetting_inviting_and_looking_tell_nobody_who_has_an_account() {
    let world = World::new().await;
    let company = world.company("Fastener Works").await;
    let administrator = world.administrator(&company).await;
    let other = world.company("Other Works").await;
    let stranger = world.administrator(&other).await;
    let missing = domain::testing::uuid(0xdead);
    // Somebody else's user, and nobody: what an administrator is told when they reset, look, or suspend.
    let others = other.administrator;
    for (what, body) in [
        ("/one-time-password", json!({ "one_time_password": ANOTHER_ONE_TIME_PASSWORD })),
        ("/reset-second-factors", json!({ "reason": "lost" })),
        ("/suspend", json!({ "reason": "left" })),
    ] {
        let theirs = told(&world.post(&format!("/v1/users/{others}{what}"), &administrator, body.clone()).await);
        assert_eq!(theirs, told(&world.post(&format!("/v1/users/{missing}{what}"), &administrator, body).await), "{what}");
        assert_eq!(theirs.0, 404, "{what}");
    }
    // An address that has an account here, one that has one elsewhere, and one that has none: each is invited.
    let of_ours = world.get("/v1/me", &administrator).await.expect(200)["contact"]["email"].as_str().unwrap().to_owned();
    let of_theirs = world.get("/v1/me", &stranger).await.expect(200)["contact"]["email"].as_str().unwrap().to_owned();
    for address in [of_ours.as_str(), of_theirs.as_str(), "nobody@fastener.example"] {
        let invited = world.post("/v1/users/invitations", &administrator, json!({ "email": address })).await;
        let keys: Vec<_> = invited.body.as_object().unwrap().keys().cloned().collect();
        assert_eq!((invited.status.as_u16(), keys), (201, vec!["id".to_owned()]), "{address}");
    }
    // A link that was made for nobody, one of somebody else's purpose, and nonsense.
    let links = [world.link("self-registration", missing, 0), world.link("invitation", others.0, 0), "nonsense".to_owned()];
    let answers = join_all(links.iter().map(|link| world.get("/v1/self-registration", link))).await;
    assert!(answers.iter().all(|reply| matches!(reply.status.as_u16(), 401 | 403 | 404)), "{answers:?}");
    let unknown = told(&world.get_public("/v1/status/GH-7K3M-Q2XD-9VTA").await);
    assert_eq!(unknown, told(&world.get_public("/v1/status/nonsense").await));
}
