//! The stream on the server: how it is made, and what is seen of it.

use async_nats::jetstream::Context;
use async_nats::jetstream::ErrorCode;
use async_nats::jetstream::context::GetStreamErrorKind;
use async_nats::jetstream::stream::{
    Config, DiscardPolicy, Info, LastRawMessageErrorKind, RetentionPolicy, StorageType, Stream, SubjectTransform,
};
use jiff::Timestamp;
use public_events::PREFIX;

use crate::message::Label;
use crate::settings::{StreamName, StreamSettings};

/// What is known of a stream at a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Look {
    /// When it was created.
    pub(crate) created: Timestamp,
    /// The sequence of the last message that was ever stored; 0: none.
    pub(crate) last: u64,
    /// How many messages are in it.
    pub(crate) messages: u64,
    /// Whether it removes messages by its own limits.
    pub(crate) limited: bool,
    /// What subjects begin with that it takes messages on: `gatehouse.v1`, or another prefix that it puts `gatehouse.v1` for itself.
    pub(crate) inbound: String,
    /// The last message.
    pub(crate) tip: Tip,
}

/// The last message of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tip {
    /// There is none: nothing was stored yet, or it was removed.
    None,
    /// One that no publisher of ours wrote.
    Unknown,
    /// An event.
    Event(Label),
}

/// Why the stream cannot be seen or made.
#[derive(Debug, thiserror::Error)]
pub enum StreamError {
    /// The servers do not answer, or cannot now. It is tried again.
    #[error("the stream {stream} cannot be asked for: {reason}")]
    Unavailable {
        /// Its name.
        stream: String,
        /// What the client or the server says.
        reason: String,
    },
    /// It is there, and not made for events.
    #[error(
        "the stream {stream} is not made for events: {reason}. Name another stream in the configuration, or change this one on the servers"
    )]
    Unfit {
        /// Its name.
        stream: String,
        /// What does not fit.
        reason: String,
    },
}

/// What is seen of a stream, asked of its leader; none if there is no such stream.
pub(crate) async fn look(context: &Context, name: &StreamName) -> Result<Option<Look>, StreamError> {
    let unavailable = |error: &dyn std::fmt::Display| StreamError::Unavailable { stream: name.to_string(), reason: error.to_string() };
    match context.get_stream(name.as_str()).await {
        Ok(stream) => Ok(Some(seen(&stream, name).await?)),
        Err(error) => match error.kind() {
            GetStreamErrorKind::JetStream(answer) if answer.error_code() == ErrorCode::STREAM_NOT_FOUND => Ok(None),
            GetStreamErrorKind::JetStream(_)
            | GetStreamErrorKind::Request
            | GetStreamErrorKind::EmptyName
            | GetStreamErrorKind::InvalidStreamName => Err(unavailable(&error)),
        },
    }
}

/// Makes the stream. It takes messages on `gatehouse.v1.>`, unless `beside` is set: then another stream has these subjects already, and
/// this one takes its messages on subjects of its own, and stores them under `gatehouse.v1.>` all the same.
pub(crate) async fn make(context: &Context, settings: &StreamSettings, beside: bool) -> Result<Look, StreamError> {
    let name = &settings.name;
    let unavailable = |error: &dyn std::fmt::Display| StreamError::Unavailable { stream: name.to_string(), reason: error.to_string() };
    let inbound = if beside { format!("gatehouse.refill.{name}") } else { PREFIX.to_owned() };
    let transform = SubjectTransform { source: format!("{inbound}.>"), destination: format!("{PREFIX}.>") };
    let config = Config {
        name: name.to_string(),
        description: Some("Public events of Gatehouse, in the order of its log".to_owned()),
        subjects: vec![format!("{inbound}.>")],
        storage: StorageType::File,
        num_replicas: settings.replicas,
        retention: RetentionPolicy::Limits,
        discard: DiscardPolicy::New,
        duplicate_window: settings.duplicate_window,
        deny_delete: true,
        deny_purge: true,
        allow_direct: true,
        subject_transform: beside.then_some(transform),
        ..Config::default()
    };
    let stream = context.create_stream(config).await.map_err(|error| unavailable(&error))?;
    tracing::info!(stream = %name, replicas = settings.replicas, inbound, "stream made");
    seen(&stream, name).await
}

/// Which stream takes what is published under `gatehouse.v1`, if one does.
pub(crate) async fn owner_of_subjects(context: &Context, of: &StreamName) -> Result<Option<String>, StreamError> {
    use async_nats::jetstream::context::GetStreamByNameErrorKind as Kind;
    match context.stream_by_subject(format!("{PREFIX}.>")).await {
        Ok(name) => Ok(Some(name)),
        Err(error) if error.kind() == Kind::NotFound => Ok(None),
        Err(error) => Err(StreamError::Unavailable { stream: of.to_string(), reason: error.to_string() }),
    }
}

async fn seen(stream: &Stream, name: &StreamName) -> Result<Look, StreamError> {
    let info = stream.cached_info();
    let state = &info.state;
    let unavailable = |reason: String| StreamError::Unavailable { stream: name.to_string(), reason };
    let created = Timestamp::from_nanosecond(info.created.unix_timestamp_nanos()).map_err(|error| unavailable(error.to_string()))?;
    let inbound = inbound(info).map_err(|reason| StreamError::Unfit { stream: name.to_string(), reason })?;
    let tip = if state.last_sequence == 0 || state.messages == 0 {
        Tip::None
    } else {
        // Asked of the leader: a replica that answers directly may be behind.
        match stream.get_raw_message(state.last_sequence).await {
            Ok(message) => Label::of(&message.headers).map_or(Tip::Unknown, Tip::Event),
            Err(error) if error.kind() == LastRawMessageErrorKind::NoMessageFound => Tip::None,
            Err(error) => return Err(unavailable(error.to_string())),
        }
    };
    let limited = is_limited(&info.config);
    Ok(Look { created, last: state.last_sequence, messages: state.messages, limited, inbound, tip })
}

fn is_limited(config: &Config) -> bool {
    let removes_old = config.max_messages > 0 || config.max_bytes > 0;
    (removes_old && config.discard == DiscardPolicy::Old) || !config.max_age.is_zero() || config.max_messages_per_subject > 0
}

/// The prefix that the stream takes messages on, or what does not fit.
fn inbound(info: &Info) -> Result<String, String> {
    let config = &info.config;
    let ours = format!("{PREFIX}.>");
    let transform = config.subject_transform.as_ref();
    if config.retention != RetentionPolicy::Limits {
        return Err("it removes messages that were consumed".to_owned());
    }
    if config.no_ack {
        return Err("it acknowledges nothing".to_owned());
    }
    match transform {
        None if config.subjects.contains(&ours) => Ok(PREFIX.to_owned()),
        Some(transform) if transform.destination == ours && config.subjects.contains(&transform.source) => {
            transform.source.strip_suffix(".>").map(str::to_owned).ok_or_else(|| "its subjects cannot be read".to_owned())
        }
        None | Some(_) => Err(format!("it does not take {ours}")),
    }
}
