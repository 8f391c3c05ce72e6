//! The operator's own channel: what the command line asks of the service.
//!
//! One router, reached in two ways: over a socket in the data folder, which only its owner can open, while the service runs;
//! in this process, with the folder opened just for the one command, when it does not. There is no other way in: nothing of it
//! is served over TCP. Bodies are JSON; long work answers with one JSON object a line.

pub(crate) mod backup;
pub(crate) mod catalogue;
pub(crate) mod client;
pub(crate) mod erasures;
pub(crate) mod history;
pub(crate) mod inventory;
pub(crate) mod persons;
mod problem;
pub(crate) mod publish;
pub(crate) mod rebuild;
pub(crate) mod resolve;
pub(crate) mod secrets;
pub(crate) mod services;
pub(crate) mod socket;
pub(crate) mod staff;
pub(crate) mod status;
pub(crate) mod tokens;

use std::sync::Arc;

use axum::Router;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::routing::{get, post};
use command_handlers::{Sent, command_id};
use domain::Actor;
use event_codec::Fingerprint;
use serde::Serialize;

pub(crate) use problem::{Answer, ErrorBody};

use crate::service::Service;

/// What the endpoints work with.
#[derive(Clone)]
pub(crate) struct Admin {
    /// The parts of the service.
    pub(crate) service: Arc<Service>,
    /// Whether the service runs, or was opened for one command only.
    pub(crate) running: bool,
}

/// The header with the id that the command line gives a command.
pub(crate) const COMMAND_KEY: &str = "idempotency-key";

/// The router of the channel.
pub(crate) fn router(admin: Admin) -> Router {
    Router::new()
        .route("/status", get(status::show))
        .route("/secrets-left", get(secrets::left))
        .route("/tokens", get(tokens::list).post(tokens::create))
        .route("/tokens/{id}/revoke", post(tokens::revoke))
        .route("/inventory", get(inventory::list).post(inventory::import))
        .route("/inventory/{serial}/release", post(inventory::release))
        .route("/staff", get(staff::list).post(staff::appoint))
        .route("/staff/{id}/grant", post(staff::grant))
        .route("/staff/{id}/revoke", post(staff::revoke))
        .route("/staff/{id}/dismiss", post(staff::dismiss))
        .route("/staff/{id}/account", post(staff::account))
        .route("/staff/{id}/link", post(staff::link))
        .route("/staff/{id}/unlink", post(staff::unlink))
        .route("/staff/{id}/reset-second-factors", post(staff::reset_second_factors))
        .route("/services", get(services::list).post(services::register))
        .route("/services/{name}/scope", post(services::scope))
        .route("/services/{name}/nats", get(services::nats).post(services::make_consumer))
        .route("/services/{name}/retire", post(services::retire))
        .route("/erasures/{after}", post(erasures::list))
        .route("/erasure-certificates/{person}", post(erasures::certificate))
        .route("/catalogue", get(catalogue::list).post(catalogue::apply))
        .route("/history", post(history::show))
        .route("/state", post(history::state))
        .route("/forget", post(persons::forget))
        .route("/rebuild/{name}", post(rebuild::rebuild))
        .route("/publish/reconcile", post(publish::reconcile))
        .route("/publish/refill", post(publish::refill))
        .route("/backup", post(backup::backup))
        .with_state(admin)
}

/// A command as it was typed.
#[derive(Debug)]
pub(crate) struct Typed {
    key: String,
}

impl Typed {
    /// The command as the handlers take it. `about` says what it is about; `body` is what it asks.
    pub(crate) fn sent(&self, service: &Service, about: &str, body: &impl Serialize) -> Sent {
        // Serializing our own bodies cannot fail; were it to, two bodies would look the same under one key, which is used once.
        let body = serde_json::to_vec(body).unwrap_or_default();
        let id = command_id("operator", about, &self.key);
        tracing::info!(command = %id, about, "a command of the operator");
        Sent {
            id,
            fingerprint: Fingerprint(u128::from_be_bytes(service.master.fingerprint(&body))),
            actor: Actor::Operator,
            from: "cli".to_owned(),
            cause: None,
        }
    }
}

impl FromRequestParts<Admin> for Typed {
    type Rejection = ErrorBody;

    async fn from_request_parts(parts: &mut Parts, _: &Admin) -> Result<Self, ErrorBody> {
        let key = parts.headers.get(COMMAND_KEY).and_then(|key| key.to_str().ok());
        key.map(|key| Self { key: key.to_owned() })
            .ok_or_else(|| ErrorBody { status: 2, error: "a command needs an id in the header Idempotency-Key".to_owned() })
    }
}
