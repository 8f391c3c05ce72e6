//! The API over its router, in process: real handlers, read models, key ring and vault in a folder of its own, a log in memory,
//! and a clock that the test moves. What is asked of it and what it answers is HTTP.
#![allow(
    dead_code,
    unreachable_pub,
    unused_imports,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests; not each uses all of it"
)]

mod call;
mod setting;

pub use call::{Call, Reply};

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use command_handlers::workflows::Workflows;
use command_handlers::{CommandHandlers, Sent, Settings};
use credential_vault::{HashingOptions, Vault, VaultKey};
use domain::testing::{NOW, at, company, uuid};
use domain::{EventId, Policy};
use event_codec::Codec;
use event_store::memory::MemoryStore;
use event_store::{Clock, EventStore};
use http_api::human_check::ProofOfWork;
use http_api::limits::{Limits, Rates};
use http_api::network::{ForwardedHeader, Proxies};
use http_api::sign_in::openid::StaffOpenId;
use http_api::{Downstream, Inner, ReadModels, Services};
use jiff::{Timestamp, ToSpan};
use key_ring::{KeyRing, MasterKey};
use parking_lot::Mutex;
use projection_runtime::{Runtime, Setup, Views};
use public_feed::Origin;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// The API with all behind it.
pub struct Api {
    pub services: Services,
    pub router: Router,
    pub runtime: Runtime,
    /// Tells those who follow events that the service stops.
    pub stop: CancellationToken,
    now: Arc<Mutex<Timestamp>>,
    ids: AtomicU64,
    /// The newest position that an answer named: reads ask for it.
    seen: Mutex<Option<String>>,
    _folder: tempfile::TempDir,
}

impl Api {
    /// An empty service, on [`NOW`], with the default policy.
    pub async fn start() -> Self {
        Self::with(Policy::default()).await
    }

    /// An empty service under these rules.
    pub async fn with(policy: Policy) -> Self {
        Self::with_limits(policy, Rates::default()).await
    }

    /// An empty service under these rules, where things may be done this often.
    pub async fn with_limits(policy: Policy, rates: Rates) -> Self {
        Self::with_all(policy, rates, None).await
    }

    /// An empty service with an identity provider of its staff.
    pub async fn with_provider(openid: StaffOpenId) -> Self {
        Self::with_all(Policy::default(), Rates::default(), Some(openid)).await
    }

    async fn with_all(policy: Policy, rates: Rates, openid: Option<StaffOpenId>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let now = Arc::new(Mutex::new(at(NOW)));
        let clock: Clock = {
            let now = now.clone();
            Arc::new(move || *now.lock())
        };
        let master = Arc::new(MasterKey::from_bytes([7; 32]));
        let keys = Arc::new(KeyRing::open(&folder.path().join("keys.db"), &master).unwrap());
        let vault_key = VaultKey::new(&master.vault_key());
        let vault = Vault::open_with(&folder.path().join("vault.db"), vault_key, HashingOptions::cheap_for_tests()).unwrap();
        let vault = Arc::new(vault);
        let log: Arc<dyn EventStore> = Arc::new(MemoryStore::new(clock.clone()));
        let codec = Codec::new(keys.clone());
        let setup = Setup {
            data: folder.path().to_owned(),
            shared: None,
            log: log.clone(),
            codec: codec.clone(),
            clock: clock.clone(),
            projections: vec![
                Arc::new(review_queue::ReviewQueue),
                Arc::new(registration_status::RegistrationStatus),
                Arc::new(directory::Directory),
                Arc::new(entitlements::Entitlements),
                Arc::new(audit_history::AuditHistory),
                Arc::new(notification_dispatch::NotificationDispatch),
                Arc::new(public_feed::PublicFeed),
            ],
        };
        let runtime = Runtime::start(setup).await.unwrap();
        let epoch = log.epoch();
        let (source, schemas) = ("https://gateway.example".to_owned(), "https://gateway.example/v1/schemas".to_owned());
        let origin = Origin { source, schemas, epoch: epoch.0 };
        let stop = CancellationToken::new();
        let handlers = Arc::new(CommandHandlers::new(log, codec, clock, policy, Settings::default()));
        let workflows =
            Workflows::new(handlers.clone(), keys.clone(), vault.clone(), master.clone(), company("Meridian Gateway Operations"));
        let services = Services(Arc::new(Inner {
            handlers,
            workflows,
            vault,
            keys,
            epoch,
            views: read_models(&runtime),
            human_check: Arc::new(ProofOfWork::new(master.clone(), 4)),
            master,
            downstream: Downstream::new(origin, folder.path().to_owned(), stop.clone()),
            limits: Arc::new(Limits::new(rates).unwrap()),
            proxies: Arc::new(Proxies::new(vec!["10.0.0.0/8".parse().unwrap()], ForwardedHeader::default())),
            openid,
            base_url: "https://gateway.example".to_owned(),
        }));
        let router = http_api::router(services.clone());
        Self { services, router, runtime, stop, now, ids: AtomicU64::new(1), seen: Mutex::default(), _folder: folder }
    }

    /// What time it is.
    pub fn now(&self) -> Timestamp {
        *self.now.lock()
    }

    /// It is as late as on the clock on the wall, which is that of other servers.
    #[allow(clippy::disallowed_methods, reason = "the provider's clock cannot be moved")]
    pub fn keep_real_time(&self) {
        *self.now.lock() = Timestamp::now();
    }

    /// So many minutes pass.
    pub fn pass_minutes(&self, minutes: i64) {
        let mut now = self.now.lock();
        *now = now.checked_add(minutes.minutes()).unwrap();
    }

    /// An id that no other thing of this test has.
    pub fn id(&self) -> Uuid {
        uuid(u128::from(self.ids.fetch_add(1, Ordering::Relaxed)) << 64)
    }

    /// A command of the test itself, to set the stage.
    pub fn sent(&self) -> Sent {
        Sent::following(EventId(self.id()), "test", "stage")
    }

    /// Waits until every read model shows all that has happened.
    pub async fn settle(&self) {
        let head = *self.services.handlers.store().head().borrow();
        self.runtime.wait_for(head, Duration::from_secs(20)).await.unwrap();
    }
}

fn read_models(runtime: &Runtime) -> ReadModels {
    let views = |name: &str| -> Views { runtime.views(name).unwrap_or_else(|| panic!("no read model {name}")) };
    ReadModels {
        review_queue: views("review-queue"),
        registration_status: views("registration-status"),
        directory: views("directory"),
        entitlements: views("entitlements"),
        audit_history: views("audit-history"),
        notification_dispatch: views("notification-dispatch"),
        public_feed: views("public-feed"),
    }
}
