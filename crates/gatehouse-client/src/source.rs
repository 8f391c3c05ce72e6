//! Where events come from: NATS or HTTP, the same for the application.

use crate::event::{Event, Malformed, Unknowns};
use crate::progress::OutOfStep;

/// The events of the feed, one after the other.
///
/// Failures that pass by themselves (a server that is down, a leader that changes) are waited out inside, with growing pauses, and
/// logged; what is returned as an error needs somebody.
#[derive(Debug)]
pub struct Source {
    from: From,
    unknowns: Unknowns,
}

#[derive(Debug)]
enum From {
    #[cfg(feature = "nats")]
    Nats(Box<crate::nats::Consumer>),
    #[cfg(feature = "http")]
    Http(Box<crate::http::Tail>),
}

#[cfg(feature = "nats")]
impl std::convert::From<crate::nats::Consumer> for Source {
    fn from(consumer: crate::nats::Consumer) -> Self {
        Self { from: From::Nats(Box::new(consumer)), unknowns: Unknowns::default() }
    }
}

#[cfg(feature = "http")]
impl std::convert::From<crate::http::Tail> for Source {
    fn from(tail: crate::http::Tail) -> Self {
        Self { from: From::Http(Box::new(tail)), unknowns: Unknowns::default() }
    }
}

/// An event that was handed over.
#[derive(Debug)]
#[must_use = "an event that is not acknowledged with `done` is sent again"]
pub struct Delivery {
    /// The event.
    pub event: Event,
    /// Whether it was sent before. Says nothing of whether it was handled: [`Progress`](crate::Progress) does.
    pub redelivered: bool,
    pub(crate) receipt: Receipt,
}

/// What an acknowledgement goes to.
#[derive(Debug)]
pub(crate) enum Receipt {
    #[cfg(feature = "nats")]
    Nats(Box<crate::nats::NatsReceipt>),
    #[cfg(feature = "http")]
    None,
}

/// Why there is no next event.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// A message cannot be understood.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// The events after what was seen are not there: the history is another one.
    #[error(transparent)]
    OutOfStep(#[from] OutOfStep),
    /// The consumer at NATS cannot be used.
    #[cfg(feature = "nats")]
    #[error(transparent)]
    Nats(#[from] crate::nats::NatsError),
    /// Gatehouse refuses over HTTP.
    #[cfg(feature = "http")]
    #[error(transparent)]
    Http(#[from] crate::http::HttpError),
}

impl Source {
    /// The next event, as soon as there is one.
    ///
    /// The future may be dropped while it waits; nothing is lost.
    ///
    /// # Errors
    /// [`SourceError`].
    pub async fn next(&mut self) -> Result<Delivery, SourceError> {
        let delivery = match &mut self.from {
            #[cfg(feature = "nats")]
            From::Nats(consumer) => consumer.next().await?,
            #[cfg(feature = "http")]
            From::Http(tail) => tail.next().await?,
        };
        self.unknowns.note(&delivery.event);
        Ok(delivery)
    }

    /// How many events were of types that this version of the crate does not know.
    #[must_use]
    pub fn unknown(&self) -> u64 {
        self.unknowns.count
    }

    /// Gives back what was fetched and not handed over, so that whoever comes next need not wait for it. Dropping a source is as safe,
    /// only slower for the next one.
    pub async fn close(self) {
        match self.from {
            #[cfg(feature = "nats")]
            From::Nats(consumer) => consumer.close().await,
            #[cfg(feature = "http")]
            From::Http(_) => {}
        }
    }
}

impl Delivery {
    /// Says that the effects of the event are kept, or that they were before. One that gets lost on its way is no harm: the event is
    /// sent again and found to be [`Seen`](crate::Step::Seen).
    pub async fn done(self) {
        match self.receipt {
            #[cfg(feature = "nats")]
            Receipt::Nats(receipt) => receipt.done(self.event.envelope.id).await,
            #[cfg(feature = "http")]
            Receipt::None => {}
        }
    }

    /// Says that the event was not handled and is to be sent again at once. Dropping it does the same, after the consumer's `ack_wait`.
    pub async fn give_back(self) {
        match self.receipt {
            #[cfg(feature = "nats")]
            Receipt::Nats(receipt) => receipt.give_back(self.event.envelope.id).await,
            #[cfg(feature = "http")]
            Receipt::None => {}
        }
    }
}
