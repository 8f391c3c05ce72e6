//! A service without its surface: a log that can be made to fail, a key ring, a vault, a clock that a test moves, the read models
//! that the managers look into.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use command_handlers::workflows::{Approve, Nominate, Workflows};
use command_handlers::{CommandHandlers, Sent, Settings};
use credential_vault::{
    Claim, FactorState, HashingOptions, ImportedToken, InventoryToken, OtpAlgorithm, OtpDigits, OtpHash, Vault, VaultKey,
};
use domain::application::{AccessPolicy, Application, ApplicationCommand, ApplicationDetails, CredentialStrength, RegistrationPolicy, Way};
use domain::credential::{Credential, CredentialCommand, CredentialKind, CredentialState};
use domain::invitation::Invitation;
use domain::registration::{AdministratorRole, Origin, Registration, RegistrationCommand, RequestedApplication, Reviewer};
use domain::testing::{company, contact, profile, reason, text, uuid};
use domain::{
    Actor, Addressee, Aggregate, ApplicationCode, ApplicationId, ApplicationName, CommandId, CredentialId, CredentialLabel, Description,
    InvitationId, OrganizationId, Owner, PersonId, Personal, Policy, Registrant, RegistrationId, StaffId, WebAddress,
};
use event_codec::{Codec, Envelope, Fingerprint};
use event_store::memory::MemoryStore;
use event_store::{Append, AppendError, Clock, Direction, Epoch, EventStore, Position, ReadError, Recorded, StreamId, Ticket};
use jiff::{SignedDuration, Timestamp};
use key_ring::{KeyRing, MasterKey};
use parking_lot::Mutex;
use process_managers::{Clockwork, Desk, Lists, all, all_with_lists};
use projection_runtime::{Consumer, Lease, Runtime, Setup};
use tempfile::TempDir;
use tokio::sync::watch;
use uuid::Uuid;

pub(crate) const SOON: Duration = Duration::from_secs(60);
/// A Monday, an hour into business.
pub(crate) const BEGIN: &str = "2026-03-02T10:00:00Z";
pub(crate) const ONE_TIME_PASSWORD: &str = "Kestrel-Orbit-58-Glacier-Tin";

/// A log in memory that takes so many appends and then none, as when the process is killed.
pub(crate) struct Disk {
    pub(crate) inner: MemoryStore,
    left: AtomicI64,
}

impl Disk {
    /// Takes so many more appends; then it fails.
    pub(crate) fn fail_after(&self, appends: i64) {
        self.left.store(appends, Ordering::SeqCst);
    }

    pub(crate) fn repair(&self) {
        self.left.store(i64::MAX, Ordering::SeqCst);
    }
}

#[async_trait]
impl EventStore for Disk {
    fn append(&self, append: Append) -> Ticket {
        if self.left.fetch_sub(1, Ordering::SeqCst) > 0 {
            return self.inner.append(append);
        }
        let (settle, ticket) = Ticket::new();
        settle.settle(Err(AppendError::Unavailable("killed".into())));
        ticket
    }

    async fn read_stream(&self, stream: &StreamId, from: u64, direction: Direction, limit: usize) -> Result<Vec<Recorded>, ReadError> {
        self.inner.read_stream(stream, from, direction, limit).await
    }

    async fn read_all(&self, after: Position, limit: usize) -> Result<Vec<Recorded>, ReadError> {
        self.inner.read_all(after, limit).await
    }

    async fn read_all_backwards(&self, before: Position, limit: usize) -> Result<Vec<Recorded>, ReadError> {
        self.inner.read_all_backwards(before, limit).await
    }

    fn head(&self) -> watch::Receiver<Position> {
        self.inner.head()
    }

    fn epoch(&self) -> Epoch {
        self.inner.epoch()
    }
}

pub(crate) struct World {
    pub(crate) disk: Arc<Disk>,
    pub(crate) keys: Arc<KeyRing>,
    pub(crate) vault: Arc<Vault>,
    pub(crate) desk: Desk,
    pub(crate) policy: Policy,
    now: Arc<Mutex<Timestamp>>,
    next: AtomicI64,
    folder: Arc<TempDir>,
}

fn clock(now: &Arc<Mutex<Timestamp>>) -> Clock {
    let now = now.clone();
    Arc::new(move || *now.lock())
}

fn desk(disk: &Arc<Disk>, keys: &Arc<KeyRing>, vault: &Arc<Vault>, policy: &Policy, clock: Clock) -> Desk {
    let codec = Codec::new(keys.clone());
    let handlers = Arc::new(CommandHandlers::new(disk.clone(), codec, clock, policy.clone(), Settings::default()));
    let master = Arc::new(MasterKey::from_bytes([1; 32]));
    let workflows = Workflows::new(handlers.clone(), keys.clone(), vault.clone(), master, company("Gateway Operator"));
    Desk { handlers, workflows }
}

