//! The little of an HTTP client that is needed: one connection for each request, no redirections, bounded time and size.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use hyper::header::{self, HeaderValue};
use hyper::rt::{Read, Write};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use url::{Host, Url};

use crate::error::{OpenIdError, SettingsError};

/// How long one request may take, from the name's look-up to the last byte of the answer.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The largest answer that is read.
const MAX_BODY_BYTES: usize = 256 * 1024;

/// Asks over TLS, or plainly on this machine itself: addresses were checked by [`crate::settings::address`].
#[derive(Clone)]
pub(crate) struct Http {
    tls: TlsConnector,
}

/// An answer.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Bytes,
}

impl Http {
    /// Trusts the public authorities, and those of these certificates.
    pub(crate) fn new(authorities: Option<&[u8]>) -> Result<Self, SettingsError> {
        let wrong = |problem: &dyn std::fmt::Display| SettingsError::Authorities(problem.to_string());
        let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
        if let Some(pem) = authorities {
            let before = roots.len();
            for certificate in CertificateDer::pem_slice_iter(pem) {
                roots.add(certificate.map_err(|error| wrong(&error))?).map_err(|error| wrong(&error))?;
            }
            if roots.len() == before {
                return Err(SettingsError::Authorities("there is none".to_owned()));
            }
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = config.map_err(|error| wrong(&error))?.with_root_certificates(roots).with_no_client_auth();
        Ok(Self { tls: TlsConnector::from(Arc::new(config)) })
    }

    /// Gets a document, which is there.
    pub(crate) async fn get(&self, url: &Url) -> Result<Bytes, OpenIdError> {
        let request = Request::get(target(url)).header(header::ACCEPT, "application/json").body(Full::default());
        let answer = self.ask(url, request.map_err(|error| failed(url, &error))?).await?;
        if answer.status != StatusCode::OK {
            return Err(OpenIdError::Unavailable(format!("{} answered {}", place(url), answer.status.as_u16())));
        }
        Ok(answer.body)
    }

    /// Sends a form.
    pub(crate) async fn post(&self, url: &Url, form: String, authorization: Option<HeaderValue>) -> Result<Answer, OpenIdError> {
        let mut request = Request::post(target(url))
            .header(header::ACCEPT, "application/json")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Full::from(form))
            .map_err(|error| failed(url, &error))?;
        if let Some(authorization) = authorization {
            request.headers_mut().insert(header::AUTHORIZATION, authorization);
        }
        self.ask(url, request).await
    }

    async fn ask(&self, url: &Url, mut request: Request<Full<Bytes>>) -> Result<Answer, OpenIdError> {
        let host = HeaderValue::from_str(&authority(url)).map_err(|error| failed(url, &error))?;
        request.headers_mut().insert(header::HOST, host);
        request.headers_mut().insert(header::USER_AGENT, HeaderValue::from_static("gatehouse"));
        match tokio::time::timeout(TIMEOUT, self.connect_and_send(url, request)).await {
            Ok(answer) => answer.map_err(|problem| failed(url, &*problem)),
            Err(_) => Err(OpenIdError::Unavailable(format!("{} did not answer in {} seconds", place(url), TIMEOUT.as_secs()))),
        }
    }

    async fn connect_and_send(&self, url: &Url, request: Request<Full<Bytes>>) -> Result<Answer, Box<dyn std::error::Error + Send + Sync>> {
        let port = url.port_or_known_default().unwrap_or(443);
        let stream = match url.host().ok_or("there is no host")? {
            Host::Domain(name) => TcpStream::connect((name, port)).await?,
            Host::Ipv4(address) => TcpStream::connect(SocketAddr::from((address, port))).await?,
            Host::Ipv6(address) => TcpStream::connect(SocketAddr::from((address, port))).await?,
        };
        stream.set_nodelay(true)?;
        if url.scheme() == "http" {
            return exchange(TokioIo::new(stream), request).await;
        }
        let name = match url.host().ok_or("there is no host")? {
            Host::Domain(name) => ServerName::try_from(name.to_owned())?,
            Host::Ipv4(address) => ServerName::IpAddress(std::net::IpAddr::V4(address).into()),
            Host::Ipv6(address) => ServerName::IpAddress(std::net::IpAddr::V6(address).into()),
        };
        exchange(TokioIo::new(self.tls.connect(name, stream).await?), request).await
    }
}

async fn exchange<T: Read + Write + Unpin + Send + 'static>(
    io: T,
    request: Request<Full<Bytes>>,
) -> Result<Answer, Box<dyn std::error::Error + Send + Sync>> {
    let (mut sender, connection) = http1::handshake(io).await?;
    let asking = async {
        let (head, body) = sender.send_request(request).await?.into_parts();
        let body = Limited::new(body, MAX_BODY_BYTES).collect().await?.to_bytes();
        Ok(Answer { status: head.status, body })
    };
    // The connection is driven here, so that it ends with this request, also when that is given up.
    let mut asking = std::pin::pin!(asking);
    tokio::select! {
        answer = &mut asking => answer,
        ended = connection => {
            ended?;
            asking.await
        }
    }
}

fn target(url: &Url) -> String {
    match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    }
}

fn authority(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// An address without its query.
fn place(url: &Url) -> String {
    format!("{}://{}{}", url.scheme(), authority(url), url.path())
}

fn failed(url: &Url, problem: &dyn std::fmt::Display) -> OpenIdError {
    OpenIdError::Unavailable(format!("{}: {problem}", place(url)))
}
