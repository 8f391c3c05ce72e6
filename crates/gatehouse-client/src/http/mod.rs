//! Gatehouse over HTTP: events, the snapshot, details, acknowledgements of erasures.

mod details;
mod error;
mod lines;
mod snapshot;
mod tail;

use std::time::Duration;

use reqwest::{Method, RequestBuilder, Response};

pub use details::{Address, Organization, Profile, User};
pub use error::HttpError;
pub use snapshot::Snapshot;
pub use tail::{Tail, TailBy};

/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(10);
/// How long an answer that is not a stream may take.
const ANSWER: Duration = Duration::from_secs(30);

/// The service, with a service's own token.
#[derive(Debug, Clone)]
pub struct Gatehouse {
    base: String,
    token: String,
    http: reqwest::Client,
}

impl Gatehouse {
    /// The service at this address, such as `https://gateway.example`, asked with the token that its operator gave to this service.
    ///
    /// # Errors
    /// [`HttpError::Setup`]: this machine has no certificates to verify with, say.
    pub fn new(base_url: &str, token: &str) -> Result<Self, HttpError> {
        let http = reqwest::Client::builder().connect_timeout(CONNECT).user_agent(concat!("gatehouse-client/", env!("CARGO_PKG_VERSION")));
        Ok(Self::with_client(base_url, token, http.build().map_err(HttpError::Setup)?))
    }

    /// The same with a client that was configured elsewhere (proxies, own certificate authorities).
    #[must_use]
    pub fn with_client(base_url: &str, token: &str, http: reqwest::Client) -> Self {
        Self { base: base_url.trim_end_matches('/').to_owned(), token: token.to_owned(), http }
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base)).bearer_auth(&self.token)
    }

    async fn sent(request: RequestBuilder) -> Result<Response, HttpError> {
        let response = request.send().await.map_err(HttpError::Unreachable)?;
        if response.status().is_success() {
            return Ok(response);
        }
        let status = response.status().as_u16();
        let body = response.bytes().await.unwrap_or_default();
        Err(HttpError::refused(status, &body))
    }
}
