//! The whole API over a log in memory and a data folder that is thrown away: nothing is pretended but time.
#![allow(dead_code, unreachable_pub, reason = "each test binary uses a part of it")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test that cannot be set up has failed")]

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use command_handlers::workflows::Workflows;
use command_handlers::{CommandHandlers, Sent, Settings};
use credential_vault::{HashingOptions, Holder, TokenRequest, Vault, VaultKey};
use domain::application::{AccessPolicy, Application, ApplicationCommand, ApplicationDetails, CredentialStrength, RegistrationPolicy, Way};
use domain::organization::{Organization, OrganizationCommand};
use domain::registration::Affiliation;
use domain::staff::{Staff, StaffCommand};
use domain::subscription::{Subscription, SubscriptionCommand, SubscriptionOrigin};
use domain::testing::{at, company, contact, email, profile, text, uuid};
use domain::user::UserRole;
use domain::{
    Actor, Aggregate, ApplicationCode, ApplicationId, ApplicationName, CommandId, Contact, Description, OrganizationId, Owner, PersonId,
    PersonName, Personal, Policy, RegistrationId, StaffId, StaffRole, SubscriptionId, WebAddress,
};
use event_codec::{Codec, Fingerprint};
use event_store::memory::MemoryStore;
use event_store::{Clock, Epoch, EventStore, Position};
use http_api::human_check::ProofOfWork;
use http_api::limits::{Limits, Rates};
use http_api::{Downstream, Inner, ReadModels, Services, router};
use http_body_util::BodyExt;
use key_ring::{KeyRing, Link, MasterKey};
use projection_runtime::{Projection, Runtime, Setup, Views};
use public_feed::Origin;
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

/// Strong one-time passwords and passwords, each for one purpose.
pub const ONE_TIME_PASSWORD: &str = "K7PM-QX2D-9VTA-4HRB-W3CE";
pub const ANOTHER_ONE_TIME_PASSWORD: &str = "T2JN-8GYC-5ZQF-X6DV-B9MK";
pub const PASSWORD: &str = "harbour-lantern-quilt-7-osprey";
pub const ANOTHER_PASSWORD: &str = "granite-violin-mosaic-3-kestrel";

/// What an endpoint answered.
#[derive(Debug)]
pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    /// The body as JSON; null if there is none.
    pub body: Value,
}

impl Reply {
    /// The body, if the status is this one; else the test fails with what was answered instead.
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{:#}", self.body);
        self.body
    }

    /// Asserts a problem of this status and code, and gives its body.
    #[track_caller]
    pub fn problem(self, status: u16, code: &str) -> Value {
        assert_eq!(self.headers.get(header::CONTENT_TYPE).unwrap(), "application/problem+json");
        assert_eq!(self.body["type"], format!("urn:gatehouse:problem:{code}"), "{:#}", self.body);
        self.expect(status)
    }
}

/// A registered organization, with its administrator's account, whose first-time login is still to be done.
pub struct Company {
    pub id: OrganizationId,
    pub administrator: PersonId,
    /// The administrator's User ID.
    pub user_id: String,
}

/// The service in process.
pub struct World {
    pub services: Services,
    pub router: Router,
    now: Arc<AtomicI64>,
    next: AtomicU64,
    runtime: Runtime,
    store: Arc<dyn EventStore>,
    data: tempfile::TempDir,
}

impl World {
    /// A new service: empty but for what a test does.
    pub async fn new() -> Self {
        let now = Arc::new(AtomicI64::new(at(domain::testing::NOW).as_microsecond()));
        let store: Arc<dyn EventStore> = Arc::new(MemoryStore::with_epoch(clock(&now), Epoch(uuid(0xe90c))));
        Self::on(tempfile::tempdir().unwrap(), now, store, 1).await
    }

    /// The same service, started again: what it remembered is what it wrote.
    pub async fn started_again(self) -> Self {
        let Self { services, router, now, next, runtime, store, data } = self;
        drop((services, router, runtime));
        Self::on(data, now, store, next.into_inner()).await
    }

