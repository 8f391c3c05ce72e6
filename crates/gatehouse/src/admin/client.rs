//! The command line's end of the channel.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, Response, header};
use event_store::Clock;
use http_body_util::BodyExt;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tower::ServiceExt;

use super::{Admin, COMMAND_KEY, ErrorBody, router, socket};
use crate::config::Config;
use crate::failure::Failure;
use crate::folder::DataFolder;
use crate::service::Service;
use crate::shared::Purpose;

/// A way to the service: the one that runs, or the folder opened for this command.
pub(crate) struct Client {
    way: Way,
    clock: Clock,
}

enum Way {
    /// The service runs.
    Socket(http1::SendRequest<Body>),
    /// It does not: its parts are in this process.
    InProcess { router: Router, service: Arc<Service> },
}

impl Client {
    /// Finds the service that runs on the configured data folder, or opens the folder.
    ///
    /// # Errors
    /// There is no data folder, or it cannot be used.
    pub(crate) async fn connect(config: Config, clock: Clock) -> Result<Self, Failure> {
        let folder = DataFolder::open(&config.data)?;
        let way = match socket::connect(&folder.socket()).await {
            Some(stream) => {
                let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(|error| lost(&error))?;
                // Ends with the connection; an error of it is seen by whoever waits for an answer.
                drop(tokio::spawn(connection));
                Way::Socket(sender)
            }
            None => {
                let service = Arc::new(Service::open(config, folder, Arc::clone(&clock), Purpose::Command).await?);
                let router = router(Admin { service: Arc::clone(&service), running: false });
                Way::InProcess { router, service }
            }
        };
        Ok(Self { way, clock })
    }

    /// Whether the service runs.
    pub(crate) fn is_running(&self) -> bool {
        matches!(self.way, Way::Socket(_))
    }

    /// Asks for something.
    ///
    /// # Errors
    /// What the service answered instead.
    pub(crate) async fn get<A: DeserializeOwned>(&mut self, path: &str) -> Result<A, Failure> {
        let response = self.send(Method::GET, path, Body::empty()).await?;
        read(response).await
    }

    /// Sends a command.
    ///
    /// # Errors
    /// What the service answered instead.
    pub(crate) async fn post<A: DeserializeOwned>(&mut self, path: &str, body: &impl Serialize) -> Result<A, Failure> {
        let response = self.send(Method::POST, path, to_body(body)?).await?;
        read(response).await
    }

    /// Sends a command that answers with one JSON object a line, and gives each to `take` as it comes.
    ///
    /// # Errors
    /// What the service answered instead, or what `take` says.
    pub(crate) async fn follow<A: DeserializeOwned>(
        &mut self,
        path: &str,
        body: &impl Serialize,
        mut take: impl FnMut(A) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let response = self.send(Method::POST, path, to_body(body)?).await?;
        if !response.status().is_success() {
            return read::<serde::de::IgnoredAny>(response).await.map(|_| ());
        }
        let mut body = response.into_body();
        let mut pending: Vec<u8> = Vec::new();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| lost(&error))?;
            pending.extend(frame.into_data().unwrap_or_default());
            while let Some(end) = pending.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = pending.drain(..=end).collect();
                take(parse(&line)?)?;
            }
        }
        Ok(())
    }

    /// Ends the connection, or closes what was opened for this command.
    pub(crate) async fn close(self) {
        match self.way {
            Way::Socket(_) => {}
            Way::InProcess { service, .. } => service.close().await,
        }
    }

    async fn send(&mut self, method: Method, path: &str, body: Body) -> Result<Response<Body>, Failure> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, "gatehouse")
            .header(header::CONTENT_TYPE, "application/json")
            .header(COMMAND_KEY, new_key((self.clock)())?)
            .body(body)
            .map_err(|error| Failure::from_error(&error))?;
        match &mut self.way {
            Way::Socket(sender) => sender.send_request(request).await.map(|response| response.map(Body::new)).map_err(|error| lost(&error)),
            Way::InProcess { router, .. } => router.clone().oneshot(request).await.map_err(|never| match never {}),
        }
    }
}

/// A new id for a command: a UUID of version 7.
fn new_key(now: Timestamp) -> Result<String, Failure> {
    let mut random = [0; 10];
    getrandom::fill(&mut random).map_err(|error| Failure::from_error(&error))?;
    let milliseconds = u64::try_from(now.as_millisecond()).unwrap_or_default();
    Ok(uuid::Builder::from_unix_timestamp_millis(milliseconds, &random).into_uuid().to_string())
}

fn to_body(body: &impl Serialize) -> Result<Body, Failure> {
    serde_json::to_vec(body).map(Body::from).map_err(|error| Failure::from_error(&error))
}

async fn read<A: DeserializeOwned>(response: Response<Body>) -> Result<A, Failure> {
    let status = response.status();
    let bytes = response.into_body().collect().await.map_err(|error| lost(&error))?.to_bytes();
    if status.is_success() {
        return parse(&bytes);
    }
    let error: ErrorBody = serde_json::from_slice(&bytes).unwrap_or_else(|_| {
        // Said before any endpoint was reached: a path or a body that the other version of the binary does not know.
        let said = String::from_utf8_lossy(&bytes);
        ErrorBody {
            status: 1,
            error: format!("the running service does not know this command (it answered {status}: {said}); is it of the same version?"),
        }
    });
    Err(error.into())
}

fn parse<A: DeserializeOwned>(bytes: &[u8]) -> Result<A, Failure> {
    serde_json::from_slice(bytes).map_err(|error| {
        Failure::failed(format!("the running service answered something unexpected ({error}); is it of the same version?"))
    })
}

fn lost(error: &(dyn std::error::Error + 'static)) -> Failure {
    Failure::Unavailable(format!("the service ended while it was asked: {}", crate::failure::chain(error)))
}
