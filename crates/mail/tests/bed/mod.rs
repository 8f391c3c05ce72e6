//! What a dispatcher stands in: a log with its outbox, a clock that the test moves, and faults to order.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use domain::mail::MailEvent;
use domain::person::PersonEvent;
use domain::user::UserEvent;
use domain::{CommandId, CompanyName, DomainEvent, Email, EventId, MailId, OrganizationId, PersonId, Personal, Reason};
use jiff::{SignedDuration, Timestamp};
use mail::{
    Attempt, Attempts, Clock, Composed, Delivery, Dispatcher, DispatcherSettings, FateRecorder, Maildir, Outbox, RecordError, Smtp,
    SmtpSettings, SmtpTls, Transport,
};
use notification_dispatch::{Cursor, Mail, NotificationDispatch, OutboxError, Owed};
use projection_runtime::{Envelope, Fingerprint, Lease, Metadata, Position, Standalone, StreamId};
use tempfile::TempDir;
use test_support::eventually;
use test_support::servers::SmtpServer;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::support::composer;

/// How long a test waits for something that should be there at once, on a busy machine.
pub(crate) const LONG: Duration = Duration::from_secs(30);

/// Whether it is the fate of a mail that was taken.
pub(crate) fn sent(fate: &MailEvent) -> bool {
    matches!(fate, MailEvent::Sent { .. })
}

/// A log in memory, with the outbox fed from it.
struct Log {
    outbox: tokio::sync::Mutex<Standalone<NotificationDispatch>>,
    /// What is in the log but not yet in the outbox.
    held_back: Mutex<Vec<Arc<Envelope>>>,
    hold_back_fates: AtomicBool,
    refuse_fates: AtomicBool,
    refused: AtomicUsize,
    recorded: AtomicUsize,
    fates: Mutex<HashMap<MailId, MailEvent>>,
    head: Mutex<u64>,
    applied: watch::Sender<Position>,
    clock: Arc<HandClock>,
}

impl Log {
    fn envelope(&self, event: DomainEvent) -> Arc<Envelope> {
        let mut head = self.head.lock().unwrap();
        *head += 1;
        Arc::new(Envelope {
            position: Position(*head),
            stream: StreamId::new(event.category(), event.key()),
            version: 0,
            id: EventId(Uuid::from_u128(u128::from(*head) << 64)),
            event_type: "test.event.v1".into(),
            recorded_at: self.clock.now(),
            metadata: Metadata {
                command: CommandId(Uuid::from_u128(u128::from(*head))),
                fingerprint: Fingerprint(0),
                actor: domain::Actor::Operator,
                from: "cli".to_owned(),
                cause: None,
            },
            event,
        })
    }

    /// The outbox takes in what was held back, and these.
    async fn apply(&self, events: Vec<Arc<Envelope>>) {
        let mut outbox = self.outbox.lock().await;
        let mut all: Vec<_> = std::mem::take(&mut *self.held_back.lock().unwrap());
        all.extend(events);
        all.sort_by_key(|envelope| envelope.position);
        let last = all.last().unwrap().position;
        outbox.apply(&all).await.unwrap();
        self.applied.send_modify(|applied| *applied = last.max(*applied));
    }
}

#[async_trait]
impl FateRecorder for Log {
    async fn record(&self, mail: MailId, fate: MailEvent) -> Result<Position, RecordError> {
        if self.refuse_fates.load(Ordering::SeqCst) {
            self.refused.fetch_add(1, Ordering::SeqCst);
            return Err(RecordError("disk full".into()));
        }
        self.recorded.fetch_add(1, Ordering::SeqCst);
        self.fates.lock().unwrap().entry(mail).or_insert_with(|| fate.clone());
        let envelope = self.envelope((mail, fate).into());
        let position = envelope.position;
        if self.hold_back_fates.load(Ordering::SeqCst) {
            self.held_back.lock().unwrap().push(envelope);
        } else {
            self.apply(vec![envelope]).await;
        }
        Ok(position)
    }

    async fn newest(&self) -> Result<Position, RecordError> {
        Ok(Position(*self.head.lock().unwrap()))
    }
}

#[async_trait]
impl Outbox for Log {
    fn applied(&self) -> Position {
        *self.applied.borrow()
    }

    async fn moved_beyond(&self, position: Position) {
        self.applied.subscribe().wait_for(|applied| *applied > position).await.unwrap();
    }

    async fn owed_after(&self, after: Cursor, limit: u32) -> Result<Vec<Owed>, OutboxError> {
        let mut outbox = self.outbox.lock().await;
        notification_dispatch::owed_after(outbox.rows(), after, limit).await
    }

