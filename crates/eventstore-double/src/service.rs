//! The four calls that the client makes, and how each is answered.

#![allow(clippy::result_large_err, reason = "tonic's Status is what a call fails with, and as large as it is")]

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream;
use hyper::body::Incoming;
use hyper::http::{Request as HttpRequest, Response as HttpResponse};
use tokio::sync::Notify;
use tonic::body::Body;
use tonic::codec::ProstCodec;
use tonic::metadata::{MetadataMap, MetadataValue};
use tonic::server::Grpc;
use tonic::{Code, Request, Response, Status, Streaming};

use crate::faults::Fault;
use crate::messages::{
    AppendReq, AppendResp, ClusterInfo, Empty, EndPoint, Member, Position, ReadReq, ReadResp, StreamIdentifier, SupportedMethods, append,
    append_resp, read, read_resp,
};
use crate::store::{Expected, Outcome, Proposed, Store, Stored};

/// The most bytes that one append may have: the server's own default.
const MAX_APPEND_BYTES: usize = 1 << 20;

type Events = stream::Iter<std::vec::IntoIter<Result<ReadResp, Status>>>;

/// Answers the requests of one connection.
#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) store: Store,
    pub(crate) address: SocketAddr,
    /// Told when the connection is to be cut.
    pub(crate) cut: Arc<Notify>,
}

impl Server {
    pub(crate) async fn answer(self, request: HttpRequest<Incoming>) -> HttpResponse<Body> {
        let path = request.uri().path().to_owned();
        match path.as_str() {
            "/event_store.client.server_features.ServerFeatures/GetSupportedMethods" => {
                let version = SupportedMethods { event_store_server_version: "24.10.0".to_owned() };
                let answer = tower::service_fn(async |_: Request<Empty>| Ok(Response::new(version.clone())));
                Grpc::new(ProstCodec::default()).unary(answer, request).await
            }
            "/event_store.client.gossip.Gossip/Read" => {
                let members = self.members();
                let answer = tower::service_fn(async |_: Request<Empty>| Ok(Response::new(members.clone())));
                Grpc::new(ProstCodec::default()).unary(answer, request).await
            }
            "/event_store.client.streams.Streams/Read" => {
                let answer = tower::service_fn(async |request| self.read(request).await);
                Grpc::new(ProstCodec::default()).server_streaming(answer, request).await
            }
            "/event_store.client.streams.Streams/Append" => {
                let answer = tower::service_fn(async |request| self.append(request).await);
                Grpc::new(ProstCodec::default()).client_streaming(answer, request).await
            }
            _ => Status::unimplemented(path).into_http(),
        }
    }

    fn members(&self) -> ClusterInfo {
        let log = self.store.shared.log.lock();
        let member = |node: &SocketAddr| Member {
            state: if log.leader == Some(*node) { 8 } else { 6 },
            is_alive: true,
            http_end_point: Some(EndPoint { address: node.ip().to_string(), port: node.port().into() }),
        };
        ClusterInfo { members: log.nodes.iter().map(member).collect() }
    }

    /// A follower refuses what wants the leader, and says where it is.
    fn only_if_allowed(&self, metadata: &MetadataMap) -> Result<(), Status> {
        let wants_leader = metadata.get("requires-leader").is_some_and(|value| value == "true");
        match self.store.shared.log.lock().leader {
            Some(leader) if wants_leader && leader != self.address => Err(not_leader(leader)),
            _ => Ok(()),
        }
    }

    async fn read(&self, request: Request<ReadReq>) -> Result<Response<Events>, Status> {
        self.only_if_allowed(request.metadata())?;
        self.wait_while(|faults| faults.holding_reads).await;
        let Some(options) = request.into_inner().options else { return Err(Status::invalid_argument("no options")) };
        let (backwards, count) = (options.direction == 1, usize::try_from(options.count).unwrap_or(usize::MAX));
        let answers = match options.source {
            Some(read::Source::All(read::All { place: Some(place) })) => self.read_all(place, backwards, count)?,
            Some(read::Source::Stream(read::Stream { stream_identifier: Some(name), revision: Some(revision) })) => {
                self.read_stream(&name, revision, backwards, count)?
            }
            Some(read::Source::All(_) | read::Source::Stream(_)) | None => return Err(Status::invalid_argument("no source")),
        };
        let answers: Vec<Result<ReadResp, Status>> = answers.into_iter().map(|content| Ok(ReadResp { content: Some(content) })).collect();
        Ok(Response::new(stream::iter(answers)))
    }

