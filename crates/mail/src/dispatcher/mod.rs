//! Sends what is owed.
//!
//! The dispatcher reads the outbox from its beginning to its end once, and goes on from there: every owed mail is met once
//! and stays in a schedule in memory until it has a fate. So a mail whose fate is recorded but not yet in the read model is
//! not met again. It starts only when the read model has got to the head of the log seen at the start, fates included:
//! while a read model is rebuilt, nothing is sent. The same when another instance has sent before: its lease is gained, and the outbox
//! is read from its beginning again.

mod delivery;
mod metrics;
mod retry;
mod schedule;
mod settings;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::MailId;
use domain::mail::MailEvent;
use jiff::{SignedDuration, Timestamp};
use notification_dispatch::Owed;
use projection_runtime::{Fence, Lease, Position};
use tokio::task::{Id, JoinSet};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::{Attempt, Attempts, Clock, Composer, Outbox, Transport};
use delivery::{Outcome, Post};
use schedule::Schedule;

pub use retry::Retry;
pub use settings::DispatcherSettings;

/// Why a fate could not be recorded, or the end of the log not be read. It is tried again until it can.
#[derive(Debug, thiserror::Error)]
#[error("the fates of mails cannot be recorded or read")]
pub struct RecordError(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// Records what became of a mail as an event. The composition root implements it over the command handlers.
#[async_trait]
pub trait FateRecorder: Send + Sync + 'static {
    /// Records the fate, durably. The first fate of a mail stands: recording another changes nothing and is no error.
    ///
    /// # Errors
    /// [`RecordError`] if the log cannot be written now.
    async fn record(&self, mail: MailId, fate: MailEvent) -> Result<Position, RecordError>;

    /// The end of the log as it is now: all fates that were recorded before, by whichever instance, are at this position or before it.
    ///
    /// # Errors
    /// [`RecordError`] if the log cannot be read now.
    async fn newest(&self) -> Result<Position, RecordError>;
}

/// How long after the outbox could not be read it is tried again.
const READ_AGAIN_AFTER: SignedDuration = SignedDuration::from_secs(5);

/// How many owed mails are read at once.
const PAGE: u32 = 500;

/// Of how long a parcel of mails that are sent together took, how many times that the dispatcher rests then.
const REST: u32 = 9;

/// But no longer: what is owed in the meantime is still sent well within a second.
const LONGEST_REST: Duration = Duration::from_millis(250);

/// Sends what is owed, each mail once for its cause.
pub struct Dispatcher {
    post: Arc<Post>,
    attempts: Attempts,
    settings: DispatcherSettings,
}

impl Dispatcher {
    /// Takes owed mails from the outbox, composes them, hands them to the transport and has their fate recorded.
    pub fn new(
        outbox: Arc<dyn Outbox>,
        composer: Composer,
        transport: Arc<dyn Transport>,
        recorder: Arc<dyn FateRecorder>,
        attempts: Attempts,
        clock: Arc<dyn Clock>,
        settings: DispatcherSettings,
    ) -> Self {
        let post = Post { outbox, composer, transport, recorder, clock, send_timeout: settings.send_timeout, retry: settings.retry };
        Self { post: Arc::new(post), attempts, settings }
    }

    /// Works until `shutdown`, while `lease` is held. Nothing is sent before the outbox has got to where the log was when the lease was
    /// gained: then it has the fates that whoever held it before has recorded. When the lease is lost nothing new is begun, all that was
    /// planned is forgotten, and what has been handed over gets its fate. So it is on shutdown, and it returns then.
    pub async fn run(self, mut lease: Lease, shutdown: CancellationToken) {
        metrics::describe();
        let mut work = Work::default();
        while !shutdown.is_cancelled() {
            tokio::select! {
                biased;
                () = shutdown.cancelled() => {}
                fence = lease.acquired() => {
                    self.work(&mut work, &Held { lease: lease.clone(), fence }, &shutdown).await;
                    work.schedule = Schedule::default();
                    metrics::queue(work.in_hand());
                }
                Some(finished) = work.in_flight.join_next_with_id() => self.finish(&mut work, finished).await,
            }
        }
        tracing::info!(in_flight = work.in_hand(), "mail dispatcher stops: what is being sent is finished first");
        while let Some(finished) = work.in_flight.join_next_with_id().await {
            self.finish(&mut work, finished).await;
        }
    }