    async fn mails(&self, ids: &[MailId]) -> Result<Vec<Mail>, OutboxError> {
        let mut outbox = self.outbox.lock().await;
        notification_dispatch::by_ids(outbox.rows(), ids).await
    }
}

/// A clock that stands until it is moved.
struct HandClock(watch::Sender<Timestamp>);

#[async_trait]
impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        *self.0.borrow()
    }

    async fn sleep_until(&self, until: Timestamp) {
        self.0.subscribe().wait_for(|now| *now >= until).await.unwrap();
    }
}

/// Where a dispatcher can be put to the test.
pub(crate) struct Bed {
    log: Arc<Log>,
    attempts: Attempts,
    _folder: TempDir,
}

impl Bed {
    pub(crate) async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let attempts = Attempts::file(&folder.path().join("attempts.db")).await.unwrap();
        Self::with(attempts, folder).await
    }

    pub(crate) async fn with(attempts: Attempts, folder: TempDir) -> Self {
        let outbox = Standalone::create(&folder.path().join("outbox.db"), NotificationDispatch).await.unwrap();
        let log = Log {
            outbox: tokio::sync::Mutex::new(outbox),
            held_back: Mutex::default(),
            hold_back_fates: AtomicBool::new(false),
            refuse_fates: AtomicBool::new(false),
            refused: AtomicUsize::new(0),
            recorded: AtomicUsize::new(0),
            fates: Mutex::default(),
            head: Mutex::new(0),
            applied: watch::Sender::new(Position::START),
            clock: Arc::new(HandClock(watch::Sender::new("2026-11-02T09:00:00Z".parse().unwrap()))),
        };
        Self { log: Arc::new(log), attempts, _folder: folder }
    }

    /// Something happens that owes a mail to this address.
    pub(crate) async fn owe(&self, address: &str) -> MailId {
        let envelope = self.cause(address);
        let mail = MailId::of(envelope.id, &PersonId(envelope.event.key()).to_string());
        if self.log.hold_back_fates.load(Ordering::SeqCst) {
            // Only fates are held back.
            let mut outbox = self.log.outbox.lock().await;
            outbox.apply(std::slice::from_ref(&envelope)).await.unwrap();
            self.log.applied.send_modify(|applied| *applied = envelope.position.max(*applied));
        } else {
            self.log.apply(vec![envelope]).await;
        }
        mail
    }

    /// So much happens at once.
    pub(crate) async fn owe_many(&self, mails: usize) {
        let causes = (0..mails).map(|number| self.cause(&format!("user{number}@northwind.example"))).collect();
        self.log.apply(causes).await;
    }

    fn cause(&self, address: &str) -> Arc<Envelope> {
        let person = PersonId(Uuid::from_u128(1_000_000 + u128::from(*self.log.head.lock().unwrap())));
        let event = UserEvent::Invited {
            organization: OrganizationId(Uuid::from_u128(1)),
            organization_name: CompanyName::parse("Northwind Castings Ltd").unwrap(),
            email: Personal::new(person, Email::parse(address).unwrap()),
            expires_at: self.now() + SignedDuration::from_hours(24 * 14),
        };
        self.log.envelope((person, event).into())
    }

    /// The recipient of this mail is forgotten.
    pub(crate) async fn forget(&self, mail: MailId) {
        let person = self.log.mails(&[mail]).await.unwrap().pop().unwrap().recipient;
        let event = PersonEvent::ForgettingStarted { reason: Reason::parse("asked for it").unwrap() };
        let envelope = self.log.envelope((person, event).into());
        self.log.apply(vec![envelope]).await;
    }

    /// From now on fates are in the log but do not get into the read model; or do, with the next event.
    pub(crate) fn hold_back_fates(&self, hold_back: bool) {
        self.log.hold_back_fates.store(hold_back, Ordering::SeqCst);
    }

    /// From now on the log takes no fates; or does again.
    pub(crate) fn refuse_fates(&self, refuse: bool) {
        self.log.refuse_fates.store(refuse, Ordering::SeqCst);
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.log.clock.now()
    }

    pub(crate) fn advance_to(&self, now: Timestamp) {
        self.log.clock.0.send_modify(|clock| *clock = now.max(*clock));
    }

    pub(crate) fn attempts(&self) -> &Attempts {
        &self.attempts
    }

    /// The recorded fate of a mail.
    pub(crate) fn fate(&self, mail: MailId) -> MailEvent {
        self.log.fates.lock().unwrap().get(&mail).cloned().unwrap()
    }

    /// How many mails have a fate.
    pub(crate) fn fates(&self) -> usize {
        self.log.fates.lock().unwrap().len()
    }

    /// How often a fate was recorded.
    pub(crate) fn recorded(&self) -> usize {
        self.log.recorded.load(Ordering::SeqCst)
    }

    /// How many mails the read model says are owed.
    pub(crate) async fn owed_count(&self) -> usize {
        self.log.owed_after(Cursor::default(), 10_000).await.unwrap().len()
    }

    pub(crate) async fn wait_for_fates(&self, count: usize) {
        eventually(&format!("{count} fates"), LONG * 2, async || (self.fates() >= count).then_some(())).await;
    }

    pub(crate) async fn wait_for_refused_fates(&self, count: usize) {
        eventually("the log to refuse a fate", LONG, async || (self.log.refused.load(Ordering::SeqCst) >= count).then_some(())).await;
    }

    pub(crate) async fn wait_for_attempts(&self, mail: MailId, count: u32) -> Attempt {
        let look = async || self.attempts.all().await.unwrap().remove(&mail).filter(|attempt| attempt.count >= count);
        eventually(&format!("attempt {count} at a mail"), LONG, look).await
    }

    pub(crate) fn smtp(&self, server: &SmtpServer) -> Smtp {
        self.smtp_with(server, LONG)
    }

    pub(crate) fn smtp_with(&self, server: &SmtpServer, timeout: Duration) -> Smtp {
        let settings = SmtpSettings { tls: SmtpTls::None, timeout, ..SmtpSettings::new("127.0.0.1", server.port()) };
        Smtp::new(&settings).unwrap()
    }

    /// Starts a dispatcher, as after a restart.
    pub(crate) async fn dispatch(&self, transport: impl Transport) -> Running {
        self.dispatch_at_once(transport, 1).await
    }

    pub(crate) async fn dispatch_at_once(&self, transport: impl Transport, at_once: usize) -> Running {
        self.dispatch_under(Lease::alone(), transport, at_once).await
    }

    /// Starts a dispatcher that sends while its lease is held.
    pub(crate) async fn dispatch_under(&self, lease: Lease, transport: impl Transport, at_once: usize) -> Running {
        let settings = DispatcherSettings { at_once, send_timeout: LONG * 20, ..DispatcherSettings::default() };
        let (outbox, recorder, clock) = (self.log.clone(), self.log.clone(), self.log.clock.clone());
        let dispatcher = Dispatcher::new(outbox, composer("en"), Arc::new(transport), recorder, self.attempts.clone(), clock, settings);
        let shutdown = CancellationToken::new();
        let task = tokio::spawn(dispatcher.run(lease, shutdown.clone()));
        Running { task, shutdown }
    }
}

