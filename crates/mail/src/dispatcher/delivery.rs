//! One attempt at mails that are sent together.

use std::collections::HashMap;
use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use domain::MailId;
use domain::mail::MailEvent;
use futures_util::future::join_all;
use jiff::SignedDuration;
use notification_dispatch::{Mail, MailState};
use tokio_util::sync::CancellationToken;

use super::{FateRecorder, Held, Retry, Sending};
use crate::{Attempt, Clock, Composed, Composer, Delivery, Outbox, Transport};

/// All that an attempt needs.
pub(super) struct Post {
    pub(super) outbox: Arc<dyn Outbox>,
    pub(super) composer: Composer,
    pub(super) transport: Arc<dyn Transport>,
    pub(super) recorder: Arc<dyn FateRecorder>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) send_timeout: Duration,
    pub(super) retry: Retry,
}

/// How an attempt ended.
pub(super) enum Outcome {
    /// The mail has its fate, of this name.
    Settled(&'static str),
    /// The mail is owed no more.
    Gone,
    /// It is to be tried again.
    Later(Attempt),
    /// It has a fate that could not be recorded before the shutdown.
    Unrecorded,
    /// It was not handed over, since the lease was lost before, or the service was told to stop.
    Left,
}

/// What is to be done about a mail at first.
enum Prepared {
    /// It is handed over: it is among the composed ones.
    HandOver(Box<Mail>),
    /// It is not handed over.
    Not(Step),
}

/// What is to be done about a mail at last.
enum Step {
    /// Nothing more.
    Done(Outcome),
    /// It has its fate, of this name.
    Settle(MailId, MailEvent, &'static str),
}

impl Post {
    /// Tries to send mails together, and has their fates recorded as far as they have one now. One outcome each, in the order of
    /// the mails. Nothing is handed over once the lease is lost, or the service is told to stop; what was handed over before gets its fate all
    /// the same.
    pub(super) async fn deliver(&self, parcel: &[Sending], held: &Held, shutdown: &CancellationToken) -> Vec<Outcome> {
        let ids: Vec<MailId> = parcel.iter().map(|sending| sending.owed.id).collect();
        let mut mails: HashMap<MailId, Mail> = match self.outbox.mails(&ids).await {
            Ok(mails) => mails.into_iter().map(|mail| (mail.id, mail)).collect(),
            Err(error) => {
                let problem = crate::transport::without_addresses(&crate::text::causes(&error));
                return parcel.iter().map(|sending| self.failed(*sending, problem.clone())).collect();
            }
        };
        let mut prepared = Vec::with_capacity(parcel.len());
        let mut composed = Vec::with_capacity(parcel.len());
        for sending in parcel {
            if shutdown.is_cancelled() {
                break;
            }
            prepared.push(self.prepare(*sending, mails.remove(&sending.owed.id), &mut composed));
            // Others have their turn: composing is all computing.
            tokio::task::yield_now().await;
        }
        // The last moment at which a mail can be left to somebody else.
        if shutdown.is_cancelled() || !held.is_held() {
            return parcel.iter().map(|_| Outcome::Left).collect();
        }
        let mut deliveries = self.send(&composed).await.into_iter();
        let steps = parcel.iter().zip(prepared).map(|(sending, prepared)| match prepared {
            Prepared::Not(step) => step,
            Prepared::HandOver(mail) => {
                let nothing = || Delivery::Failed { reason: "the transport gave no answer".to_owned() };
                self.after(*sending, &mail, deliveries.next().unwrap_or_else(nothing))
            }
        });
        // Together: their events share a commit.
        join_all(steps.map(|step| self.conclude(step, shutdown))).await
    }

