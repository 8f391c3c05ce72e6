//! Serves HTTP/1.1 to whoever comes, within bounds: none of them can keep the others out for long, or make the process grow without end.
//!
//! TLS ends at a proxy before it. What breaks the protocol is answered 400 or 431 without a body and ends its connection: nothing is known
//! then of what was meant. Everything else is answered with problem details.

mod body;
mod door;
mod patience;

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use body::Timely;
pub(crate) use body::TooSlow;
use door::Door;
use patience::Patient;

use crate::network::Proxies;

/// The most that hyper reads of a request's head. What is beyond the router's own bound ([`crate::router`]) and within this gets a problem.
const MAX_HEAD_BYTES: usize = 32 * 1024;
/// What hyper keeps of a connection, at most, on its way in and out.
const MAX_BUFFER_BYTES: usize = 128 * 1024;
/// How long is waited after the system refused to accept a connection, which it does when there are too many open files.
const BREATH: Duration = Duration::from_secs(1);

/// How much one client, and all of them, may take.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Within which the head of a request has come, and the next one after an answer.
    pub head_time: Duration,
    /// Within which the body of a request has come, from its head on.
    pub body_time: Duration,
    /// How long a client may take nothing of an answer.
    pub write_time: Duration,
    /// How many connections are open at most.
    pub connections: usize,
    /// How many of one IPv4 address or IPv6 /64 are open at most. Trusted proxies are not counted so.
    pub connections_per_network: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            head_time: Duration::from_secs(15),
            body_time: Duration::from_secs(20),
            write_time: Duration::from_secs(30),
            connections: 10_000,
            connections_per_network: 2_000,
        }
    }
}

/// Serves until `stop`; then no connection is accepted, and those that are open are closed after the answer that they wait for.
pub async fn serve(listener: TcpListener, router: Router, bounds: Bounds, proxies: Arc<Proxies>, stop: CancellationToken) {
    let door = Arc::new(Door::new(&bounds, proxies));
    let connections = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            biased;
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => match door.enter(peer.ip()) {
                Ok(place) => {
                    let (router, stop) = (router.clone(), stop.clone());
                    connections.spawn(async move {
                        converse(stream, peer, router, bounds, stop).await;
                        drop(place);
                    });
                }
                Err(full) => full.turn_away(stream),
            },
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                tracing::error!(%error, "no connection can be accepted: is the limit of open files too low?");
                tokio::select! {
                    () = stop.cancelled() => break,
                    () = tokio::time::sleep(BREATH) => {}
                }
            }
        }
    }
    drop(listener);
    connections.close();
    connections.wait().await;
}

/// Answers the requests of a connection until it ends.
async fn converse(stream: TcpStream, peer: SocketAddr, router: Router, bounds: Bounds, stop: CancellationToken) {
    // Answers are small: each should leave at once.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection keeps its delay");
    }
    let service = service_fn(move |request: Request<Incoming>| {
        let mut request =
            request.map(|body| if hyper::body::Body::is_end_stream(&body) { Body::empty() } else { timely(body, bounds.body_time) });
        request.extensions_mut().insert(ConnectInfo(peer));
        router.clone().oneshot(request)
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(bounds.head_time).max_header_size(MAX_HEAD_BYTES).max_buf_size(MAX_BUFFER_BYTES);
    let mut connection = pin!(http.serve_connection(TokioIo::new(Patient::new(stream, bounds.write_time)), service));
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(error = %error, "a connection ended early");
    }
}

fn timely(body: Incoming, within: Duration) -> Body {
    Body::new(Timely::new(body, within))
}

/// Whether the error says only that somebody went away before they were let in.
fn is_of_one_connection(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted)
}
