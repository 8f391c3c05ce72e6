//! The two steps of signing in.

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::error::{OpenIdError, Refusal, SettingsError};
use crate::exchange::{Tokens, exchange};
use crate::http::Http;
use crate::keys::Keys;
use crate::metadata::Metadata;
use crate::settings::Settings;
use crate::token::{Authenticated, Expected, Signed, printable};

/// How long what a provider says of itself is believed.
const BELIEVED: SignedDuration = SignedDuration::from_hours(1);
/// How long a provider that could not be reached is left alone: whoever asks meanwhile is told so at once.
const LEFT_ALONE: SignedDuration = SignedDuration::from_secs(2);

/// A client of one provider.
pub struct OpenIdClient {
    settings: Settings,
    http: Http,
    known: Mutex<Known>,
    /// Held by whoever asks the provider about itself: one at a time.
    asking: tokio::sync::Mutex<()>,
}

/// What is known of the provider.
#[derive(Default)]
struct Known {
    provider: Option<(Arc<Provider>, Timestamp)>,
    failure: Option<(OpenIdError, Timestamp)>,
}

#[derive(Clone)]
struct Provider {
    metadata: Metadata,
    keys: Keys,
}

/// What has to be known when the browser comes back: to be kept on this side, for this browser, and used once.
#[derive(Serialize, Deserialize)]
pub struct Errand {
    state: Zeroizing<String>,
    nonce: Zeroizing<String>,
    verifier: Zeroizing<String>,
}

/// Never shows what it holds.
impl fmt::Debug for Errand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Errand")
    }
}

/// A sign-in that was begun.
#[derive(Debug)]
pub struct Begun {
    /// Where to send the browser.
    pub address: String,
    /// What to keep until it comes back.
    pub errand: Errand,
}

/// What the browser came back with, as the query of the redirect URI has it.
#[derive(Default, Clone, Copy)]
pub struct Returned<'a> {
    /// `code`
    pub code: Option<&'a str>,
    /// `state`
    pub state: Option<&'a str>,
    /// `iss` (RFC 9207)
    pub iss: Option<&'a str>,
    /// `error`
    pub error: Option<&'a str>,
}