impl World {
    pub(crate) fn new() -> Self {
        Self::under(Policy::default())
    }

    pub(crate) fn under(policy: Policy) -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let now = Arc::new(Mutex::new(BEGIN.parse().unwrap()));
        let keys = Arc::new(KeyRing::open(&folder.path().join("keys.db"), &MasterKey::from_bytes([1; 32])).unwrap());
        let hashing = HashingOptions::cheap_for_tests();
        let vault = Arc::new(Vault::open_with(&folder.path().join("vault.db"), VaultKey::new(&[2; 32]), hashing).unwrap());
        let disk = Arc::new(Disk { inner: MemoryStore::new(clock(&now)), left: AtomicI64::new(i64::MAX) });
        let desk = desk(&disk, &keys, &vault, &policy, clock(&now));
        Self { disk, keys, vault, desk, policy, now, next: AtomicI64::new(1), folder }
    }

    /// The same world up to now, whose log goes on by itself.
    pub(crate) fn fork(&self) -> Self {
        let disk = Arc::new(Disk { inner: self.disk.inner.reopened(clock(&self.now)), left: AtomicI64::new(i64::MAX) });
        let desk = desk(&disk, &self.keys, &self.vault, &self.policy, clock(&self.now));
        let next = AtomicI64::new(self.next.load(Ordering::SeqCst));
        Self {
            disk,
            keys: self.keys.clone(),
            vault: self.vault.clone(),
            desk,
            policy: self.policy.clone(),
            now: self.now.clone(),
            next,
            folder: self.folder.clone(),
        }
    }

    /// As after a kill: nothing is left but what is on disk.
    pub(crate) fn restart(&mut self) {
        self.disk.repair();
        self.desk = desk(&self.disk, &self.keys, &self.vault, &self.policy, clock(&self.now));
    }

    pub(crate) fn now(&self) -> Timestamp {
        *self.now.lock()
    }

    pub(crate) fn pass(&self, time: SignedDuration) {
        let mut now = self.now.lock();
        *now = now.checked_add(time).unwrap();
    }

    pub(crate) fn be(&self, at: Timestamp) {
        *self.now.lock() = at;
    }

    /// Another command of somebody.
    pub(crate) fn sent(&self) -> Sent {
        let number = u128::try_from(self.next.fetch_add(1, Ordering::SeqCst)).unwrap();
        Sent {
            id: CommandId(uuid(0xc000_0000 + number)),
            fingerprint: Fingerprint(0),
            actor: Actor::Operator,
            from: "test".to_owned(),
            cause: None,
        }
    }

    /// An id that nothing has yet.
    pub(crate) fn fresh(&self) -> Uuid {
        self.sent().derive("fresh")
    }

    pub(crate) async fn ask<A: Aggregate>(&self, key: Uuid, command: A::Command) -> Vec<A::Event>
    where
        A::Command: Clone,
    {
        self.desk.handlers.handle::<A>(key, command, &self.sent()).await.unwrap().events
    }

    pub(crate) async fn state<A: Aggregate>(&self, key: Uuid) -> A::State {
        self.desk.handlers.state::<A>(key).await.unwrap().map(|(state, _)| state).unwrap_or_default()
    }

    /// All that happened, decoded.
    pub(crate) async fn history(&self) -> Vec<Envelope> {
        let codec = Codec::new(self.keys.clone());
        let recorded = self.disk.read_all(Position::START, 100_000).await.unwrap();
        recorded.iter().map(|recorded| codec.decode(recorded).unwrap()).collect()
    }

    /// How often an event of this type happened.
    pub(crate) async fn count(&self, event_type: &str) -> usize {
        self.history().await.iter().filter(|event| &*event.event_type == event_type).count()
    }

    /// The last event of this type.
    pub(crate) async fn last(&self, event_type: &str) -> Envelope {
        self.history().await.into_iter().rfind(|event| &*event.event_type == event_type).unwrap()
    }

    /// Feeds the whole log, from its beginning, to all managers that need no read model, and what follows from that, until nothing
    /// does.
    pub(crate) async fn settle(&self) {
        self.feed(&all(&self.desk)).await;
    }

    pub(crate) async fn feed(&self, managers: &[Arc<dyn Consumer>]) {
        let codec = Codec::new(self.keys.clone());
        let mut at = Position::START;
        loop {
            let page = self.disk.read_all(at, 1).await.unwrap();
            let Some(recorded) = page.first() else { return };
            let event = codec.decode(recorded).unwrap();
            for manager in managers {
                manager.handle(&event).await.unwrap();
            }
            at = event.position;
        }
    }

    /// The read models that the managers look into, kept by the real runtime.
    pub(crate) async fn models(&self) -> Models {
        let data = self.folder.path().join(self.fresh().to_string());
        std::fs::create_dir_all(&data).unwrap();
        let setup = Setup {
            data,
            shared: None,
            log: self.disk.clone(),
            codec: Codec::new(self.keys.clone()),
            clock: clock(&self.now),
            projections: vec![
                Arc::new(deadlines::Deadlines { invitation_reminder: SignedDuration::from_hours(7 * 24) }),
                Arc::new(directory::Directory),
                Arc::new(entitlements::Entitlements),
            ],
        };
        let runtime = Runtime::start(setup).await.unwrap();
        let lists = Lists {
            directory: runtime.views("directory").unwrap(),
            entitlements: runtime.views("entitlements").unwrap(),
            deadlines: runtime.views("deadlines").unwrap(),
        };
        let clockwork = Clockwork::new(self.desk.clone(), lists.deadlines.clone(), Lease::alone());
        Models { runtime, lists, clockwork }
    }

    /// Lets the read models catch up, asks what is due, and lets them catch up with that.
    pub(crate) async fn tick(&self, models: &mut Models) -> usize {
        models.wait(self).await;
        let asked = models.clockwork.tick().await.unwrap();
        models.wait(self).await;
        asked
    }

    /// A token bought elsewhere, in the inventory.
    pub(crate) async fn stock(&self, serial: &str) {
        let token = InventoryToken {
            serial: serial.to_owned(),
            algorithm: OtpAlgorithm::Hotp,
            digits: OtpDigits::Six,
            hash: OtpHash::Sha1,
            counter: 0,
            seed: b"12345678901234567890".to_vec().into(),
        };
        assert_eq!(self.vault.import_tokens(vec![token], self.now()).await.unwrap(), [ImportedToken::New]);
    }

    /// Somebody registers this token, which works from then on; their own stream is still to be told.
    pub(crate) async fn register_token(&self, person: PersonId, serial: &str) -> CredentialId {
        let id = CredentialId(self.fresh());
        assert_eq!(self.vault.claim_token(id, person, serial, self.now()).await.unwrap(), Claim::Stored);
        let (kind, label) = (CredentialKind::Token { serial: serial.to_owned() }, CredentialLabel::parse("Key ring").unwrap());
        self.ask::<Credential>(id.0, CredentialCommand::RegisterCredential { user: person, kind, label }).await;
        self.vault.activate(id).await.unwrap();
        self.ask::<Credential>(id.0, CredentialCommand::ActivateCredential {}).await;
        id
    }

    /// Whether a credential has ended in the vault, and in the log.
    pub(crate) async fn has_ended(&self, person: PersonId, id: CredentialId) -> (bool, bool) {
        let factors = self.vault.factors_of(person).await.unwrap();
        let factor = factors.iter().find(|factor| factor.id == id).unwrap();
        let state = self.state::<Credential>(id.0).await;
        (factor.state == FactorState::Revoked, matches!(state, CredentialState::Revoked(_)))
    }

    pub(crate) fn person(&self) -> PersonId {
        self.keys.allot().unwrap()
    }
}

