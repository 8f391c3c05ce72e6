//! The keys that a provider signs with (RFC 7517).

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use crate::error::OpenIdError;
use crate::http::Http;

/// The keys of a provider, of those kinds that count.
#[derive(Clone)]
pub(crate) struct Keys(Vec<Jwk>);

#[derive(Deserialize)]
struct Document {
    keys: Vec<Value>,
}

impl Keys {
    /// Asks the provider.
    pub(crate) async fn fetch(http: &Http, url: &Url) -> Result<Self, OpenIdError> {
        let body = http.get(url).await?;
        let document: Document =
            serde_json::from_slice(&body).map_err(|error| OpenIdError::Unavailable(format!("its keys cannot be read: {error}")))?;
        // One of a kind that is not known here is not in the way of the others.
        Ok(Self(document.keys.into_iter().filter_map(|key| serde_json::from_value(key).ok()).filter(signs).collect()))
    }

    /// The key by which such a token is signed: the one that it names, or the only one that fits.
    pub(crate) fn find(&self, id: Option<&str>, algorithm: Algorithm) -> Option<DecodingKey> {
        let mut fitting = self.0.iter().filter(|key| fits(key, algorithm));
        let key = match id {
            Some(id) => fitting.find(|key| key.common.key_id.as_deref() == Some(id))?,
            None => fitting.next().filter(|_| fitting.next().is_none())?,
        };
        DecodingKey::from_jwk(key).ok()
    }
}

fn signs(key: &Jwk) -> bool {
    key.common.public_key_use.as_ref().is_none_or(|used_for| *used_for == PublicKeyUse::Signature)
}

/// Whether the key is of the algorithm's kind, and meant for it.
fn fits(key: &Jwk, algorithm: Algorithm) -> bool {
    let curve = |wanted: EllipticCurve| matches!(&key.algorithm, AlgorithmParameters::EllipticCurve(of) if of.curve == wanted);
    let kind = match algorithm {
        Algorithm::RS256 | Algorithm::RS384 | Algorithm::RS512 | Algorithm::PS256 | Algorithm::PS384 | Algorithm::PS512 => {
            matches!(key.algorithm, AlgorithmParameters::RSA(_))
        }
        Algorithm::ES256 => curve(EllipticCurve::P256),
        Algorithm::ES384 => curve(EllipticCurve::P384),
        Algorithm::EdDSA => matches!(key.algorithm, AlgorithmParameters::OctetKeyPair(_)),
        // Not a signature: whoever can check it can make it.
        Algorithm::HS256 | Algorithm::HS384 | Algorithm::HS512 => false,
        // What the library may learn in times to come.
        _ => false,
    };
    kind && key.common.key_algorithm.is_none_or(|meant| meant == KeyAlgorithm::from(algorithm))
}
