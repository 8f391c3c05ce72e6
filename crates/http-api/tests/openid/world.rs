//! The service with an identity provider, somebody on the staff, and a browser that goes between the two.

use axum::http::header;
use command_handlers::workflows::ProviderIdentity;
use domain::sign_in::LoginStep;
use domain::staff::{Staff, StaffCommand};
use domain::{CredentialId, Reason, StaffId, StaffRole};
use http_api::sign_in::openid::{CALLBACK, StaffOpenId};
use jiff::SignedDuration;
use openid_client::{OpenIdClient, Settings};
use serde_json::{Value, json};
use test_support::servers::OpenIdProvider;

use crate::common::{Api, Reply};

pub(crate) const PASSWORD: &str = "correct-horse";
pub(crate) const BEGIN: &str = "/v1/sign-in/openid";

/// The service and its provider.
pub(crate) struct World {
    pub(crate) api: Api,
    pub(crate) provider: OpenIdProvider,
}

impl World {
    pub(crate) async fn new() -> Self {
        let back = format!("https://gateway.example{CALLBACK}");
        let provider = OpenIdProvider::builder(&back).user("rita", PASSWORD).user("mallory", PASSWORD).start();
        let settings = Settings {
            issuer: provider.issuer(),
            client_id: OpenIdProvider::CLIENT_ID.to_owned(),
            client_secret: OpenIdProvider::CLIENT_SECRET.to_owned().into(),
            redirect_uri: back,
            scopes: vec![],
            two_factor_acr: vec![OpenIdProvider::TWO_FACTORS.to_owned()],
            two_factor_amr: vec!["mfa".to_owned()],
            max_age: SignedDuration::from_mins(15),
            authorities: None,
        };
        let openid = StaffOpenId { client: OpenIdClient::new(settings).unwrap(), label: "Meridian single sign-on".to_owned() };
        let api = Api::with_provider(openid).await;
        api.keep_real_time();
        Self { api, provider }
    }

    /// A reviewer with an account, whose one-time password waits to be used.
    pub(crate) async fn reviewer(&self) -> StaffId {
        let (staff, _) = self.api.staff("Rita", &[StaffRole::Reviewer]).await;
        let issued = self.api.services.workflows.issue_staff_one_time_password(staff, "Vesta-Quill-9817-Marble", &self.api.sent()).await;
        issued.unwrap();
        staff
    }

    /// A reviewer who is `rita` at the provider.
    pub(crate) async fn linked(&self) -> StaffId {
        let staff = self.reviewer().await;
        self.link(staff, "sub-rita").await;
        staff
    }

    pub(crate) async fn link(&self, staff: StaffId, subject: &str) {
        let linked = self.api.services.workflows.link_staff_identity(staff, &self.identity(subject), &self.api.sent()).await;
        linked.unwrap();
    }

    pub(crate) fn identity(&self, subject: &str) -> ProviderIdentity {
        ProviderIdentity { issuer: self.provider.issuer(), subject: subject.to_owned() }
    }

    pub(crate) async fn tell(&self, staff: StaffId, command: StaffCommand) {
        self.api.services.handlers.handle::<Staff>(staff.0, command, &self.api.sent()).await.unwrap();
    }

    /// They set a password, and registered a second factor.
    pub(crate) async fn established(&self, staff: StaffId) {
        let account = |state: &domain::staff::StaffState| state.member().and_then(|member| member.account.clone()).unwrap();
        let one_time_password =
            self.api.services.handlers.inspect::<Staff, _>(staff.0, |state, _| account(state).means.one_time_password.id()).await;
        self.tell(staff, StaffCommand::RedeemStaffOneTimePassword { one_time_password: one_time_password.unwrap().unwrap() }).await;
        self.tell(staff, StaffCommand::SetStaffPassword { password: CredentialId(self.api.id()) }).await;
        self.tell(staff, StaffCommand::AddStaffSecondFactor { credential: CredentialId(self.api.id()) }).await;
        let next = self.api.services.handlers.inspect::<Staff, _>(staff.0, |state, _| account(state).next_step()).await.unwrap();
        assert_eq!(next, Some(None::<LoginStep>));
    }

    pub(crate) async fn dismiss(&self, staff: StaffId) {
        self.tell(staff, StaffCommand::DismissStaff { reason: Reason::parse("Left").unwrap() }).await;
    }

    /// The provider does something wrong from now on.
    pub(crate) fn wrong(&self, wrong: &Value) {
        self.provider.misbehave(wrong);
    }

    /// A browser that has begun.
    pub(crate) async fn begin(&self, session: &str) -> Browser<'_> {
        let reply = self.api.post(BEGIN).header("sec-fetch-site", "same-origin").json(&json!({ "session": session })).send().await;
        let cookie = reply.header("set-cookie").map(str::to_owned);
        let address = reply.ok()["address"].as_str().unwrap().to_owned();
        let cookie = cookie.unwrap();
        let (pair, attributes) = cookie.split_once("; ").unwrap();
        assert_eq!(attributes, "Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=600");
        assert!(pair.starts_with("__Host-gatehouse-openid=ge_"), "{pair}");
        Browser { world: self, address, cookie: pair.to_owned() }
    }

    /// The whole way of somebody with this name at the provider.
    pub(crate) async fn sign_in(&self, user: &str) -> Reply {
        let browser = self.begin("token").await;
        let back = browser.log_in(user);
        browser.come_back(&back).await
    }
}

/// A browser between the service and the provider.
pub(crate) struct Browser<'a> {
    pub(crate) world: &'a World,
    pub(crate) address: String,
    pub(crate) cookie: String,
}

impl Browser<'_> {
    /// Signs in at the provider: where it sends the browser then, without the host.
    pub(crate) fn log_in(&self, user: &str) -> String {
        let back = self.world.provider.log_in(&self.address, user, PASSWORD);
        back.strip_prefix("https://gateway.example").unwrap().to_owned()
    }

    /// Comes back there, with the cookie; it is gone afterwards.
    pub(crate) async fn come_back(&self, back: &str) -> Reply {
        let reply =
            self.world.api.get(back).header("cookie", format!("theme=dark; {}", self.cookie)).header("sec-fetch-site", "cross-site");
        let reply = reply.send().await;
        let dropped = "__Host-gatehouse-openid=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0";
        assert!(reply.headers.get_all(header::SET_COOKIE).iter().any(|cookie| cookie == dropped), "{:?}", reply.headers);
        reply
    }
}
