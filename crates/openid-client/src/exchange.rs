//! A code for an ID token (OpenID Connect Core 1.0, §3.1.3).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::StatusCode;
use hyper::header::HeaderValue;
use serde::Deserialize;
use url::form_urlencoded::{self, Serializer};
use zeroize::Zeroizing;

use crate::error::{OpenIdError, Refusal};
use crate::http::Http;
use crate::metadata::Metadata;
use crate::settings::Settings;
use crate::token::printable;

/// What the provider gives for a code.
#[derive(Deserialize)]
pub(crate) struct Tokens {
    pub(crate) id_token: Zeroizing<String>,
    /// Never used; the ID token may bear its hash.
    pub(crate) access_token: Option<Zeroizing<String>>,
}

#[derive(Deserialize)]
struct Failure {
    error: String,
}

/// Asks for the tokens.
pub(crate) async fn exchange(
    http: &Http,
    metadata: &Metadata,
    settings: &Settings,
    code: &str,
    verifier: &str,
) -> Result<Tokens, OpenIdError> {
    let authorization = match metadata.secret_in_body {
        true => None,
        false => Some(basic(settings).ok_or_else(|| OpenIdError::Unavailable("the client's secret cannot be sent".to_owned()))?),
    };
    let form = form(metadata, settings, code, verifier);
    let answer = http.post(&metadata.token_endpoint, form, authorization).await?;
    match answer.status {
        StatusCode::OK => {
            serde_json::from_slice(&answer.body).map_err(|_| OpenIdError::Unavailable("it gave no ID token for the code".to_owned()))
        }
        StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
            let failure = serde_json::from_slice(&answer.body).map(|Failure { error }| printable(&error)).unwrap_or_default();
            match failure.as_str() {
                // Ours, and not that of whoever signs in.
                "invalid_client" | "unauthorized_client" => {
                    Err(OpenIdError::Unavailable(format!("it does not take this client's secret ({failure})")))
                }
                _ => Err(Refusal::ExchangeRefused(failure).into()),
            }
        }
        status => Err(OpenIdError::Unavailable(format!("it answered {} to a code", status.as_u16()))),
    }
}

fn form(metadata: &Metadata, settings: &Settings, code: &str, verifier: &str) -> String {
    let mut form = Serializer::new(String::new());
    form.append_pair("grant_type", "authorization_code")
        .append_pair("code", code)
        .append_pair("redirect_uri", &settings.redirect_uri)
        .append_pair("code_verifier", verifier);
    if metadata.secret_in_body {
        form.append_pair("client_id", &settings.client_id).append_pair("client_secret", &settings.client_secret);
    }
    form.finish()
}

/// Both parts are encoded before they are joined (RFC 6749, §2.3.1).
fn basic(settings: &Settings) -> Option<HeaderValue> {
    let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let pair = Zeroizing::new(format!("{}:{}", encoded(&settings.client_id), encoded(&settings.client_secret)));
    let mut value = HeaderValue::from_str(&format!("Basic {}", STANDARD.encode(pair.as_bytes()))).ok()?;
    value.set_sensitive(true);
    Some(value)
}
