//! A durable pull consumer: fetches in batches, hands over one by one in the stream's order, and reconnects.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_nats::jetstream::consumer::Consumer as Durable;
use async_nats::jetstream::consumer::pull::{BatchConfig, Config};
use async_nats::jetstream::{AckKind, Message};
use async_nats::{Client, ConnectOptions, StatusCode, Subscriber};
use futures_util::StreamExt;
use tokio::time::{Instant, timeout_at};

use super::options::{ConsumerOptions, durable, install_tls_provider, unfit};
use super::order::{Order, Standing};
use crate::event::Event;
use crate::source::{Delivery, Receipt, SourceError};

/// How long the server keeps a request for messages.
const EXPIRES: Duration = Duration::from_secs(10);
/// How often it says meanwhile that it still knows of it.
const HEARTBEAT: Duration = Duration::from_secs(2);
/// After how long of silence it is asked anew.
const SILENCE: Duration = Duration::from_secs(5);
/// How often it is asked where it stands while messages are missing.
const WHILE_GATHERING: Duration = Duration::from_millis(500);
/// How long it may take to answer a question.
const ANSWER: Duration = Duration::from_secs(5);
/// The longest pause after a failure that passes by itself.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// Why a consumer cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NatsError {
    /// The first connection failed.
    #[error("NATS is not reached")]
    Connect(#[source] async_nats::ConnectError),
    /// There is no such consumer, or this user may not use it.
    #[error("the consumer {name} of the stream {stream} cannot be bound to: is there one, and may this user read it?")]
    Bind {
        /// The stream.
        stream: String,
        /// The consumer.
        name: String,
        /// What the server said.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// It is configured so that it could leave events out, or hand them over in another order.
    #[error("the consumer {name} is not fit for events that must all be handled in order: {why}")]
    Unfit {
        /// The consumer.
        name: String,
        /// What would have to be different.
        why: &'static str,
    },
    /// It was deleted, or its stream was.
    #[error("the consumer {name} was deleted: bind again when its operator has made it anew")]
    Gone {
        /// The consumer.
        name: String,
    },
    /// The connection was closed for good.
    #[error("the connection to NATS was closed")]
    Closed,
}

/// A durable pull consumer. One process at a time may fetch from it.
#[derive(Debug)]
pub struct Consumer {
    client: Client,
    durable: Durable<Config>,
    inbox: String,
    messages: Subscriber,
    options: ConsumerOptions,
    order: Order<Message>,
    /// How many deliveries the consumer had made when this process came.
    sent_before: u64,
    done: Done,
    /// How many messages of the last request are still to come, and until when to wait for the next word of the server.
    requested: Option<Requested>,
    ask_at: Instant,
    failures: u32,
    gathering_since: Instant,
}

#[derive(Debug, Clone, Copy)]
struct Requested {
    left: usize,
    silent_until: Instant,
}

/// The places of messages that the application was done with since they were last asked for.
#[derive(Debug, Clone, Default)]
struct Done(Arc<Mutex<Vec<u64>>>);

impl Done {
    fn note(&self, place: u64) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(place);
    }

    fn take(&self) -> Vec<u64> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What an acknowledgement goes to.
#[derive(Debug)]
pub(crate) struct NatsReceipt {
    message: Message,
    place: u64,
    done: Done,
}

impl NatsReceipt {
    pub(crate) async fn give_back(self, id: uuid::Uuid) {
        if let Err(error) = self.message.ack_with(AckKind::Nak(None)).await {
            tracing::debug!(%id, %error, "an event was not given back: it will come again later");
        }
    }

    pub(crate) async fn done(self, id: uuid::Uuid) {
        self.done.note(self.place);
        if let Err(error) = self.message.ack().await {
            tracing::debug!(%id, %error, "an acknowledgement was not sent: the event will come again");
        }
    }
}

/// What came of waiting.
enum Heard {
    Message(async_nats::Message),
    Silence,
    Closed,
}

impl Consumer {
    /// Connects and binds. `connect` says as whom: user and password, credentials, certificates, and the `custom_inbox_prefix` that the
    /// user may subscribe to. Connections that break later are made again, without end.
    ///
    /// # Errors
    /// [`NatsError::Connect`], and as [`Self::bind`].
    pub async fn connect(url: &str, connect: ConnectOptions, options: ConsumerOptions) -> Result<Self, NatsError> {
        install_tls_provider();
        Self::bind(connect.connect(url).await.map_err(NatsError::Connect)?, options).await
    }

    /// Binds over a connection that is there.
    ///
    /// # Errors
    /// [`NatsError::Bind`], [`NatsError::Unfit`].
    pub async fn bind(client: Client, options: ConsumerOptions) -> Result<Self, NatsError> {
        let context = async_nats::jetstream::with_prefix(client.clone(), &options.api);
        let failed = |source: Box<dyn std::error::Error + Send + Sync>| NatsError::Bind {
            stream: options.stream.clone(),
            name: options.name.clone(),
            source,
        };
        let durable = durable(&context, &options).await.map_err(failed)?;
        if let Some(why) = unfit(&durable.cached_info().config) {
            return Err(NatsError::Unfit { name: options.name.clone(), why });
        }
        let inbox = client.new_inbox();
        let messages = client.subscribe(inbox.clone()).await.map_err(|error| failed(Box::new(error)))?;
        let now = Instant::now();
        Ok(Self {
            client,
            sent_before: durable.cached_info().delivered.consumer_sequence,
            durable,
            inbox,
            messages,
            options,
            order: Order::new(),
            done: Done::default(),
            requested: None,
            ask_at: now,
            failures: 0,
            gathering_since: now,
        })
    }

    /// The next event in the stream's order. May be dropped while it waits.
    ///
    /// # Errors
    /// A message that cannot be understood, [`NatsError::Gone`], [`NatsError::Closed`].
    pub(crate) async fn next(&mut self) -> Result<Delivery, SourceError> {
        loop {
            if self.order.is_gathering() && self.ask_at <= Instant::now() {
                self.ask().await?;
            }
            if let Some(message) = self.order.next() {
                return self.delivery(message);
            }
            if self.requested.is_none() {
                self.request().await;
            }
            match self.hear().await {
                Heard::Message(message) => self.receive(message).await?,
                // A question may be due, or the request was forgotten with the connection that it was made over.
                Heard::Silence => {
                    if self.requested.is_some_and(|requested| requested.silent_until <= Instant::now()) {
                        self.requested = None;
                    }
                }
                Heard::Closed => return Err(NatsError::Closed.into()),
            }
        }
    }

    /// Gives back what was fetched, and says what was acknowledged.
    pub(crate) async fn close(mut self) {
        // What is still on its way would end with the subscription, and come again only after the wait for its acknowledgement.
        let _ = tokio::time::timeout(ANSWER, self.catch_up()).await;
        // Before anything is given back, or that would be sent to the request that still stands.
        let _ = self.messages.unsubscribe().await;
        let _ = tokio::time::timeout(ANSWER, self.client.flush()).await;
        // What arrived and was not looked at yet.
        while let Ok(Some(message)) = tokio::time::timeout(ANSWER, self.messages.next()).await {
            if message.status.is_none() {
                self.take(message).await;
            }
        }
        for message in self.order.into_held() {
            // One that is not heard comes again by itself, later.
            let _ = message.ack_with(AckKind::Nak(None)).await;
        }
        let _ = tokio::time::timeout(ANSWER, self.client.flush()).await;
    }

    /// Receives everything that the server has sent up to now.
    async fn catch_up(&mut self) {
        let Ok(durable) = self.durable_now().await else { return };
        let sent = durable.cached_info().delivered.consumer_sequence;
        // What was sent before this process came went to another one.
        while self.order.last().unwrap_or(self.sent_before) < sent {
            let Some(message) = self.messages.next().await else { return };
            if message.status.is_none() {
                self.take(message).await;
            }
        }
    }

    async fn durable_now(&self) -> Result<Durable<Config>, async_nats::jetstream::stream::ConsumerError> {
        let context = async_nats::jetstream::with_prefix(self.client.clone(), &self.options.api);
        context.get_consumer_from_stream(&self.options.name, &self.options.stream).await
    }

    fn delivery(&self, message: Message) -> Result<Delivery, SourceError> {
        let event = Event::parse(&message.payload)?;
        let (place, redelivered) = message.info().map_or((0, false), |info| (info.stream_sequence, info.delivered > 1));
        let receipt = NatsReceipt { message, place, done: self.done.clone() };
        Ok(Delivery { event, redelivered, receipt: Receipt::Nats(Box::new(receipt)) })
    }

    async fn hear(&mut self) -> Heard {
        let silent_until = self.requested.map_or_else(|| Instant::now() + SILENCE, |requested| requested.silent_until);
        let until = if self.order.is_gathering() { silent_until.min(self.ask_at) } else { silent_until };
        match timeout_at(until, self.messages.next()).await {
            Ok(Some(message)) => Heard::Message(message),
            Ok(None) => Heard::Closed,
            Err(_elapsed) => Heard::Silence,
        }
    }

    /// Asks for a batch. A request that fails is made again after a pause.
    async fn request(&mut self) {
        let batch = BatchConfig { batch: self.options.batch, expires: Some(EXPIRES), idle_heartbeat: HEARTBEAT, ..BatchConfig::default() };
        let silent_until = match self.durable.request_batch(batch, self.inbox.clone().into()).await {
            Ok(()) => Instant::now() + SILENCE,
            Err(error) => {
                let pause = self.pause();
                tracing::warn!(consumer = self.options.name, %error, "messages cannot be asked for");
                Instant::now() + pause
            }
        };
        self.requested = Some(Requested { left: self.options.batch, silent_until });
    }

    async fn receive(&mut self, message: async_nats::Message) -> Result<(), NatsError> {
        self.failures = 0;
        let Some(status) = message.status else {
            self.take(message).await;
            return Ok(());
        };
        match status {
            StatusCode::IDLE_HEARTBEAT => self.heard_of_request(0),
            // The request is over: its time, its size, or a new leader.
            StatusCode::TIMEOUT | StatusCode::NOT_FOUND | StatusCode::NO_RESPONDERS => self.end_request(status),
            status => {
                let said = message.description.as_ref().map_or("", |said| said.as_str());
                if said.contains("Consumer Deleted") {
                    return Err(NatsError::Gone { name: self.options.name.clone() });
                }
                tracing::info!(consumer = self.options.name, %status, said, "the request for messages ended");
                self.end_request(status);
            }
        }
        Ok(())
    }

    /// The request is over; where it failed at once, the next one waits a little.
    fn end_request(&mut self, status: StatusCode) {
        self.requested = match status {
            StatusCode::TIMEOUT | StatusCode::NOT_FOUND => None,
            _ => Some(Requested { left: self.options.batch, silent_until: Instant::now() + self.pause() }),
        };
    }

    async fn take(&mut self, message: async_nats::Message) {
        for place in self.done.take() {
            self.order.done(place);
        }
        let message = Message { context: async_nats::jetstream::new(self.client.clone()), message };
        let place = message.info().map(|info| (info.stream_sequence, info.consumer_sequence));
        match place {
            Ok((place, delivery)) => {
                let was_gathering = self.order.is_gathering();
                if let Some(again) = self.order.arrived(place, delivery, message) {
                    // The acknowledgement was lost, or crossed this on its way. If this one is lost too, it comes again.
                    let _ = again.ack().await;
                }
                if self.order.is_gathering() && !was_gathering {
                    self.gathering_since = Instant::now();
                    self.ask_at = self.gathering_since;
                }
            }
            Err(error) => tracing::warn!(consumer = self.options.name, %error, "a message came that the consumer did not send"),
        }
        self.heard_of_request(1);
    }

    fn heard_of_request(&mut self, messages: usize) {
        self.requested = self.requested.and_then(|requested| {
            let left = requested.left.saturating_sub(messages);
            (left > 0).then(|| Requested { left, silent_until: Instant::now() + SILENCE })
        });
    }

    /// Asks the server where the consumer stands.
    async fn ask(&mut self) -> Result<(), NatsError> {
        // What was acknowledged goes ahead of the question.
        let asked = tokio::time::timeout(ANSWER, async {
            let _ = self.client.flush().await;
            self.durable_now().await
        });
        match asked.await {
            Ok(Ok(durable)) => {
                let info = durable.cached_info();
                let outstanding = u64::try_from(info.num_ack_pending).unwrap_or(u64::MAX);
                self.order.standing(Standing { delivered: info.delivered.consumer_sequence, outstanding });
                self.ask_at = Instant::now() + WHILE_GATHERING;
                self.tell_of_long_wait(info.config.ack_wait, outstanding);
                self.durable = durable;
            }
            Ok(Err(error)) if error.to_string().contains("not found") => return Err(NatsError::Gone { name: self.options.name.clone() }),
            Ok(Err(error)) => self.ask_later(&error.to_string()),
            Err(_elapsed) => self.ask_later("no answer in time"),
        }
        Ok(())
    }

    fn ask_later(&mut self, error: &str) {
        let pause = self.pause();
        tracing::warn!(
            consumer = self.options.name,
            error,
            again_after_seconds = pause.as_secs_f64(),
            "NATS does not say where the consumer stands"
        );
        self.ask_at = Instant::now() + pause;
    }

    fn tell_of_long_wait(&mut self, ack_wait: Duration, outstanding: u64) {
        if self.order.is_gathering() && self.gathering_since.elapsed() > ack_wait.saturating_mul(3) {
            tracing::warn!(
                consumer = self.options.name,
                outstanding,
                held = self.order.held(),
                "messages that were sent before are still awaited: does another process fetch from the same consumer?"
            );
            self.gathering_since = Instant::now();
        }
    }

    fn pause(&mut self) -> Duration {
        let pause = Duration::from_millis(250_u64 << self.failures.min(6)).min(LONGEST_PAUSE);
        self.failures = self.failures.saturating_add(1);
        pause
    }
}
