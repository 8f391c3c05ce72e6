//! Staff who sign in by the operator's identity provider (ADR 0042): a real one, over TLS, with the part of the browser that is with it played.

use serde_json::json;
use test_support::servers::{OpenIdProvider, SmtpServer};

use crate::support::SOON;
use crate::support::call::Answer;
use crate::support::cast::appoint;
use crate::support::world::{BASE_URL, World};

const BEGIN: &str = "/v1/sign-in/openid";
const QUEUE: &str = "/v1/review/queue";

/// A service, its operator's provider, and a browser that goes between the two.
struct Console {
    world: World,
    provider: OpenIdProvider,
    _files: tempfile::TempDir,
}

impl Console {
    fn open() -> Self {
        let back = format!("{BASE_URL}{BEGIN}/callback");
        let provider = OpenIdProvider::builder(&back).tls().user("rita", "correct-horse").start();
        let files = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| {
            let path = files.path().join(name);
            std::fs::write(&path, text).unwrap();
            path.to_str().unwrap().to_owned()
        };
        let issuer = provider.issuer();
        let two_factors = format!("[\"{}\"]", OpenIdProvider::TWO_FACTORS);
        let world = World::start_with(&[
            ("GATEHOUSE_STAFF_OPENID__ISSUER", issuer.as_str()),
            ("GATEHOUSE_STAFF_OPENID__CLIENT_ID", OpenIdProvider::CLIENT_ID),
            ("GATEHOUSE_STAFF_OPENID__CLIENT_SECRET_FILE", &file("secret", &format!("{}\n", OpenIdProvider::CLIENT_SECRET))),
            ("GATEHOUSE_STAFF_OPENID__AUTHORITY_FILE", &file("authority.pem", SmtpServer::authority_pem())),
            ("GATEHOUSE_STAFF_OPENID__LABEL", "Meridian single sign-on"),
            ("GATEHOUSE_STAFF_OPENID__TWO_FACTOR_ACR", &two_factors),
        ]);
        Self { world, provider, _files: files }
    }

    /// Sends the browser to the provider, where somebody signs in. The way back, and the cookie for it.
    async fn log_in(&self, session: &str) -> (String, String) {
        let begun = self.world.post(BEGIN).on_own_page().json(json!({ "session": session })).send().await.ok();
        let cookie = begun.set_cookie("__Host-gatehouse-openid");
        let back = self.provider.log_in(&begun.text("address"), "rita", "correct-horse");
        (back.strip_prefix(BASE_URL).unwrap().to_owned(), cookie)
    }

    async fn come_back(&self, (back, cookie): &(String, String)) -> Answer {
        self.world.get(back).cookie(cookie).send().await
    }

    async fn sign_in(&self) -> Answer {
        self.come_back(&self.log_in("token").await).await
    }
}

#[tokio::test]
async fn a_reviewer_signs_in_by_the_operator_s_identity_provider_until_they_are_unlinked() {
    let console = Console::open();
    let world = &console.world;
    assert_eq!(world.get(BEGIN).send().await.ok().text("label"), "Meridian single sign-on");
    let rita = appoint(world, "Rita", &["--role", "reviewer"]);
    // Nobody is somebody by what a provider says alone.
    console.sign_in().await.refused(401, "openid-sign-in-refused");
    world.operator(&["staff", "account", &rita.id]);
    world.operator(&["staff", "link", &rita.id, "--subject", "sub-rita"]);

    let way_back = console.log_in("token").await;
    world.kill_and_restart();
    let signed_in = console.come_back(&way_back).await.ok();
    let token = signed_in.text("token");
    world.get(QUEUE).by(&token).send().await.ok();
    console.come_back(&way_back).await.refused(401, "openid-sign-in-refused");

    let page = console.come_back(&console.log_in("cookie").await).await.ok();
    let cookie = page.set_cookie("__Host-gatehouse");
    world.get(QUEUE).cookie(&cookie).send().await.ok();

    world.operator(&["staff", "unlink", &rita.id]);
    test_support::eventually("both sessions to end", SOON, async || {
        let statuses = (world.get(QUEUE).by(&token).send().await.status, world.get(QUEUE).cookie(&cookie).send().await.status);
        (statuses == (401, 401)).then_some(())
    })
    .await;
    console.sign_in().await.refused(401, "openid-sign-in-refused");
    assert!(!world.logged().contains(OpenIdProvider::CLIENT_SECRET) && !world.logged().contains("sub-rita"));
}

#[tokio::test]
async fn a_provider_that_is_down_or_unknown_keeps_nobody_from_their_password() {
    let mut console = Console::open();
    let rita = appoint(&console.world, "Rita", &["--role", "reviewer"]);
    let shown = console.world.operator(&["staff", "account", &rita.id]);
    let words: Vec<&str> = shown.split_whitespace().collect();
    console.provider.stop();
    console.world.post(BEGIN).json(json!({})).send().await.refused(503, "openid-provider-unavailable");
    let credentials = json!({ "user_id": words[2], "secret": words.last().unwrap() });
    console.world.post("/v1/sign-in").json(credentials).send().await.ok();
}