    fn read_all(&self, place: read::Place, backwards: bool, count: usize) -> Result<Vec<read_resp::Content>, Status> {
        let from = match place {
            read::Place::At(position) => Some(position.commit_position),
            read::Place::Start(_) | read::Place::End(_) => None,
        };
        let events = self.store.shared.log.lock().all(from, backwards, count);
        let events = events.ok_or_else(|| Status::invalid_argument("Trying to read from an invalid position."))?;
        Ok(events.into_iter().map(content).collect())
    }

    fn read_stream(
        &self,
        name: &StreamIdentifier,
        revision: read::Revision,
        backwards: bool,
        count: usize,
    ) -> Result<Vec<read_resp::Content>, Status> {
        let from = match revision {
            read::Revision::At(revision) => Some(revision),
            read::Revision::Start(_) | read::Revision::End(_) => None,
        };
        let text = text(name);
        let is_old = self.store.shared.faults.lock().is_old;
        let told = |event: Stored| if is_old { Stored { position: u64::MAX, ..event } } else { event };
        match self.store.shared.log.lock().stream(&text, from, backwards, count) {
            Ok(Some(events)) => Ok(events.into_iter().map(told).map(content).collect()),
            Ok(None) => Ok(vec![read_resp::Content::StreamNotFound(read_resp::StreamNotFound { stream_identifier: Some(name.clone()) })]),
            Err(_) => Err(stream_deleted(&text)),
        }
    }

    async fn append(&self, request: Request<Streaming<AppendReq>>) -> Result<Response<AppendResp>, Status> {
        self.only_if_allowed(request.metadata())?;
        let (stream, expected, events) = received(request.into_inner()).await?;
        let fault = self.store.shared.faults.lock().of_append().unwrap_or(Fault::None);
        match fault {
            Fault::None | Fault::CutAfter | Fault::TimedOut | Fault::Silent => {}
            Fault::CutBefore => return self.gone().await,
            Fault::Busy => return Err(Status::unavailable("Server Is Too Busy")),
            Fault::Late => return self.later(stream, expected, events).await,
        }
        let outcome = self.store.shared.log.lock().append(&stream, expected, events);
        match fault {
            Fault::CutAfter => return self.gone().await,
            Fault::TimedOut => return Err(Status::aborted("Operation timed out: Commit phase timeout.")),
            Fault::Silent => return std::future::pending().await,
            Fault::None | Fault::CutBefore | Fault::Busy | Fault::Late => {}
        }
        self.wait_while(|faults| faults.holding).await;
        answer(&stream, expected, outcome)
    }

    /// Cuts the connection; the request ends with it.
    async fn gone<T>(&self) -> Result<T, Status> {
        self.cut.notify_one();
        std::future::pending().await
    }

    /// The append is in a queue of the server, which goes on when nobody waits any more.
    async fn later<T>(&self, stream: String, expected: Expected, events: Vec<Proposed>) -> Result<T, Status> {
        let store = self.store.clone();
        tokio::spawn(async move {
            store.shared.released.notified().await;
            store.shared.log.lock().append(&stream, expected, events);
        });
        std::future::pending().await
    }

    async fn wait_while(&self, held: impl Fn(&crate::faults::Faults) -> bool) {
        loop {
            let released = self.store.shared.released.notified();
            {
                let mut faults = self.store.shared.faults.lock();
                if !held(&faults) {
                    return;
                }
                faults.held += 1;
            }
            let _held = Held(&self.store);
            released.await;
        }
    }
}

/// Counts as held until it is answered, or its caller is gone.
struct Held<'a>(&'a Store);

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.0.shared.faults.lock().held -= 1;
    }
}