    async fn on(data: tempfile::TempDir, now: Arc<AtomicI64>, store: Arc<dyn EventStore>, next: u64) -> Self {
        let clock = clock(&now);
        let master = Arc::new(MasterKey::from_bytes([7; 32]));
        let keys = Arc::new(KeyRing::open(&data.path().join("keys.db"), &master).unwrap());
        let vault_key = VaultKey::new(&master.vault_key());
        let vault = Vault::open_with(&data.path().join("vault.db"), vault_key, HashingOptions::cheap_for_tests()).unwrap();
        let vault = Arc::new(vault);
        let codec = Codec::new(Arc::<KeyRing>::clone(&keys));
        let handlers = CommandHandlers::new(Arc::clone(&store), codec.clone(), Arc::clone(&clock), Policy::default(), Settings::default());
        let handlers = Arc::new(handlers);
        let operator = company("Gatehouse (test)");
        let workflows = Workflows::new(Arc::clone(&handlers), Arc::clone(&keys), Arc::clone(&vault), Arc::clone(&master), operator);
        let setup = Setup { data: data.path().to_owned(), shared: None, log: Arc::clone(&store), codec, clock, projections: projections() };
        let runtime = Runtime::start(setup).await.unwrap();
        let (source, schemas) = ("https://gateway.example".to_owned(), "https://gateway.example/v1/schemas".to_owned());
        let origin = Origin { source, schemas, epoch: store.epoch().0 };
        let services = Services(Arc::new(Inner {
            handlers,
            workflows,
            vault,
            keys,
            human_check: Arc::new(ProofOfWork::new(Arc::clone(&master), 1)),
            master,
            epoch: store.epoch(),
            views: read_models(&runtime),
            downstream: Downstream::new(origin, data.path().to_owned(), CancellationToken::new()),
            limits: Arc::new(Limits::new(Rates::default()).unwrap()),
            proxies: Arc::default(),
            openid: None,
            base_url: "https://gateway.example".to_owned(),
        }));
        Self { router: router(services.clone()), services, now, next: AtomicU64::new(next), runtime, store, data }
    }

    /// What time it is.
    pub fn now(&self) -> jiff::Timestamp {
        (self.services.handlers.clock())()
    }

    /// So many minutes pass.
    pub fn pass_minutes(&self, minutes: i64) {
        self.now.fetch_add(minutes * 60_000_000, Ordering::SeqCst);
    }

    /// A number that was not used before.
    pub fn number(&self) -> u64 {
        self.next.fetch_add(1, Ordering::SeqCst)
    }

    /// A command as the operator sends it.
    pub fn sent(&self) -> Sent {
        Sent {
            id: CommandId(uuid(u128::from(self.number()) << 64 | 0xc0_4d)),
            fingerprint: Fingerprint(0),
            actor: Actor::Operator,
            from: "test".to_owned(),
            cause: None,
        }
    }

    /// Does this, without going through the API.
    pub async fn did<A>(&self, key: uuid::Uuid, command: A::Command)
    where
        A: Aggregate,
        A::Command: Clone,
    {
        self.services.handlers.handle::<A>(key, command, &self.sent()).await.unwrap();
    }

    /// The newest position, as the API writes it.
    pub fn head(&self) -> String {
        let head: Position = *self.services.handlers.store().head().borrow();
        self.services.position_text(head)
    }