    /// Works while the lease is held.
    async fn work(&self, work: &mut Work, held: &Held, shutdown: &CancellationToken) {
        let under_way = work.parcels.values().flat_map(|(parcel, _)| parcel).map(|sending| sending.owed.id).collect();
        let mut lease = held.lease.clone();
        let remembered = tokio::select! {
            biased;
            () = shutdown.cancelled() => return,
            () = lease.lost(held.fence) => return,
            remembered = self.begin() => remembered,
        };
        work.schedule = Schedule::new(remembered, under_way);
        (work.read_to, work.read_again_at) = (None, None);
        while !shutdown.is_cancelled() && held.is_held() {
            if self.may_begin(work) {
                self.read(work).await;
                self.begin_sending(work, held, shutdown);
                metrics::queue(work.schedule.len() + work.in_hand());
            }
            self.wait(work, held, shutdown).await;
        }
    }

    /// Waits until the outbox has all fates that were recorded before now, by whomever. What is remembered of earlier attempts.
    async fn begin(&self) -> HashMap<MailId, Attempt> {
        loop {
            match self.try_begin().await {
                Ok(remembered) => return remembered,
                Err(error) => tracing::error!(error = crate::text::causes(&*error), "no mail is sent yet; trying again"),
            }
            let again = self.post.clock.now().saturating_add(READ_AGAIN_AFTER).unwrap_or(Timestamp::MAX);
            self.post.clock.sleep_until(again).await;
        }
    }

    async fn try_begin(&self) -> Result<HashMap<MailId, Attempt>, Box<dyn std::error::Error + Send + Sync>> {
        let head = self.post.recorder.newest().await?;
        self.post.outbox.caught_up(head).await;
        let remembered = self.attempts.all().await?;
        tracing::info!(transport = self.post.transport.name(), position = head.0, "mail dispatcher started");
        Ok(remembered)
    }

    /// Reads on in the outbox as long as there is more and the schedule holds little that was not tried yet.
    async fn read(&self, work: &mut Work) {
        if work.read_again_at.is_some_and(|at| at > self.post.clock.now()) {
            return;
        }
        work.read_again_at = None;
        while work.read_to.is_none() && work.schedule.fresh() < usize::try_from(PAGE).unwrap_or(usize::MAX) {
            let applied = self.post.outbox.applied();
            match self.post.outbox.owed_after(work.schedule.cursor(), PAGE).await {
                Ok(page) => {
                    // Less than a page: this is all there is up to here. More comes only when the outbox moves.
                    if page.len() < usize::try_from(PAGE).unwrap_or(usize::MAX) {
                        work.read_to = Some(applied);
                    }
                    work.schedule.extend(page);
                }
                Err(error) => {
                    tracing::error!(error = crate::text::causes(&error), "the outbox cannot be read; trying again");
                    work.read_again_at = self.post.clock.now().checked_add(READ_AGAIN_AFTER).ok();
                    return;
                }
            }
        }
    }

    /// How many parcels are on their way at once. What takes many mails together takes one parcel at a time: meanwhile the next
    /// one grows.
    fn at_once(&self) -> usize {
        if self.post.transport.together() > 1 { 1 } else { self.settings.at_once.max(1) }
    }

    /// Whether there is a place for another parcel, and no rest.
    fn may_begin(&self, work: &mut Work) -> bool {
        work.rests_until = work.rests_until.filter(|until| *until > Instant::now());
        work.rests_until.is_none() && work.in_flight.len() < self.at_once()
    }

    fn begin_sending(&self, work: &mut Work, held: &Held, shutdown: &CancellationToken) {
        while work.in_flight.len() < self.at_once() && held.is_held() {
            let (may_retry, now) = (self.may_retry(work), self.post.clock.now());
            let together = self.post.transport.together().max(1);
            let parcel: Vec<Sending> = std::iter::from_fn(|| work.schedule.next(now, may_retry)).take(together).collect();
            if parcel.is_empty() {
                return;
            }
            let (post, mails, held, shutdown) = (self.post.clone(), parcel.clone(), held.clone(), shutdown.clone());
            let task = work.in_flight.spawn(async move { post.deliver(&mails, &held, &shutdown).await });
            work.parcels.insert(task.id(), (parcel, Instant::now()));
        }
    }

    /// Whether mails that failed before may be begun now. Such mails never take all places: a server that hangs on some
    /// addresses does not hold up new mails.
    fn may_retry(&self, work: &Work) -> bool {
        let retries = work.parcels.values().filter(|(parcel, _)| parcel.iter().any(|sending| sending.is_retry)).count();
        work.in_flight.len() < self.at_once() && retries < self.at_once().div_ceil(2)
    }

