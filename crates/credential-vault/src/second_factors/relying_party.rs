//! Who asks authenticators for passkeys.

use url::{Host, Url};
use webauthn_rp::request::{AsciiDomain, RpId};

/// Who asks authenticators for passkeys: the service, by its public address.
#[derive(Debug)]
pub struct RelyingParty {
    pub(super) id: RpId,
    pub(super) origin: String,
}

impl RelyingParty {
    /// The service at this base URL, which comes from its configuration. Its domain is what passkeys are bound to: they are lost when it
    /// changes. None if it has no domain but a bare address, or is neither HTTPS nor this machine: browsers know no passkeys there.
    #[must_use]
    pub fn of_base_url(base_url: &str) -> Option<Self> {
        let url = Url::parse(base_url).ok()?;
        let Host::Domain(domain) = url.host()? else { return None };
        let is_this_machine = domain == "localhost" || domain.ends_with(".localhost");
        if url.scheme() != "https" && !(is_this_machine && url.scheme() == "http") {
            return None;
        }
        let id = RpId::Domain(AsciiDomain::try_from(domain.to_owned()).ok()?);
        Some(Self { id, origin: url.origin().ascii_serialization() })
    }

    /// The domain that passkeys are bound to.
    #[must_use]
    pub fn domain(&self) -> &str {
        self.id.as_ref()
    }

    /// The origin that authenticators must answer from.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passkeys_belong_to_a_domain_that_browsers_trust() {
        for (base_url, domain, origin) in [
            ("https://Gatehouse.example/", "gatehouse.example", "https://gatehouse.example"),
            ("https://gatehouse.example:443/a/b", "gatehouse.example", "https://gatehouse.example"),
            ("https://gatehouse.example:8443", "gatehouse.example", "https://gatehouse.example:8443"),
            ("http://localhost:8080/", "localhost", "http://localhost:8080"),
        ] {
            let party = RelyingParty::of_base_url(base_url).unwrap();
            assert_eq!((party.domain(), party.origin()), (domain, origin));
        }
        for base_url in ["http://gatehouse.example", "https://127.0.0.1", "https://[::1]/", "gatehouse.example", "file:///x", ""] {
            assert!(RelyingParty::of_base_url(base_url).is_none(), "{base_url}");
        }
    }
}