    /// What is to be done about a mail; composed, if it is to be handed over.
    fn prepare(&self, sending: Sending, mail: Option<Mail>, composed: &mut Vec<Composed>) -> Prepared {
        let Some(mail) = mail.filter(|mail| mail.state == MailState::Owed) else { return Prepared::Not(Step::Done(Outcome::Gone)) };
        if let Some(obstacle) = &mail.obstacle {
            // Nothing went wrong: it is not to be sent any more.
            tracing::info!(mail = %mail.id, template = %mail.template, reason = %obstacle, "mail not sent");
            return Prepared::Not(given_up(&mail, sending.attempts, obstacle.to_string()));
        }
        match self.composer.compose(&mail, self.clock.now()) {
            Ok(message) => {
                composed.push(message);
                Prepared::HandOver(Box::new(mail))
            }
            Err(error) => {
                // A template can be mended: the mail waits for it like for a server.
                let why = error.source().map_or_else(|| error.to_string(), ToString::to_string);
                tracing::error!(mail = %mail.id, template = %mail.template, why, "mail cannot be composed");
                let reason = crate::transport::without_addresses(&why);
                Prepared::Not(self.after(sending, &mail, Delivery::Failed { reason }))
            }
        }
    }

    async fn send(&self, composed: &[Composed]) -> Vec<Delivery> {
        if composed.is_empty() {
            return Vec::new();
        }
        match tokio::time::timeout(self.send_timeout, self.transport.send_all(composed)).await {
            Ok(deliveries) => deliveries,
            Err(_elapsed) => {
                let reason = format!("not taken within {} s", self.send_timeout.as_secs());
                vec![Delivery::Failed { reason }; composed.len()]
            }
        }
    }

    /// What follows from how handing a mail over went.
    fn after(&self, sending: Sending, mail: &Mail, delivery: Delivery) -> Step {
        let attempts = sending.attempts.saturating_add(1);
        match delivery {
            Delivery::Delivered => {
                let fate = MailEvent::Sent { cause: mail.cause, template: mail.template.to_string(), attempts };
                Step::Settle(mail.id, fate, "sent")
            }
            Delivery::Refused { answer } => {
                tracing::warn!(mail = %mail.id, template = %mail.template, answer, "mail refused");
                let fate = MailEvent::Refused { cause: mail.cause, template: mail.template.to_string(), answer, attempts };
                Step::Settle(mail.id, fate, "refused")
            }
            Delivery::Failed { reason } if self.retry.is_over(mail.owed_at, attempts, self.clock.now()) => {
                tracing::warn!(mail = %mail.id, template = %mail.template, attempts, reason, "mail given up");
                given_up(mail, attempts, reason)
            }
            Delivery::Failed { reason } => Step::Done(self.failed(sending, reason)),
        }
    }

    async fn conclude(&self, step: Step, shutdown: &CancellationToken) -> Outcome {
        match step {
            Step::Done(outcome) => outcome,
            Step::Settle(mail, fate, label) => self.settle(mail, fate, label, shutdown).await,
        }
    }

    /// Has the fate recorded. While the log cannot be written, waits and tries again, so that the mail is not sent again.
    async fn settle(&self, mail: MailId, fate: MailEvent, label: &'static str, shutdown: &CancellationToken) -> Outcome {
        let mut pause = SignedDuration::from_millis(500);
        loop {
            match self.recorder.record(mail, fate.clone()).await {
                Ok(_position) => return Outcome::Settled(label),
                Err(error) if shutdown.is_cancelled() => {
                    tracing::error!(
                        %mail,
                        fate = label,
                        error = crate::text::causes(&error),
                        "the fate of a mail is not recorded: after the restart it may be sent again, with the same Message-ID"
                    );
                    return Outcome::Unrecorded;
                }
                Err(error) => {
                    tracing::error!(%mail, fate = label, error = crate::text::causes(&error), "the fate of a mail cannot be recorded; trying again");
                    let until = self.clock.now().saturating_add(pause).unwrap_or(jiff::Timestamp::MAX);
                    tokio::select! {
                        () = self.clock.sleep_until(until) => {}
                        () = shutdown.cancelled() => {}
                    }
                    pause = (pause * 2).min(SignedDuration::from_secs(30));
                }
            }
        }
    }

    /// To be tried again, after one more failure.
    pub(super) fn failed(&self, sending: Sending, problem: String) -> Outcome {
        let count = sending.attempts.saturating_add(1);
        Outcome::Later(Attempt { count, next_at: self.retry.next_at(sending.owed.id, count, self.clock.now()), problem })
    }
}

fn given_up(mail: &Mail, attempts: u32, reason: String) -> Step {
    let fate = MailEvent::GivenUp { cause: mail.cause, template: mail.template.to_string(), reason, attempts };
    Step::Settle(mail.id, fate, "given_up")
}