pub(crate) struct Models {
    runtime: Runtime,
    pub(crate) lists: Lists,
    pub(crate) clockwork: Clockwork,
}

impl Models {
    pub(crate) async fn wait(&self, world: &World) {
        let head = *world.disk.head().borrow();
        self.runtime.wait_for(head, SOON).await.unwrap();
    }

    pub(crate) fn managers(&self, world: &World) -> Vec<Arc<dyn Consumer>> {
        let mut managers = all(&world.desk);
        managers.extend(all_with_lists(&world.desk, &self.lists));
        managers
    }
}

/// The cases that the tests are about.
impl World {
    pub(crate) fn details(name: &str) -> ApplicationDetails {
        ApplicationDetails {
            name: text(ApplicationName::parse, name),
            description: text(Description::parse, "What suppliers use."),
            registration: RegistrationPolicy::Public,
            access: AccessPolicy::Automatic,
            ways: vec![Way::Invitation, Way::PublicRegistration],
            credential_strength: CredentialStrength::Password,
            prerequisites: None,
            launch_url: text(WebAddress::parse, "https://apps.example/launch"),
            subscription_review: false,
            four_eyes: false,
        }
    }

    /// An application of the operator's.
    pub(crate) async fn publish(&self, code: &str) -> ApplicationId {
        let application = ApplicationId(self.fresh());
        let command = ApplicationCommand::PublishApplication {
            code: text(ApplicationCode::parse, code),
            owner: Owner::Operator,
            details: Self::details(code),
        };
        self.ask::<Application>(application.0, command).await;
        application
    }

    /// Takes an application out of the catalogue.
    pub(crate) async fn retire(&self, application: ApplicationId) {
        self.ask::<Application>(application.0, ApplicationCommand::RetireApplication { reason: reason("Replaced.") }).await;
    }