    /// Sends a request; reads see all that was done before.
    pub async fn send(&self, request: Request<Body>) -> Reply {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let body = if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes).unwrap_or(Value::Null) };
        Reply { status: parts.status, headers: parts.headers, body }
    }

    fn request(&self, method: Method, path: &str, token: Option<&str>) -> axum::http::request::Builder {
        let request = Request::builder().method(method).uri(path).header("gatehouse-min-position", self.head());
        match token {
            Some(token) => request.header(header::AUTHORIZATION, format!("Bearer {token}")),
            None => request,
        }
    }

    /// Reads.
    pub async fn get(&self, path: &str, token: &str) -> Reply {
        self.send(self.request(Method::GET, path, Some(token)).body(Body::empty()).unwrap()).await
    }

    /// Reads, as anybody.
    pub async fn get_public(&self, path: &str) -> Reply {
        self.send(self.request(Method::GET, path, None).body(Body::empty()).unwrap()).await
    }

    /// Sends a body.
    pub async fn post(&self, path: &str, token: &str, body: Value) -> Reply {
        self.json(Method::POST, path, Some(token), None, &body).await
    }

    /// Sends a body, as anybody.
    pub async fn post_public(&self, path: &str, body: Value) -> Reply {
        self.json(Method::POST, path, None, None, &body).await
    }

    /// Puts a body.
    pub async fn put(&self, path: &str, token: &str, body: Value) -> Reply {
        self.json(Method::PUT, path, Some(token), None, &body).await
    }

    /// `DELETE`.
    pub async fn delete(&self, path: &str, token: &str) -> Reply {
        self.send(self.request(Method::DELETE, path, Some(token)).body(Body::empty()).unwrap()).await
    }

    /// Sends a body under an idempotency key.
    pub async fn post_keyed(&self, path: &str, token: &str, key: &str, body: Value) -> Reply {
        self.json(Method::POST, path, Some(token), Some(key), &body).await
    }

    async fn json(&self, method: Method, path: &str, token: Option<&str>, key: Option<&str>, body: &Value) -> Reply {
        let mut request = self.request(method, path, token).header(header::CONTENT_TYPE, "application/json");
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        self.send(request.body(Body::from(serde_json::to_vec(body).unwrap())).unwrap()).await
    }

    /// Uploads a CSV file under an idempotency key.
    pub async fn upload(&self, path: &str, token: &str, key: &str, csv: &str) -> Reply {
        let request = self.request(Method::POST, path, Some(token)).header(header::CONTENT_TYPE, "text/csv");
        self.send(request.header("idempotency-key", key).body(Body::from(csv.to_owned())).unwrap()).await
    }

    /// A token of a new member of staff with these roles.
    pub async fn staff(&self, roles: &[StaffRole]) -> String {
        self.member_of_staff(roles, self.somebody("Rita"), vec![]).await
    }

    /// The same for this person, who belongs to these organizations.
    pub async fn member_of_staff(&self, roles: &[StaffRole], contact: Contact, affiliations: Vec<Affiliation>) -> String {
        let staff = StaffId(uuid(0x57_0000 + u128::from(self.number())));
        let contact = Personal::new(self.services.keys.allot().unwrap(), contact);
        self.did::<Staff>(staff.0, StaffCommand::AppointStaff { contact, roles: roles.to_vec() }).await;
        if !affiliations.is_empty() {
            self.did::<Staff>(staff.0, StaffCommand::DeclareAffiliations { affiliations }).await;
        }
        self.token(Holder::Staff { staff, roles: roles.to_vec() }).await
    }

    /// A token of a partner's own system.
    pub async fn partner(&self, organization: OrganizationId) -> String {
        self.token(Holder::Partner { organization }).await
    }

    async fn token(&self, holder: Holder) -> String {
        let request = TokenRequest { name: "test".to_owned(), holder, scopes: Vec::new(), expires_at: None };
        let now = (self.services.handlers.clock())();
        self.services.vault.issue_token(request, now).await.unwrap().secret.to_string()
    }

    /// The token of a link in a mail.
    pub fn link(&self, purpose: &str, id: uuid::Uuid, generation: u32) -> String {
        self.services.master.link_token(purpose, Link { id, generation })
    }

    /// A person of this given name, with an address of their own.
    pub fn somebody(&self, given_name: &str) -> Contact {
        let address = format!("{}.{}@example.org", given_name.to_lowercase(), self.number());
        Contact { given_name: text(PersonName::parse, given_name), email: email(&address), ..contact("Anna") }
    }

    /// An organization that was registered, whose administrator holds [`ONE_TIME_PASSWORD`].
    pub async fn company(&self, name: &str) -> Company {
        let id = OrganizationId(uuid(0x09_0000 + u128::from(self.number())));
        let person = self.services.keys.allot().unwrap();
        let registration = RegistrationId(uuid(0x0e_0000 + u128::from(self.number())));
        let mut profile = profile(name);
        profile.identifiers.clear();
        self.did::<Organization>(id.0, OrganizationCommand::ApproveOrg { registration, profile, administrators: vec![person] }).await;
        let contact = self.somebody("Anna");
        let (administrator, user_id, _) = self
            .services
            .workflows
            .create_user_of(id, person, contact, vec![UserRole::OrganizationAdministrator], ONE_TIME_PASSWORD, &self.sent())
            .await
            .unwrap();
        // The account's person is allotted with it; the organization learns of them as it does from the process manager.
        self.did::<Organization>(id.0, OrganizationCommand::AddAdministrator { administrator, established: false }).await;
        let reason = domain::testing::reason("only a placeholder of the test");
        self.did::<Organization>(id.0, OrganizationCommand::RemoveAdministrator { administrator: person, reason }).await;
        Company { id, administrator, user_id: user_id.to_string() }
    }

    /// The token of the company's administrator, whose first-time login is done.
    pub async fn administrator(&self, company: &Company) -> String {
        let token = self.first_login(&company.user_id, ONE_TIME_PASSWORD).await;
        let administrator = company.administrator;
        self.did::<Organization>(company.id.0, OrganizationCommand::EstablishAdministrator { administrator }).await;
        token
    }

    /// A user of the company whose first-time login is done: their id and token.
    pub async fn user(&self, company: &Company, given_name: &str, roles: Vec<UserRole>) -> (PersonId, String) {
        let contact = self.somebody(given_name);
        let (person, user_id, _) = self
            .services
            .workflows
            .create_user_of(company.id, company.administrator, contact, roles, ONE_TIME_PASSWORD, &self.sent())
            .await
            .unwrap();
        (person, self.first_login(user_id.as_str(), ONE_TIME_PASSWORD).await)
    }

    /// Signs in; the token of the session.
    pub async fn sign_in(&self, user_id: &str, secret: &str) -> String {
        let body = self.post_public("/v1/sign-in", serde_json::json!({ "user_id": user_id, "secret": secret })).await.expect(200);
        body["token"].as_str().unwrap().to_owned()
    }

    /// Goes through first-time login to its end; the token of the session.
    pub async fn first_login(&self, user_id: &str, one_time_password: &str) -> String {
        let token = self.sign_in(user_id, one_time_password).await;
        self.post("/v1/first-login/password", &token, serde_json::json!({ "password": PASSWORD })).await.expect(200);
        let profile = self.get("/v1/first-login/profile", &token).await.expect(200);
        self.put("/v1/first-login/profile", &token, profile).await.expect(200);
        let terms = self.get("/v1/first-login/terms", &token).await.expect(200);
        let done = self.post("/v1/first-login/terms", &token, serde_json::json!({ "version": terms["version"] })).await.expect(200);
        assert_eq!(done["established"], true);
        token
    }

    /// An application of the catalogue, public and with every general way in; `change` changes its details.
    pub async fn application(&self, code: &str, owner: Owner, change: impl FnOnce(&mut ApplicationDetails)) -> ApplicationId {
        let id = ApplicationId(uuid(0xa9_0000 + u128::from(self.number())));
        let mut details = ApplicationDetails {
            name: text(ApplicationName::parse, code),
            description: text(Description::parse, "for tests"),
            registration: RegistrationPolicy::Public,
            access: AccessPolicy::ApplicationAdministrator,
            ways: vec![Way::Invitation, Way::Account, Way::PublicRegistration],
            credential_strength: CredentialStrength::Password,
            prerequisites: None,
            launch_url: text(WebAddress::parse, "https://application.example/start"),
            subscription_review: false,
            four_eyes: false,
        };
        change(&mut details);
        let code = text(ApplicationCode::parse, code);
        self.did::<Application>(id.0, ApplicationCommand::PublishApplication { code, owner, details }).await;
        id
    }

    /// The company is subscribed to the application.
    pub async fn subscribed(&self, company: &Company, application: ApplicationId) {
        let (organization, origin) = (company.id, SubscriptionOrigin::Account);
        let command = SubscriptionCommand::SubscribeApp { organization, application, origin, needs_review: false };
        self.did::<Subscription>(SubscriptionId::of(organization, application).0, command).await;
    }
}

fn clock(now: &Arc<AtomicI64>) -> Clock {
    let now = Arc::clone(now);
    Arc::new(move || jiff::Timestamp::from_microsecond(now.load(Ordering::SeqCst)).unwrap())
}

fn projections() -> Vec<Arc<dyn Projection>> {
    vec![
        Arc::new(review_queue::ReviewQueue),
        Arc::new(registration_status::RegistrationStatus),
        Arc::new(directory::Directory),
        Arc::new(entitlements::Entitlements),
        Arc::new(audit_history::AuditHistory),
        Arc::new(notification_dispatch::NotificationDispatch),
        Arc::new(public_feed::PublicFeed),
    ]
}

fn read_models(runtime: &Runtime) -> ReadModels {
    let view = |name: &str| -> Views { runtime.views(name).unwrap() };
    ReadModels {
        review_queue: view("review-queue"),
        registration_status: view("registration-status"),
        directory: view("directory"),
        entitlements: view("entitlements"),
        audit_history: view("audit-history"),
        notification_dispatch: view("notification-dispatch"),
        public_feed: view("public-feed"),
    }
}
