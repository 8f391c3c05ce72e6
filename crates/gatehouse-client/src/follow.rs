//! The loop that most applications want.

use std::future::Future;
use std::time::Duration;

use crate::event::Event;
use crate::progress::{Coverage, OutOfStep, Progress, Step};
use crate::source::{Source, SourceError};

/// What an application does with events. Both methods concern one store: the one in which its effects are kept.
pub trait Application {
    /// Why an event could not be handled.
    type Error: std::fmt::Display;

    /// How far the application is, as its store has it; none: it has seen nothing.
    ///
    /// # Errors
    /// The store cannot be read.
    fn progress(&mut self) -> impl Future<Output = Result<Option<Progress>, Self::Error>>;

    /// Keeps the effects of an event and this progress, **in one transaction**. Called for every event, also for those that the
    /// application has no use for: then only progress is kept.
    ///
    /// # Errors
    /// Nothing was kept.
    fn handle(&mut self, event: &Event, progress: Progress) -> impl Future<Output = Result<(), Self::Error>>;

    /// After how long an event that failed is tried again; none: [`follow`] ends with the error. By default one second, doubled with
    /// each attempt (which counts from 1) up to half a minute, without end: events after one that fails are never handled before it.
    fn again_after(&self, _error: &Self::Error, attempt: u32) -> Option<Duration> {
        let doublings = attempt.saturating_sub(1).min(5);
        Some(Duration::from_secs(1_u64 << doublings).min(Duration::from_secs(30)))
    }
}

/// Why [`follow`] ended by itself.
#[derive(Debug, thiserror::Error)]
pub enum FollowError<E: std::fmt::Display> {
    /// The application gave up on an event, or its store cannot be read.
    #[error("{0}")]
    Application(E),
    /// No event comes any more.
    #[error(transparent)]
    Source(SourceError),
    /// An event came that cannot be next.
    #[error(transparent)]
    OutOfStep(#[from] OutOfStep),
}

impl<E: std::fmt::Display> FollowError<E> {
    /// Whoever found out that the history is another one, it is told in one way.
    fn of_source(error: SourceError) -> Self {
        if let SourceError::OutOfStep(out_of_step) = error { Self::OutOfStep(out_of_step) } else { Self::Source(error) }
    }
}

/// Hands events to the application, each once and in order, until `stop` completes. What was fetched and not handled is given back then,
/// and when it ends with an error, so that whoever goes on need not wait for it.
///
/// # Errors
/// [`FollowError`].
pub async fn follow<A: Application>(
    mut source: Source,
    coverage: Coverage,
    application: &mut A,
    stop: impl Future<Output = ()>,
) -> Result<(), FollowError<A::Error>> {
    let mut stop = std::pin::pin!(stop);
    let mut seen = application.progress().await.map_err(FollowError::Application)?;
    let ended = loop {
        let next = tokio::select! {
            biased;
            () = &mut stop => break Ok(()),
            next = source.next() => next,
        };
        let delivery = match next {
            Ok(delivery) => delivery,
            Err(error) => break Err(FollowError::of_source(error)),
        };
        let progress = match Progress::step(seen, &delivery.event.envelope, coverage) {
            Ok(Step::Next(progress)) => progress,
            Ok(Step::Seen) => {
                delivery.done().await;
                continue;
            }
            Err(out_of_step) => {
                delivery.give_back().await;
                break Err(out_of_step.into());
            }
        };
        let handled = tokio::select! {
            handled = until_handled(application, &delivery.event, progress) => handled.map_err(FollowError::Application),
            // What the application was doing for this event is dropped: its transaction is not committed.
            () = &mut stop => {
                delivery.give_back().await;
                break Ok(());
            }
        };
        if let Err(error) = handled {
            delivery.give_back().await;
            break Err(error);
        }
        seen = Some(progress);
        delivery.done().await;
    };
    source.close().await;
    ended
}

async fn until_handled<A: Application>(application: &mut A, event: &Event, progress: Progress) -> Result<(), A::Error> {
    let mut attempt = 0_u32;
    loop {
        let Err(error) = application.handle(event, progress).await else { return Ok(()) };
        attempt = attempt.saturating_add(1);
        let Some(pause) = application.again_after(&error, attempt) else { return Err(error) };
        tracing::warn!(
            id = %event.envelope.id, kind = event.envelope.kind, %error, attempt, again_after_seconds = pause.as_secs_f64(),
            "an event could not be handled"
        );
        tokio::time::sleep(pause).await;
    }
}