async fn received(mut requests: Streaming<AppendReq>) -> Result<(String, Expected, Vec<Proposed>), Status> {
    let (mut target, mut events, mut bytes) = (None, Vec::new(), 0_usize);
    while let Some(request) = requests.message().await? {
        match request.content {
            Some(append::Content::Options(append::Options { stream_identifier: Some(name), expected: Some(expected) })) => {
                target = Some((text(&name), self::expected(expected)?));
            }
            Some(append::Content::Proposed(event)) => {
                bytes += event.data.len() + event.custom_metadata.len();
                let id = event.id.as_ref().and_then(crate::messages::Uuid::id).filter(|id| !id.is_nil());
                let id = id.ok_or_else(|| Status::invalid_argument("Empty eventId provided."))?;
                events.push(Proposed { id, system: event.metadata, custom_metadata: event.custom_metadata, data: event.data });
            }
            Some(append::Content::Options(_)) | None => return Err(Status::invalid_argument("no stream or expectation")),
        }
    }
    let (stream, expected) = target.ok_or_else(|| Status::invalid_argument("no options"))?;
    if bytes > MAX_APPEND_BYTES {
        return Err(with_exception(Code::InvalidArgument, "Maximum Append Size of 1048576 Exceeded.", "maximum-append-size-exceeded", &[]));
    }
    Ok((stream, expected, events))
}

fn expected(expected: append::Expected) -> Result<Expected, Status> {
    Ok(match expected {
        append::Expected::Revision(revision) if i64::try_from(revision).is_ok() => Expected::Revision(revision),
        append::Expected::Revision(_) => return Err(Status::invalid_argument("no such revision")),
        append::Expected::NoStream(_) => Expected::NoStream,
        append::Expected::Any(_) => Expected::Any,
        append::Expected::StreamExists(_) => Expected::StreamExists,
    })
}

fn answer(stream: &str, expected: Expected, outcome: Outcome) -> Result<Response<AppendResp>, Status> {
    let outcome = match outcome {
        Outcome::Success { revision, position } => append_resp::Outcome::Success(append_resp::Success {
            current_revision: Some(revision),
            position: Some(Position { commit_position: position, prepare_position: position }),
        }),
        Outcome::Wrong { current } => append_resp::Outcome::WrongExpectedVersion(append_resp::WrongExpectedVersion {
            current: Some(current.map_or(append_resp::Current::NoStream(Empty {}), append_resp::Current::Revision)),
            wanted: Some(match expected {
                Expected::Any => append_resp::Wanted::Any(Empty {}),
                Expected::NoStream => append_resp::Wanted::NoStream(Empty {}),
                Expected::StreamExists => append_resp::Wanted::StreamExists(Empty {}),
                Expected::Revision(revision) => append_resp::Wanted::Revision(revision),
            }),
        }),
        Outcome::Deleted => return Err(stream_deleted(stream)),
    };
    Ok(Response::new(AppendResp { outcome: Some(outcome) }))
}

fn content(event: Stored) -> read_resp::Content {
    let mut metadata = event.system;
    // Ticks of 100 ns since 1970: a fixed day of 2026, since nobody should rely on it.
    metadata.insert("created".to_owned(), "17900000000000000".to_owned());
    let recorded = read_resp::Recorded {
        id: Some(event.id.into()),
        stream_identifier: Some(StreamIdentifier { stream_name: Bytes::from(event.stream) }),
        stream_revision: event.revision,
        prepare_position: event.position,
        commit_position: event.position,
        metadata,
        custom_metadata: event.custom_metadata,
        data: event.data,
    };
    read_resp::Content::Event(read_resp::Event { event: Some(recorded), commit_position: Some(event.position) })
}

fn text(name: &StreamIdentifier) -> String {
    String::from_utf8_lossy(&name.stream_name).into_owned()
}

fn not_leader(leader: SocketAddr) -> Status {
    let (host, port) = (leader.ip().to_string(), leader.port().to_string());
    let address = [("leader-endpoint-host", host.as_str()), ("leader-endpoint-port", port.as_str())];
    with_exception(Code::NotFound, "Leader info available", "not-leader", &address)
}

fn stream_deleted(stream: &str) -> Status {
    with_exception(Code::FailedPrecondition, "Event stream is deleted.", "stream-deleted", &[("stream-name", stream)])
}

fn with_exception(code: Code, message: &str, exception: &'static str, more: &[(&'static str, &str)]) -> Status {
    let mut metadata = MetadataMap::new();
    metadata.insert("exception", MetadataValue::from_static(exception));
    for (key, value) in more {
        if let Ok(value) = MetadataValue::try_from(*value) {
            metadata.insert(*key, value);
        }
    }
    Status::with_metadata(code, message, metadata)
}
