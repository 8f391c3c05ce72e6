//! The peer: the same HTTP stack, the same runtime and the same strict reading of the same body, and then nothing.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::post;
use axum::serve::ListenerExt;
use axum::{Json, Router};
use http_api::body::Body;
use serde::Deserialize;
use uuid::Uuid;

/// The hidden argument that makes the bench program serve this.
pub const COMMAND: &str = "parse-only-server";

/// What `POST /v1/invitations` takes.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "it is parsed, and that is all")]
struct InviteOrg {
    company: String,
    email: String,
    name: Option<String>,
    message: Option<String>,
    applications: Vec<Uuid>,
    #[serde(default)]
    identifiers: Vec<serde_json::Value>,
    organization: Option<Uuid>,
    expires_in_days: Option<u32>,
}

async fn parse(Body(body): Body<InviteOrg>) -> impl IntoResponse {
    let id = body.applications.first().copied().unwrap_or_default();
    let headers = [(header::LOCATION, format!("/v1/invitations/{id}"))];
    (StatusCode::CREATED, headers, Json(serde_json::json!({ "id": id })))
}

/// Serves until it is killed.
///
/// # Panics
/// When it cannot.
pub fn serve() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime can be made");
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("an address is free");
        println!("{}", listener.local_addr().expect("it has an address"));
        let listener = listener.tap_io(|stream| stream.set_nodelay(true).expect("a connection has no delay"));
        axum::serve(listener, Router::new().route("/v1/invitations", post(parse))).await.expect("it serves");
    });
}

/// The peer, running.
#[derive(Debug)]
pub struct ParseOnly {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
}

impl ParseOnly {
    /// Starts it.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn start() -> Self {
        let program: PathBuf = std::env::current_exe().expect("a program knows where it is");
        let mut child = Command::new(program).arg(COMMAND).stdout(Stdio::piped()).spawn().expect("it can be started");
        let stdout = child.stdout.take().expect("its output is piped");
        let mut line = String::new();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(stdout), &mut line).expect("it says where it listens");
        Self { child, address: line.trim().parse().expect("it says an address") }
    }
}

impl Drop for ParseOnly {
    fn drop(&mut self) {
        let _gone = self.child.kill().and_then(|()| self.child.wait());
    }
}
