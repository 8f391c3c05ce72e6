//! A connection of which the test decides each byte.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http_api::network::Proxies;
use http_api::server::{Bounds, serve};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::common::Api;

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(20);

/// Short times, so that a test sees their end.
pub(crate) const SHORT: Bounds = Bounds {
    head_time: Duration::from_millis(300),
    body_time: Duration::from_millis(300),
    write_time: Duration::from_millis(300),
    connections: 100,
    connections_per_network: 100,
};
/// Times that do not end within a test.
pub(crate) const LONG: Bounds = Bounds {
    head_time: Duration::from_secs(600),
    body_time: Duration::from_secs(600),
    write_time: Duration::from_secs(600),
    connections: 100,
    connections_per_network: 100,
};

/// The service behind a real listener.
pub(crate) struct Served {
    pub(crate) api: Api,
    pub(crate) stop: CancellationToken,
    pub(crate) ended: JoinHandle<()>,
    address: SocketAddr,
}

impl Served {
    pub(crate) async fn within(bounds: Bounds) -> Self {
        Self::of(Api::start().await, bounds).await
    }

    pub(crate) async fn of(api: Api, bounds: Bounds) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let ended = tokio::spawn(serve(listener, api.router.clone(), bounds, Arc::new(Proxies::default()), stop.clone()));
        Self { api, stop, ended, address }
    }

    /// A connection on which these bytes were sent.
    pub(crate) async fn send(&self, bytes: impl AsRef<[u8]>) -> Line {
        let mut line = Line(TcpStream::connect(self.address).await.unwrap());
        // The service may have hung up already.
        let _ = line.0.write_all(bytes.as_ref()).await;
        line
    }

    /// All that is answered to these bytes until the service hangs up.
    pub(crate) async fn answer(&self, bytes: impl AsRef<[u8]>) -> String {
        self.send(bytes).await.rest().await
    }

    /// Whether somebody new is answered.
    pub(crate) async fn answers(&self) -> bool {
        self.answer(GET_AND_CLOSE).await.starts_with("HTTP/1.1 200 ")
    }

    /// Waits until somebody new is answered.
    pub(crate) async fn until_it_answers(&self) {
        let answered = async {
            while !self.answers().await {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, answered).await.unwrap();
    }
}

/// A request that is answered 200, after which the connection ends.
pub(crate) const GET_AND_CLOSE: &str = "GET /v1/schemas HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
/// The same, after which it goes on.
pub(crate) const GET: &str = "GET /v1/schemas HTTP/1.1\r\nhost: x\r\n\r\n";

pub(crate) struct Line(TcpStream);

impl Line {
    /// Sends more.
    pub(crate) async fn say(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).await.unwrap();
    }

    /// All that comes until the service hangs up, or breaks the connection off.
    pub(crate) async fn rest(&mut self) -> String {
        let mut bytes = Vec::new();
        let reading = self.0.read_to_end(&mut bytes);
        let _broken_off = tokio::time::timeout(PATIENCE, reading).await.expect("the service hangs up in time");
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// What comes until these words have come.
    pub(crate) async fn until(&mut self, words: &str) -> String {
        let mut seen = String::new();
        let reading = async {
            while !seen.contains(words) {
                let mut bytes = [0; 1024];
                let count = self.0.read(&mut bytes).await.unwrap();
                assert!(count > 0, "hung up after {seen:?}");
                seen.push_str(&String::from_utf8_lossy(&bytes[..count]));
            }
        };
        tokio::time::timeout(PATIENCE, reading).await.expect("it comes in time");
        seen
    }

    /// Sends a byte now and then until the service hangs up: what it answered.
    pub(crate) async fn trickle(self, byte: u8) -> String {
        let (mut reading, mut writing) = self.0.into_split();
        let trickling = async move {
            let mut now_and_then = tokio::time::interval(Duration::from_millis(20));
            loop {
                now_and_then.tick().await;
                if writing.write_all(&[byte]).await.is_err() {
                    std::future::pending::<()>().await;
                }
            }
        };
        let answered = async move {
            let mut bytes = Vec::new();
            let _broken_off = reading.read_to_end(&mut bytes).await;
            String::from_utf8_lossy(&bytes).into_owned()
        };
        tokio::select! {
            () = trickling => unreachable!("it goes on until the service hangs up"),
            answer = answered => answer,
            () = tokio::time::sleep(PATIENCE) => panic!("the service does not hang up"),
        }
    }
}

/// Asserts that an answer is a problem of this status and code.
#[track_caller]
pub(crate) fn is_problem(answer: &str, status: u16, code: &str) {
    assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
    assert!(answer.contains("content-type: application/problem+json"), "{answer}");
    assert!(answer.contains(&format!("urn:gatehouse:problem:{code}\"")), "{answer}");
}

/// Room for one, who is hung up on when they take nothing.
pub(crate) const SHORT_OF_ROOM: Bounds = Bounds { connections: 1, ..SHORT };
