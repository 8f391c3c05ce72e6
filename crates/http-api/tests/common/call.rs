//! Requests and answers.

use std::net::SocketAddr;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::Value;
use tower::ServiceExt;

use super::Api;

/// A request in the making.
pub struct Call<'a> {
    api: &'a Api,
    method: Method,
    path: String,
    headers: Vec<(&'static str, String)>,
    body: Option<Vec<u8>>,
    peer: Option<SocketAddr>,
}

impl Api {
    /// A request.
    pub fn call(&self, method: Method, path: impl Into<String>) -> Call<'_> {
        Call { api: self, method, path: path.into(), headers: Vec::new(), body: None, peer: None }
    }

    /// A GET.
    pub fn get(&self, path: impl Into<String>) -> Call<'_> {
        self.call(Method::GET, path)
    }

    /// A POST.
    pub fn post(&self, path: impl Into<String>) -> Call<'_> {
        self.call(Method::POST, path)
    }

    /// A PUT.
    pub fn put(&self, path: impl Into<String>) -> Call<'_> {
        self.call(Method::PUT, path)
    }

    /// A DELETE.
    pub fn delete(&self, path: impl Into<String>) -> Call<'_> {
        self.call(Method::DELETE, path)
    }
}

impl Call<'_> {
    /// With this bearer token.
    pub fn by(self, token: &str) -> Self {
        self.header("authorization", format!("Bearer {token}"))
    }

    /// With this header.
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Under this idempotency key.
    pub fn key(self, key: &str) -> Self {
        self.header("idempotency-key", key)
    }

    /// On this version of the dossier.
    pub fn on(self, version: u64) -> Self {
        self.header("if-match", format!("\"{version}\""))
    }

    /// With this JSON body.
    pub fn json(self, body: &Value) -> Self {
        self.bytes(body.to_string().into_bytes())
    }

    /// With these bytes as a body that is called JSON.
    pub fn bytes(mut self, body: Vec<u8>) -> Self {
        self.body = Some(body);
        self.header("content-type", "application/json")
    }

    /// With this CSV file as its body.
    pub fn csv(mut self, file: String) -> Self {
        self.body = Some(file.into_bytes());
        self.header("content-type", "text/csv")
    }

    /// From this address, as the listener sees it.
    pub fn from(mut self, peer: &str) -> Self {
        self.peer = Some(SocketAddr::new(peer.parse().unwrap(), 4711));
        self
    }

    /// Sends it. A GET reads what was written before.
    pub async fn send(mut self) -> Reply {
        if self.method == Method::GET
            && let Some(position) = self.api.seen.lock().clone()
        {
            self.headers.push(("gatehouse-min-position", position));
        }
        let mut request = Request::builder().method(self.method).uri(&self.path);
        for (name, value) in self.headers {
            request = request.header(name, value);
        }
        if let Some(peer) = self.peer {
            request = request.extension(ConnectInfo(peer));
        }
        let request = request.body(self.body.map_or_else(Body::empty, Body::from)).unwrap();
        let response = self.api.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        if let Some(position) = parts.headers.get("gatehouse-position") {
            *self.api.seen.lock() = Some(position.to_str().unwrap().to_owned());
        }
        Reply { path: self.path, status: parts.status, headers: parts.headers, body }
    }
}

/// An answer.
#[derive(Debug)]
pub struct Reply {
    path: String,
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Value,
}

impl Reply {
    /// It succeeded: its body.
    #[track_caller]
    pub fn ok(self) -> Value {
        assert!(self.status.is_success(), "{}: {} {}", self.path, self.status, self.body);
        self.body
    }

    /// It is a problem of this status and code, which says what is wrong.
    #[track_caller]
    pub fn refused(self, status: u16, code: &str) -> Value {
        assert_eq!(
            (self.status.as_u16(), self.body["type"].as_str().unwrap_or_default()),
            (status, format!("urn:gatehouse:problem:{code}").as_str()),
            "{}: {}",
            self.path,
            self.body
        );
        assert_eq!(self.headers["content-type"], "application/problem+json");
        assert!(self.body["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{}", self.body);
        self.body
    }

    /// The problem names this field.
    #[track_caller]
    pub fn refused_at(self, status: u16, code: &str, pointer: &str) -> Value {
        let body = self.refused(status, code);
        let pointers: Vec<&str> = body["errors"].as_array().into_iter().flatten().filter_map(|error| error["pointer"].as_str()).collect();
        assert!(pointers.contains(&pointer), "{pointer} is not among {pointers:?}: {body}");
        body
    }

    /// A header's text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}