    /// Waits until there is something to do.
    async fn wait(&self, work: &mut Work, held: &Held, shutdown: &CancellationToken) {
        let may_begin = self.may_begin(work);
        // Where no place is free for what is due, it is the end of something else that makes one.
        let next_at = if may_begin && self.may_retry(work) { work.schedule.next_at() } else { None };
        let wake_at = [next_at, work.read_again_at].into_iter().flatten().min().filter(|_| may_begin);
        let rests_until = work.rests_until;
        let read_to = work.read_to;
        let mut lease = held.lease.clone();
        tokio::select! {
            biased;
            () = shutdown.cancelled() => {}
            () = lease.lost(held.fence) => {}
            Some(finished) = work.in_flight.join_next_with_id() => self.finish(work, finished).await,
            () = tokio::time::sleep_until(rests_until.unwrap_or_else(Instant::now)), if rests_until.is_some() => {}
            () = self.post.clock.sleep_until(wake_at.unwrap_or(Timestamp::MAX)), if wake_at.is_some() => {}
            () = self.post.outbox.moved_beyond(read_to.unwrap_or_default()), if may_begin && read_to.is_some() => work.read_to = None,
        }
    }

    async fn finish(&self, work: &mut Work, finished: Result<(Id, Vec<Outcome>), tokio::task::JoinError>) {
        let id = match &finished {
            Ok((id, _)) => *id,
            Err(error) => error.id(),
        };
        let Some((parcel, begun)) = work.parcels.remove(&id) else { return };
        let outcomes = match finished {
            Ok((_, outcomes)) => outcomes,
            Err(_panicked) => parcel.iter().map(|sending| self.post.failed(*sending, "sending ended unexpectedly".to_owned())).collect(),
        };
        for (sending, outcome) in parcel.into_iter().zip(outcomes) {
            self.keep(work, sending, outcome).await;
        }
        // Commands come before mails, and the mails that come to be owed meanwhile make one parcel.
        if self.post.transport.together() > 1 {
            work.rests_until = Some(Instant::now() + begun.elapsed().saturating_mul(REST).min(LONGEST_REST));
        }
    }

    /// Remembers how it went with a mail.
    async fn keep(&self, work: &mut Work, sending: Sending, outcome: Outcome) {
        let mail = sending.owed.id;
        let kept = match outcome {
            Outcome::Settled(label) => {
                metrics::settled(label);
                if sending.attempts > 0 { self.attempts.remove(mail).await } else { Ok(()) }
            }
            Outcome::Gone => self.attempts.remove(mail).await,
            Outcome::Unrecorded | Outcome::Left => Ok(()),
            Outcome::Later(attempt) => {
                metrics::settled("retry");
                tracing::warn!(%mail, attempts = attempt.count, next_at = %attempt.next_at, problem = attempt.problem, "mail not sent yet");
                let kept = self.attempts.put(mail, &attempt).await;
                work.schedule.later(sending.owed, &attempt);
                kept
            }
        };
        if let Err(error) = kept {
            tracing::warn!(%mail, error = crate::text::causes(&error), "attempts not remembered: after a restart this mail is tried earlier");
        }
    }
}

/// The lease, as it was gained.
#[derive(Clone)]
struct Held {
    lease: Lease,
    fence: Fence,
}

impl Held {
    fn is_held(&self) -> bool {
        self.lease.held() == Some(self.fence)
    }
}

/// What the dispatcher is at.
#[derive(Default)]
struct Work {
    schedule: Schedule,
    in_flight: JoinSet<Vec<Outcome>>,
    /// What each task sends, and since when.
    parcels: HashMap<Id, (Vec<Sending>, Instant)>,
    /// All owed mails up to this position were read; none: there may be more to read.
    read_to: Option<Position>,
    /// The outbox could not be read: when to try again.
    read_again_at: Option<Timestamp>,
    /// Until when no other parcel is begun.
    rests_until: Option<Instant>,
}

impl Work {
    /// How many mails are being sent.
    fn in_hand(&self) -> usize {
        self.parcels.values().map(|(parcel, _)| parcel.len()).sum()
    }
}

/// A mail that is being sent.
#[derive(Debug, Clone, Copy)]
struct Sending {
    owed: Owed,
    /// Attempts before this one.
    attempts: u32,
    is_retry: bool,
}
