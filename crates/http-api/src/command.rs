//! What every command over HTTP has: an id, a sender, and an answer with its position.

use std::net::IpAddr;

use axum::Json;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use command_handlers::{Answer, Sent, command_id};
use domain::CommandId;
use projection_runtime::Fingerprint;
use serde::Serialize;

use crate::caller::Caller;
use crate::position::POSITION;
use crate::problem::Problem;
use crate::services::Services;

/// A command as it came in: who sends it, from where, under which key.
#[derive(Debug)]
pub struct Incoming {
    /// Who sends it.
    pub caller: Caller,
    key: String,
    from: String,
}

impl Incoming {
    /// The command as the handlers take it. `about` says what it is about, such as `approve <id>`; `body` is what it asks,
    /// without secrets: the same key with another body is refused.
    pub fn sent(&self, services: &Services, about: &str, body: &impl Serialize) -> Sent {
        let actor = self.caller.actor();
        // Serializing our own bodies cannot fail; were it to, two bodies would look the same, and neither is accepted twice.
        let sender = serde_json::to_string(&actor).unwrap_or_default();
        let body = serde_json::to_vec(body).unwrap_or_default();
        let id: CommandId = command_id(&sender, about, &self.key);
        tracing::Span::current().record("command", tracing::field::display(id));
        Sent {
            id,
            fingerprint: Fingerprint(u128::from_be_bytes(services.master.fingerprint(&body))),
            actor,
            from: self.from.clone(),
            cause: None,
        }
    }
}

impl FromRequestParts<Services> for Incoming {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, services: &Services) -> Result<Self, Problem> {
        let caller = Caller::from_request_parts(parts, services).await?;
        let key = match parts.headers.get("idempotency-key") {
            None => services.workflows.fresh_key(),
            Some(value) => match value.to_str() {
                Ok(key) if (1..=255).contains(&key.len()) => key.to_owned(),
                Ok(_) | Err(_) => {
                    return Err(Problem::malformed(
                        "header:Idempotency-Key",
                        "the idempotency key must be 1 to 255 visible ASCII characters, such as a UUID",
                    ));
                }
            },
        };
        let from = came_from(services.proxies.client_of(&parts.extensions, &parts.headers));
        Ok(Self { caller, key, from })
    }
}

/// Through what a request came in, and from which network: an address itself is personal data, and the log is for good.
pub(crate) fn came_from(address: Option<IpAddr>) -> String {
    match address.map(|address| address.to_canonical()) {
        None => "http".to_owned(),
        Some(IpAddr::V4(address)) => {
            let [a, b, c, _] = address.octets();
            format!("http {a}.{b}.{c}.0/24")
        }
        Some(IpAddr::V6(address)) => {
            let [a, b, c, ..] = address.segments();
            format!("http {a:x}:{b:x}:{c:x}::/48")
        }
    }
}

/// The answer to a command: a body, the position at which its effect can be read, the version as `ETag`.
#[derive(Debug)]
pub struct Accepted<T> {
    status: StatusCode,
    body: T,
    position: String,
    etag: Option<String>,
    location: Option<String>,
    repeated: bool,
}

impl<T> Accepted<T> {
    /// Something was done (200).
    pub fn new<E>(services: &Services, answer: &Answer<E>, body: T) -> Self {
        Self {
            status: StatusCode::OK,
            body,
            position: services.position_text(answer.position),
            etag: None,
            location: None,
            repeated: answer.repeated,
        }
    }

    /// Something came to be (201), and is found there.
    #[must_use]
    pub fn created(mut self, location: String) -> Self {
        self.status = StatusCode::CREATED;
        self.location = Some(location);
        self
    }

    /// With this version to be named by what changes it next.
    #[must_use]
    pub fn version(mut self, version: u32) -> Self {
        self.etag = Some(etag(version));
        self
    }
}

/// A dossier's version as an entity tag.
#[must_use]
pub fn etag(version: u32) -> String {
    format!("\"{version}\"")
}

impl<T: Serialize> IntoResponse for Accepted<T> {
    fn into_response(self) -> Response {
        let mut response = (self.status, Json(self.body)).into_response();
        let headers = response.headers_mut();
        let mut set = |name: &'static str, value: Option<String>| {
            if let Some(value) = value.and_then(|value| HeaderValue::from_str(&value).ok()) {
                headers.insert(name, value);
            }
        };
        set(POSITION, Some(self.position));
        set(header::ETAG.as_str(), self.etag);
        set(header::LOCATION.as_str(), self.location);
        set("idempotent-replayed", self.repeated.then(|| "true".to_owned()));
        response
    }
}
