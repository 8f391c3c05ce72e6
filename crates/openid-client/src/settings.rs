//! What an operator decides.

use std::fmt;
use std::net::IpAddr;

use jiff::SignedDuration;
use url::{Host, Url};
use zeroize::Zeroizing;

use crate::error::SettingsError;

/// How this client is known to a provider, and what counts.
#[derive(Clone)]
pub struct Settings {
    /// The provider's issuer identifier, letter for letter as its tokens have it: https, or http on this machine itself.
    pub issuer: String,
    /// How the provider calls this client.
    pub client_id: String,
    /// What this client proves itself by.
    pub client_secret: Zeroizing<String>,
    /// Where the provider sends browsers back to, as it is registered there.
    pub redirect_uri: String,
    /// What is asked for besides `openid`.
    pub scopes: Vec<String>,
    /// Classes of authentication (`acr`) that mean two factors; they are asked for.
    pub two_factor_acr: Vec<String>,
    /// Methods of authentication (`amr`, RFC 8176) of which one means two factors, such as `mfa`.
    pub two_factor_amr: Vec<String>,
    /// How long ago they may have authenticated themselves at the provider.
    pub max_age: SignedDuration,
    /// Certificates (PEM) of authorities to trust beside the public ones.
    pub authorities: Option<Vec<u8>>,
}

/// Never shows the secret.
impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings").field("issuer", &self.issuer).field("client_id", &self.client_id).finish_non_exhaustive()
    }
}

impl Settings {
    /// Whether they can be used, as far as can be said without asking the provider.
    ///
    /// # Errors
    /// What cannot.
    pub fn validate(&self) -> Result<(), SettingsError> {
        let protected = |what, text: &str| match address(text) {
            Some(url) if url.query().is_none() && url.fragment().is_none() => Ok(()),
            Some(_) | None => Err(SettingsError::Address { what, found: text.to_owned() }),
        };
        protected("the issuer", &self.issuer)?;
        // The browser is sent there, by the provider: it is as protected as the service itself is.
        let redirect = Url::parse(&self.redirect_uri).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        if redirect.is_none_or(|url| url.fragment().is_some()) {
            return Err(SettingsError::Address { what: "the redirect URI", found: self.redirect_uri.clone() });
        }
        let visible = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_graphic());
        let printable = |text: &str| !text.is_empty() && text.chars().all(|c| (' '..='~').contains(&c));
        let lists = [("scopes", &self.scopes), ("two_factor_acr", &self.two_factor_acr), ("two_factor_amr", &self.two_factor_amr)];
        for (what, list) in lists {
            if !list.iter().all(|text| visible(text)) {
                return Err(SettingsError::Text(what));
            }
        }
        if !printable(&self.client_id) {
            return Err(SettingsError::Text("client_id"));
        }
        if !printable(&self.client_secret) {
            return Err(SettingsError::Text("the client's secret"));
        }
        Ok(())
    }
}

/// An address that this client speaks to: over TLS, or on this machine itself.
pub(crate) fn address(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let plain = url.username().is_empty() && url.password().is_none();
    let protected = match url.scheme() {
        "https" => true,
        "http" => is_this_machine(&url),
        _ => false,
    };
    (plain && protected && url.has_host()).then_some(url)
}

fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(issuer: &str) -> Settings {
        Settings {
            issuer: issuer.to_owned(),
            client_id: "gatehouse".to_owned(),
            client_secret: Zeroizing::new("secret".to_owned()),
            redirect_uri: "https://gateway.example/v1/sign-in/openid/callback".to_owned(),
            scopes: vec![],
            two_factor_acr: vec![],
            two_factor_amr: vec!["mfa".to_owned()],
            max_age: SignedDuration::from_mins(15),
            authorities: None,
        }
    }

    #[test]
    fn a_provider_is_reached_over_tls_or_on_this_machine() {
        for good in [
            "https://id.example",
            "https://id.example:8443/realms/staff",
            "http://127.0.0.1:9000",
            "http://[::1]:9000/x",
            "http://localhost",
        ] {
            assert_eq!(settings(good).validate(), Ok(()), "{good}");
        }
        for bad in [
            "http://id.example",
            "http://localhost.example",
            "http://127.0.0.1.example",
            "https://user@id.example",
            "https://id.example?x",
            "https://id.example#x",
            "ftp://id.example",
            "id.example",
            "",
        ] {
            assert!(matches!(settings(bad).validate(), Err(SettingsError::Address { .. })), "{bad}");
        }
    }

    #[test]
    fn what_a_request_cannot_bear_is_refused() {
        let good = settings("https://id.example");
        let bad = [
            Settings { client_id: String::new(), ..good.clone() },
            Settings { client_secret: Zeroizing::new("two\nlines".to_owned()), ..good.clone() },
            Settings { scopes: vec!["two words".to_owned()], ..good.clone() },
            Settings { two_factor_acr: vec![String::new()], ..good },
        ];
        for settings in bad {
            assert!(matches!(settings.validate(), Err(SettingsError::Text(_))), "{settings:?}");
        }
    }

    #[test]
    fn the_secret_is_not_shown() {
        assert!(!format!("{:?}", settings("https://id.example")).contains("secret"));
    }
}
