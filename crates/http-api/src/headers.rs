//! What every answer says of itself to browsers, and how long the head of a request may be.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::problem::Problem;

/// The most that the headers of a request may have, in bytes and in number, and its address in bytes. Cookies of other services of the domain count, too.
const MAX_HEADER_BYTES: usize = 16 * 1024;
const MAX_HEADERS: usize = 64;
const MAX_ADDRESS_BYTES: usize = 8 * 1024;

/// What an answer may do in a browser: nothing, since it is data. A page says for itself what it needs.
const DATA: &str = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox";
/// What the browsable reference needs: its own scripts, styles and pictures, and to ask this service. No inline scripts or styles.
const REFERENCE: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// Devices and abilities of a browser that no page of this service uses; passkeys are for its own pages only.
const ABILITIES: &str = "accelerometer=(), autoplay=(), camera=(), display-capture=(), encrypted-media=(), fullscreen=(), geolocation=(), gyroscope=(), \
                         magnetometer=(), microphone=(), midi=(), payment=(), picture-in-picture=(), publickey-credentials-create=(self), \
                         publickey-credentials-get=(self), screen-wake-lock=(), usb=(), xr-spatial-tracking=()";
/// Two years (RFC 6797), for the hosts below this one as well (ASVS 5.0, 3.4.1).
const TLS_ONLY: &str = "max-age=63072000; includeSubDomains";

/// The headers that an answer gets unless it has them.
#[derive(Debug, Clone)]
pub struct Defaults(Arc<HeaderMap>);

impl Defaults {
    /// For a service that is reached at this base URL: over TLS or not is by configuration, never by a request.
    #[must_use]
    pub fn new(base_url: &str) -> Self {
        let always = [
            (header::CACHE_CONTROL, "no-store"),
            (header::CONTENT_SECURITY_POLICY, DATA),
            (header::REFERRER_POLICY, "no-referrer"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (header::X_FRAME_OPTIONS, "DENY"),
            (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
            (HeaderName::from_static("cross-origin-embedder-policy"), "require-corp"),
            (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
            (HeaderName::from_static("permissions-policy"), ABILITIES),
            (HeaderName::from_static("x-permitted-cross-domain-policies"), "none"),
        ];
        let over_tls = base_url.starts_with("https://").then_some((header::STRICT_TRANSPORT_SECURITY, TLS_ONLY));
        Self(Arc::new(always.into_iter().chain(over_tls).map(|(name, value)| (name, HeaderValue::from_static(value))).collect()))
    }
}

/// Adds the headers that an answer has not: a middleware with [`Defaults`] as its state.
pub async fn add_defaults(State(Defaults(defaults)): State<Defaults>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    for (name, value) in defaults.iter() {
        headers.entry(name).or_insert_with(|| value.clone());
    }
    response
}

/// Says what the pages of the browsable reference may do.
pub(crate) async fn of_reference(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(REFERENCE));
    response
}

/// Refuses a request whose head is too long.
pub(crate) async fn bound_head(request: Request, next: Next) -> Response {
    match check(&request) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

fn check(request: &Request) -> Result<(), Problem> {
    let address = request.uri().path_and_query().map_or(0, |address| address.as_str().len());
    if address > MAX_ADDRESS_BYTES {
        return Err(Problem::new(
            StatusCode::URI_TOO_LONG,
            "address-too-long",
            "the address is longer than the 8 KiB that this service takes",
        ));
    }
    let headers = request.headers();
    let bytes: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if headers.len() > MAX_HEADERS || bytes > MAX_HEADER_BYTES {
        let detail = "the headers are more than this service takes: 64 of them, 16 KiB together";
        return Err(Problem::new(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "headers-too-large", detail));
    }
    Ok(())
}