/// A dispatcher at work.
pub(crate) struct Running {
    task: JoinHandle<()>,
    shutdown: CancellationToken,
}

impl Running {
    /// Tells it to stop, and waits until it has.
    pub(crate) async fn stop(self) {
        self.begin_to_stop().await.unwrap();
    }

    /// Tells it to stop.
    pub(crate) fn begin_to_stop(self) -> JoinHandle<()> {
        self.shutdown.cancel();
        self.task
    }

    /// Ends it in the middle of whatever it does, as far as a task can be.
    pub(crate) fn kill(self) {
        self.task.abort();
    }
}

/// A maildir on a disk that takes its time.
pub(crate) struct Slow {
    maildir: Maildir,
    gate: Arc<Gate>,
}

/// When the disk goes on.
pub(crate) struct Gate {
    started: AtomicUsize,
    is_open: AtomicBool,
    opened: Notify,
}

impl Slow {
    pub(crate) fn new(maildir: Maildir) -> (Self, Arc<Gate>) {
        let gate = Arc::new(Gate { started: AtomicUsize::new(0), is_open: AtomicBool::new(false), opened: Notify::new() });
        (Self { maildir, gate: gate.clone() }, gate)
    }
}

impl Gate {
    pub(crate) async fn wait_for_started(&self, count: usize) {
        eventually("mails on their way", LONG, async || (self.started.load(Ordering::SeqCst) >= count).then_some(())).await;
    }

    pub(crate) fn open(&self) {
        self.is_open.store(true, Ordering::SeqCst);
        self.opened.notify_waiters();
    }
}

#[async_trait]
impl Transport for Slow {
    async fn send(&self, mail: &Composed) -> Delivery {
        let opened = self.gate.opened.notified();
        tokio::pin!(opened);
        opened.as_mut().enable();
        self.gate.started.fetch_add(1, Ordering::SeqCst);
        if !self.gate.is_open.load(Ordering::SeqCst) {
            opened.await;
        }
        self.maildir.send(mail).await
    }

    fn name(&self) -> &'static str {
        "maildir"
    }
}