    pub(crate) fn invite(&self, name: &str, application: ApplicationId) -> command_handlers::workflows::Invite {
        command_handlers::workflows::Invite {
            inviter: Owner::Operator,
            company: company(name),
            identifiers: vec![],
            addressee: Addressee { name: None, email: domain::testing::email("ada@fastener.example"), message: None },
            applications: vec![application],
            organization: None,
            expires_in_days: None,
        }
    }

    pub(crate) async fn invited(&self, name: &str, application: ApplicationId) -> InvitationId {
        self.desk.workflows.invite_org(self.invite(name, application), &self.sent()).await.unwrap().0
    }

    pub(crate) async fn invitation(&self, invitation: InvitationId) -> domain::invitation::InvitationState {
        self.state::<Invitation>(invitation.0).await
    }

    /// A partner's invitation has led to a case, which is submitted: one nominee administers the organization, another one the second of
    /// two applications.
    pub(crate) async fn submitted(&self, partner: OrganizationId, applications: [ApplicationId; 2], identifier: &str) -> Case {
        let id = RegistrationId(self.fresh());
        let [automatic, administered] = applications;
        let requested = |application, needs_administrator| RequestedApplication {
            application,
            owner: Owner::Partner(partner),
            needs_administrator,
            four_eyes: false,
        };
        let registrant = Registrant { name: None, email: domain::testing::email("ada@fastener.example") };
        let begin = RegistrationCommand::StartRegistration {
            invited_by: vec![],
            id,
            origin: Origin::Invitation { invitation: InvitationId(self.fresh()), inviter: Owner::Partner(partner) },
            registrant: Personal::new(self.person(), registrant),
            company: Some(company("Fastener Works")),
            applications: vec![requested(automatic, false), requested(administered, true)],
        };
        self.ask::<Registration>(id.0, begin).await;
        let (ada, bo) = self.fill_in(id, identifier, Some(administered)).await;
        Case { id, organization: OrganizationId::derive(id.0, "organization"), ada, bo: bo.unwrap() }
    }

    /// Fills in and submits a case.
    pub(crate) async fn fill_in(
        &self,
        id: RegistrationId,
        identifier: &str,
        administered: Option<ApplicationId>,
    ) -> (PersonId, Option<PersonId>) {
        self.ask::<Registration>(id.0, RegistrationCommand::PassHumanCheck { challenge: "solved".to_owned() }).await;
        let mut profile = profile("Fastener Works GmbH");
        profile.identifiers = vec![domain::testing::identifier("DUNS", identifier)];
        self.ask::<Registration>(id.0, RegistrationCommand::SaveProfile { profile }).await;
        let ada = self.nominate(id, "Ada", AdministratorRole::OrganizationAdministrator).await;
        let mut bo = None;
        if let Some(application) = administered {
            bo = Some(self.nominate(id, "Bo", AdministratorRole::ApplicationAdministrator(application)).await);
        }
        self.ask::<Registration>(id.0, RegistrationCommand::ConfirmReview {}).await;
        self.ask::<Registration>(id.0, RegistrationCommand::SubmitRegistration {}).await;
        (ada, bo)
    }

    async fn nominate(&self, id: RegistrationId, name: &str, role: AdministratorRole) -> PersonId {
        let nominate = Nominate { contact: contact(name), is_registrant: false, one_time_password: ONE_TIME_PASSWORD.to_owned(), role };
        let (nominee, _) = self.desk.workflows.nominate(id, nominate, &self.sent()).await.unwrap();
        self.ask::<Registration>(id.0, RegistrationCommand::AcknowledgeHandover { nominee }).await;
        nominee
    }

    pub(crate) fn reviewer() -> Reviewer {
        Reviewer { staff: StaffId(uuid(0x57aff)), email: None, affiliations: vec![], accounts: vec![] }
    }

    pub(crate) async fn claim(&self, case: &Case) {
        self.ask::<Registration>(case.id.0, RegistrationCommand::ClaimRegistration { reviewer: Self::reviewer() }).await;
    }

    pub(crate) async fn approve(&self, case: &Case) {
        self.claim(case).await;
        let dossier_version = self.state::<Registration>(case.id.0).await.case().unwrap().dossier.version;
        let approve = Approve { reviewer: Self::reviewer(), dossier_version, reason: reason("All is well.") };
        self.desk.workflows.approve(case.id, approve, &self.sent()).await.unwrap();
    }
}

/// A case and who is in it.
pub(crate) struct Case {
    pub(crate) id: RegistrationId,
    pub(crate) organization: OrganizationId,
    /// To be administrator of the organization.
    pub(crate) ada: PersonId,
    /// To be administrator of an application.
    pub(crate) bo: PersonId,
}
