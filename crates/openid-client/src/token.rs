//! The ID token (OpenID Connect Core 1.0, §3.1.3.7): each of its steps, and nothing taken from it before its signature holds.

use std::fmt;

use aws_lc_rs::digest::{self, SHA256, SHA384, SHA512};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;
use subtle::ConstantTimeEq;

use crate::error::Refusal;
use crate::settings::Settings;

/// By how much clocks may differ.
const SKEW: SignedDuration = SignedDuration::from_secs(60);
/// What a subject cannot be longer than (§2).
const MAX_SUBJECT: usize = 255;
/// Signatures that count: whoever can check them cannot make them.
const ALGORITHMS: [Algorithm; 9] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];

/// Somebody whom the provider has authenticated.
#[derive(Clone, PartialEq, Eq)]
pub struct Authenticated {
    /// The provider.
    pub issuer: String,
    /// Who it is there: 1 to 255 ASCII characters.
    pub subject: String,
    /// Whether the provider has seen two factors, as the settings have it.
    pub two_factors: bool,
    /// When the provider authenticated them (`auth_time`).
    pub at: Timestamp,
}

/// Never shows the subject.
impl fmt::Debug for Authenticated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authenticated").field("issuer", &self.issuer).field("two_factors", &self.two_factors).finish_non_exhaustive()
    }
}

/// What the token says of its signature.
#[derive(Debug)]
pub(crate) struct Signed {
    pub(crate) algorithm: Algorithm,
    pub(crate) key: Option<String>,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
}

#[derive(Deserialize)]
struct Claims {
    iss: Option<String>,
    sub: Option<String>,
    aud: Option<Audience>,
    azp: Option<String>,
    exp: Option<f64>,
    nbf: Option<f64>,
    iat: Option<f64>,
    auth_time: Option<f64>,
    nonce: Option<String>,
    at_hash: Option<String>,
    acr: Option<String>,
    #[serde(default)]
    amr: Vec<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

impl Signed {
    /// As the header has it, which nothing vouches for yet.
    pub(crate) fn of(token: &str) -> Result<Self, Refusal> {
        let header = token.split('.').next().and_then(|part| URL_SAFE_NO_PAD.decode(part).ok()).ok_or(Refusal::Unreadable)?;
        let Header { alg, kid } = serde_json::from_slice(&header).map_err(|_| Refusal::Unreadable)?;
        match alg.parse() {
            Ok(algorithm) if ALGORITHMS.contains(&algorithm) => Ok(Self { algorithm, key: kid }),
            Ok(_) | Err(_) => Err(Refusal::Algorithm(printable(&alg))),
        }
    }

    /// Whom the token authenticates, if it is signed by this key, and says what it has to.
    pub(crate) fn authenticates(
        &self,
        token: &str,
        key: &DecodingKey,
        expected: &Expected<'_>,
        settings: &Settings,
    ) -> Result<Authenticated, Refusal> {
        let mut signature_only = Validation::new(self.algorithm);
        signature_only.required_spec_claims.clear();
        signature_only.validate_exp = false;
        signature_only.validate_aud = false;
        let decoded = jsonwebtoken::decode::<serde_json::Value>(token, key, &signature_only).map_err(|_| Refusal::Signature)?;
        let claims: Claims = serde_json::from_value(decoded.claims).map_err(|_| Refusal::Unreadable)?;
        let at = self.check(&claims, expected, settings)?;
        let Claims { sub, acr, amr, .. } = claims;
        let subject = sub.filter(|sub| !sub.is_empty() && sub.len() <= MAX_SUBJECT && sub.is_ascii()).ok_or(Refusal::Claim("sub"))?;
        let two_factors = acr.is_some_and(|acr| settings.two_factor_acr.contains(&acr))
            || amr.iter().any(|method| settings.two_factor_amr.contains(method));
        Ok(Authenticated { issuer: settings.issuer.clone(), subject, two_factors, at })
    }

    /// When they were authenticated, if all claims are as they must be.
    fn check(&self, claims: &Claims, expected: &Expected<'_>, settings: &Settings) -> Result<Timestamp, Refusal> {
        let required = |holds: bool, claim: &'static str| if holds { Ok(()) } else { Err(Refusal::Claim(claim)) };
        required(claims.iss.as_ref() == Some(&settings.issuer), "iss")?;
        let client = &settings.client_id;
        let only_us = match &claims.aud {
            Some(Audience::One(audience)) => audience == client,
            // Others that it is meant for are not known here, and so not trusted (§3.1.3.7, step 3).
            Some(Audience::Many(audiences)) => !audiences.is_empty() && audiences.iter().all(|audience| audience == client),
            None => false,
        };
        required(only_us, "aud")?;
        required(claims.azp.as_ref().is_none_or(|party| party == client), "azp")?;
        let now = expected.now;
        let latest = now.saturating_add(SKEW).unwrap_or(Timestamp::MAX);
        let earliest = now.saturating_sub(SKEW).unwrap_or(Timestamp::MIN);
        required(claims.exp.and_then(instant).is_some_and(|ends| earliest < ends), "exp")?;
        required(claims.nbf.is_none_or(|begins| instant(begins).is_some_and(|begins| begins <= latest)), "nbf")?;
        // Made for this errand, which is younger than that.
        let oldest = earliest.saturating_sub(SignedDuration::from_mins(10)).unwrap_or(Timestamp::MIN);
        required(claims.iat.and_then(instant).is_some_and(|made| oldest <= made && made <= latest), "iat")?;
        let oldest = earliest.saturating_sub(settings.max_age).unwrap_or(Timestamp::MIN);
        let authenticated =
            claims.auth_time.and_then(instant).filter(|at| oldest <= *at && *at <= latest).ok_or(Refusal::Claim("auth_time"))?;
        let nonce = claims.nonce.as_deref().unwrap_or_default();
        required(nonce.as_bytes().ct_eq(expected.nonce.as_bytes()).into(), "nonce")?;
        let hash_of_access_token = |hash: &str| expected.access_token.is_some_and(|token| self.left_half(token) == hash);
        required(claims.at_hash.as_deref().is_none_or(hash_of_access_token), "at_hash")?;
        Ok(authenticated)
    }

    /// The left half of the hash that goes with the signature (§3.1.3.6).
    fn left_half(&self, text: &str) -> String {
        let hash = match self.algorithm {
            Algorithm::RS384 | Algorithm::PS384 | Algorithm::ES384 => &SHA384,
            Algorithm::RS512 | Algorithm::PS512 | Algorithm::EdDSA => &SHA512,
            Algorithm::HS256 | Algorithm::HS384 | Algorithm::HS512 | Algorithm::RS256 | Algorithm::PS256 | Algorithm::ES256 | _ => &SHA256,
        };
        let hash = digest::digest(hash, text.as_bytes());
        let half = hash.as_ref().split_at_checked(hash.as_ref().len() / 2).map(|(left, _)| left);
        URL_SAFE_NO_PAD.encode(half.unwrap_or_default())
    }
}

/// What a token is held against.
pub(crate) struct Expected<'a> {
    pub(crate) nonce: &'a str,
    pub(crate) access_token: Option<&'a str>,
    pub(crate) now: Timestamp,
}

/// Seconds since 1970, perhaps with a fraction, which is of no matter here.
fn instant(seconds: f64) -> Option<Timestamp> {
    Timestamp::UNIX_EPOCH.checked_add(SignedDuration::try_from_secs_f64(seconds.floor()).ok()?).ok()
}

/// For the log: short, and on one line.
pub(crate) fn printable(text: &str) -> String {
    text.chars().filter(|character| character.is_ascii_graphic()).take(40).collect()
}