impl fmt::Debug for OpenIdClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenIdClient").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl OpenIdClient {
    /// A client with these settings. Asks nobody yet.
    ///
    /// # Errors
    /// What of the settings cannot be used.
    pub fn new(settings: Settings) -> Result<Self, SettingsError> {
        settings.validate()?;
        let http = Http::new(settings.authorities.as_deref())?;
        Ok(Self { settings, http, known: Mutex::default(), asking: tokio::sync::Mutex::default() })
    }

    /// The provider, by its address.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.settings.issuer
    }

    /// Where it sends browsers back to: to be registered there.
    #[must_use]
    pub fn redirect_uri(&self) -> &str {
        &self.settings.redirect_uri
    }

    /// Asks the provider about itself and for its keys, whatever is known already.
    ///
    /// # Errors
    /// [`OpenIdError::Unavailable`]
    pub async fn check(&self) -> Result<(), OpenIdError> {
        self.ask().await.map(|_| ())
    }

    /// Begins a sign-in.
    ///
    /// # Errors
    /// [`OpenIdError::Unavailable`] if the provider cannot be asked about itself, or there are no random bytes.
    pub async fn begin(&self, now: Timestamp) -> Result<Begun, OpenIdError> {
        let provider = self.provider(now).await?;
        let errand = Errand { state: random()?, nonce: random()?, verifier: random()? };
        let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, errand.verifier.as_bytes()));
        let mut address = provider.metadata.authorization_endpoint.clone();
        let scope: Vec<&str> = std::iter::once("openid").chain(self.settings.scopes.iter().map(String::as_str)).collect();
        address
            .query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &self.settings.client_id)
            .append_pair("redirect_uri", &self.settings.redirect_uri)
            .append_pair("scope", &scope.join(" "))
            .append_pair("state", &errand.state)
            .append_pair("nonce", &errand.nonce)
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256")
            .append_pair("max_age", &self.settings.max_age.as_secs().to_string());
        if !self.settings.two_factor_acr.is_empty() {
            address.query_pairs_mut().append_pair("acr_values", &self.settings.two_factor_acr.join(" "));
        }
        Ok(Begun { address: address.into(), errand })
    }

    /// Ends a sign-in: says who came back. The errand is over whatever the answer.
    ///
    /// # Errors
    /// [`OpenIdError::Refused`] if that is not proven, [`OpenIdError::Unavailable`] if the provider cannot be asked.
    pub async fn finish(&self, errand: &Errand, returned: Returned<'_>, now: Timestamp) -> Result<Authenticated, OpenIdError> {
        let state = returned.state.unwrap_or_default();
        if !bool::from(state.as_bytes().ct_eq(errand.state.as_bytes())) {
            return Err(Refusal::OtherState.into());
        }
        let provider = self.provider(now).await?;
        let is_this = match returned.iss {
            Some(issuer) => issuer == self.settings.issuer,
            None => !provider.metadata.names_issuer,
        };
        if !is_this {
            return Err(Refusal::OtherIssuer.into());
        }
        if let Some(error) = returned.error {
            return Err(Refusal::Denied(printable(error)).into());
        }
        let code = returned.code.ok_or(Refusal::NoCode)?;
        let tokens = exchange(&self.http, &provider.metadata, &self.settings, code, &errand.verifier).await?;
        let Tokens { id_token, access_token } = &tokens;
        let signed = Signed::of(id_token)?;
        let key = match provider.keys.find(signed.key.as_deref(), signed.algorithm) {
            Some(key) => key,
            // The provider may have new ones.
            None => self.newest(now).await?.keys.find(signed.key.as_deref(), signed.algorithm).ok_or(Refusal::UnknownKey)?,
        };
        let expected = Expected { nonce: &errand.nonce, access_token: access_token.as_ref().map(|token| token.as_str()), now };
        Ok(signed.authenticates(id_token, &key, &expected, &self.settings)?)
    }

    /// What is known of the provider, or it is asked.
    async fn provider(&self, now: Timestamp) -> Result<Arc<Provider>, OpenIdError> {
        if let Some(provider) = self.believed(now)? {
            return Ok(provider);
        }
        let _asking = self.asking.lock().await;
        match self.believed(now)? {
            Some(provider) => Ok(provider),
            None => self.learn(now).await,
        }
    }

    /// Asks the provider anew.
    async fn newest(&self, now: Timestamp) -> Result<Arc<Provider>, OpenIdError> {
        let _asking = self.asking.lock().await;
        self.learn(now).await
    }

    fn believed(&self, now: Timestamp) -> Result<Option<Arc<Provider>>, OpenIdError> {
        let known = self.known.lock();
        let is_recent = |at: Timestamp, within: SignedDuration| now.duration_since(at).abs() < within;
        if let Some((provider, _)) = known.provider.as_ref().filter(|(_, at)| is_recent(*at, BELIEVED)) {
            return Ok(Some(Arc::clone(provider)));
        }
        match &known.failure {
            Some((failure, at)) if is_recent(*at, LEFT_ALONE) => Err(failure.clone()),
            Some(_) | None => Ok(None),
        }
    }

    async fn learn(&self, now: Timestamp) -> Result<Arc<Provider>, OpenIdError> {
        match self.ask().await {
            Ok(provider) => {
                let provider = Arc::new(provider);
                *self.known.lock() = Known { provider: Some((Arc::clone(&provider), now)), failure: None };
                Ok(provider)
            }
            Err(failure) => {
                self.known.lock().failure = Some((failure.clone(), now));
                Err(failure)
            }
        }
    }

    async fn ask(&self) -> Result<Provider, OpenIdError> {
        let metadata = Metadata::discover(&self.http, &self.settings.issuer).await?;
        let keys = Keys::fetch(&self.http, &metadata.jwks_uri).await?;
        Ok(Provider { metadata, keys })
    }
}

/// 256 random bits, as 43 characters that fit into an address.
fn random() -> Result<Zeroizing<String>, OpenIdError> {
    let mut bytes = Zeroizing::new([0; 32]);
    getrandom::fill(bytes.as_mut_slice()).map_err(|error| OpenIdError::Unavailable(format!("there are no random bytes: {error}")))?;
    Ok(Zeroizing::new(URL_SAFE_NO_PAD.encode(bytes.as_slice())))
}
