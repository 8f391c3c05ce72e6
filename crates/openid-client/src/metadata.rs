//! What a provider says of itself (OpenID Connect Discovery 1.0).

use serde::Deserialize;
use url::Url;

use crate::error::OpenIdError;
use crate::http::Http;
use crate::settings::address;

/// What of it is needed.
#[derive(Debug, Clone)]
pub(crate) struct Metadata {
    pub(crate) authorization_endpoint: Url,
    pub(crate) token_endpoint: Url,
    pub(crate) jwks_uri: Url,
    /// Whether the client's secret goes in the body; it goes in the header, unless the provider takes it in the body only.
    pub(crate) secret_in_body: bool,
    /// Whether each answer names the issuer (RFC 9207, §3).
    pub(crate) names_issuer: bool,
}

#[derive(Deserialize)]
struct Document {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    code_challenge_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

impl Metadata {
    /// Asks the provider.
    pub(crate) async fn discover(http: &Http, issuer: &str) -> Result<Self, OpenIdError> {
        let unusable = |why: String| OpenIdError::Unavailable(format!("its metadata cannot be used: {why}"));
        let place = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let url = address(&place).ok_or_else(|| unusable(format!("{place} is no address")))?;
        let body = http.get(&url).await?;
        let document: Document = serde_json::from_slice(&body).map_err(|error| unusable(error.to_string()))?;
        if document.issuer != issuer {
            return Err(unusable(format!("it calls itself {:?}, and the configuration {issuer:?}", document.issuer)));
        }
        if document.code_challenge_methods_supported.is_some_and(|methods| !methods.iter().any(|method| method == "S256")) {
            return Err(unusable("it does not take PKCE's S256".to_owned()));
        }
        let endpoint = |what: &str, text: &str| address(text).ok_or_else(|| unusable(format!("{what} is not protected: {text:?}")));
        let methods = document.token_endpoint_auth_methods_supported.unwrap_or_default();
        let takes = |method: &str| methods.iter().any(|taken| taken == method);
        Ok(Self {
            authorization_endpoint: endpoint("authorization_endpoint", &document.authorization_endpoint)?,
            token_endpoint: endpoint("token_endpoint", &document.token_endpoint)?,
            jwks_uri: endpoint("jwks_uri", &document.jwks_uri)?,
            secret_in_body: takes("client_secret_post") && !takes("client_secret_basic"),
            names_issuer: document.authorization_response_iss_parameter_supported,
        })
    }
}
