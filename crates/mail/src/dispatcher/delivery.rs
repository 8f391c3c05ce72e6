//! One attempt at one mail.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use domain::mail::MailEvent;
use jiff::SignedDuration;
use notification_dispatch::{Mail, MailState, Owed};
use tokio_util::sync::CancellationToken;

use super::{FateRecorder, Retry};
use crate::{Attempt, Clock, Composer, Delivery, Outbox, Transport};

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
pub(super) struct Finished {
    pub(super) outcome: Outcome,
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
}

impl Post {
    /// Tries to send a mail, after so many failures, and has its fate recorded if it has one now.
    pub(super) async fn deliver(&self, owed: Owed, failures: u32, shutdown: &CancellationToken) -> Finished {
        Finished { outcome: self.attempt(owed, failures, shutdown).await }
    }

    async fn attempt(&self, owed: Owed, failures: u32, shutdown: &CancellationToken) -> Outcome {
        let mail = match self.outbox.mail(owed.id).await {
            Ok(Some(mail)) if mail.state == MailState::Owed => mail,
            Ok(_settled) => return Outcome::Gone,
            Err(error) => return self.failed(owed, failures, crate::transport::without_addresses(&crate::text::causes(&error))),
        };
        if let Some(obstacle) = &mail.obstacle {
            return self.give_up(&mail, failures, obstacle.to_string(), shutdown).await;
        }
        match self.send(&mail).await {
            Delivery::Delivered => {
                let fate = MailEvent::Sent { cause: mail.cause, template: mail.template.to_string(), attempts: failures + 1 };
                self.settle(&mail, fate, "sent", shutdown).await
            }
            Delivery::Refused { answer } => {
                tracing::warn!(mail = %mail.id, template = %mail.template, answer, "mail refused");
                let attempts = failures + 1;
                let fate = MailEvent::Refused { cause: mail.cause, template: mail.template.to_string(), answer, attempts };
                self.settle(&mail, fate, "refused", shutdown).await
            }
            Delivery::Failed { reason } if self.retry.is_over(mail.owed_at, failures + 1, self.clock.now()) => {
                self.give_up(&mail, failures + 1, reason, shutdown).await
            }
            Delivery::Failed { reason } => self.failed(owed, failures, reason),
        }
    }

    async fn send(&self, mail: &Mail) -> Delivery {
        let composed = match self.composer.compose(mail, self.clock.now()) {
            Ok(composed) => composed,
            Err(error) => {
                // A template can be mended: the mail waits for it like for a server.
                let why = error.source().map_or_else(|| error.to_string(), ToString::to_string);
                tracing::error!(mail = %mail.id, template = %mail.template, why, "mail cannot be composed");
                return Delivery::Failed { reason: crate::transport::without_addresses(&why) };
            }
        };
        match tokio::time::timeout(self.send_timeout, self.transport.send(&composed)).await {
            Ok(delivery) => delivery,
            Err(_elapsed) => Delivery::Failed { reason: format!("not taken within {} s", self.send_timeout.as_secs()) },
        }
    }

    async fn give_up(&self, mail: &Mail, attempts: u32, reason: String, shutdown: &CancellationToken) -> Outcome {
        tracing::warn!(mail = %mail.id, template = %mail.template, attempts, reason, "mail given up");
        let fate = MailEvent::GivenUp { cause: mail.cause, template: mail.template.to_string(), reason, attempts };
        self.settle(mail, fate, "given_up", shutdown).await
    }

    /// Has the fate recorded. While the log cannot be written, waits and tries again, so that the mail is not sent again.
    async fn settle(&self, mail: &Mail, fate: MailEvent, label: &'static str, shutdown: &CancellationToken) -> Outcome {
        let mut pause = SignedDuration::from_millis(500);
        loop {
            match self.recorder.record(mail.id, fate.clone()).await {
                Ok(_position) => return Outcome::Settled(label),
                Err(error) if shutdown.is_cancelled() => {
                    tracing::error!(
                        mail = %mail.id,
                        fate = label,
                        error = crate::text::causes(&error),
                        "the fate of a mail is not recorded: after the restart it may be sent again, with the same Message-ID"
                    );
                    return Outcome::Unrecorded;
                }
                Err(error) => {
                    tracing::error!(mail = %mail.id, fate = label, error = crate::text::causes(&error), "the fate of a mail cannot be recorded; trying again");
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
    pub(super) fn failed(&self, owed: Owed, failures: u32, problem: String) -> Outcome {
        let count = failures.saturating_add(1);
        Outcome::Later(Attempt { count, next_at: self.retry.next_at(owed.id, count, self.clock.now()), problem })
    }
}
