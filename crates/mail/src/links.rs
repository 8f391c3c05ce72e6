//! Where links lead, as addresses.

use std::fmt;
use std::sync::Arc;

use notification_dispatch::Link;
use uuid::Uuid;

/// Renders the token of a link: an HMAC over label, id and generation, which is stored nowhere (architecture, rule 11).
/// The key ring's master key is the one that does.
pub trait LinkSigner: Send + Sync + 'static {
    /// The token of the link of this kind (`invitation`, `registration`, `self-registration`) to this thing, in this
    /// generation. Safe in a path as it is.
    fn token(&self, kind: &str, id: Uuid, generation: u32) -> String;
}

/// The address that all links begin with. From the configuration only: a host taken from a request would let anybody send
/// our mails with links of their own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUrl(String);

/// Why an address cannot be the base of links.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the base address of links must look like https://gateway.example.com, without query or fragment: {0}")]
pub struct InvalidBaseUrl(pub String);

impl BaseUrl {
    /// Accepts `https://host[:port][/path]`, and `http` for a trial on one machine or the operator's own network.
    ///
    /// # Errors
    /// [`InvalidBaseUrl`] with what was given.
    pub fn parse(text: &str) -> Result<Self, InvalidBaseUrl> {
        let invalid = || InvalidBaseUrl(text.to_owned());
        let text = text.trim().trim_end_matches('/');
        let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")).ok_or_else(invalid)?;
        let allowed = |c: char| c.is_ascii_alphanumeric() || "-._~:/[]".contains(c);
        if rest.is_empty() || rest.starts_with('/') || !rest.chars().all(allowed) {
            return Err(invalid());
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Makes addresses of links.
#[derive(Clone)]
pub struct Links {
    base: BaseUrl,
    signer: Arc<dyn LinkSigner>,
}

impl Links {
    /// Links below this address, with tokens of this signer.
    #[must_use]
    pub fn new(base: BaseUrl, signer: Arc<dyn LinkSigner>) -> Self {
        Self { base, signer }
    }

    /// The address of a link; none if it leads nowhere.
    #[must_use]
    pub fn address(&self, link: &Link) -> Option<String> {
        let path = match link {
            Link::Invitation { invitation, generation } => {
                format!("register/{}", self.signer.token("invitation", invitation.0, *generation))
            }
            Link::Offer { invitation } => format!("offers/{invitation}"),
            Link::Registration { registration } => format!("registration/{}", self.signer.token("registration", registration.0, 0)),
            Link::CaseStatus { case_number } => format!("status/{}", in_path(case_number)),
            Link::SelfRegistration { person } => format!("join/{}", self.signer.token("self-registration", person.0, 0)),
            Link::FirstTimeLogin => "first-login".to_owned(),
            Link::Credentialing => "account/credentials".to_owned(),
            Link::Home => "home".to_owned(),
            Link::AccessRequests => "access/requests".to_owned(),
            Link::Review { registration } => format!("review/{registration}"),
            Link::Nowhere => return None,
        };
        Some(format!("{}/{path}", self.base))
    }
}

/// A text as one segment of a path: what is not unreserved (RFC 3986, 2.3) is left out, which no case number has.
fn in_path(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_alphanumeric() || "-._~".contains(*c)).collect()
}

#[cfg(test)]
mod tests {
    use domain::InvitationId;

    use super::*;

    struct Plain;

    impl LinkSigner for Plain {
        fn token(&self, kind: &str, id: Uuid, generation: u32) -> String {
            format!("{kind}.{id}.{generation}")
        }
    }

    #[test]
    fn the_base_address_is_one_and_nothing_else() {
        for good in ["https://gateway.example.com", "http://127.0.0.1:8080/", "https://example.com/gateway", "http://[::1]:8080"] {
            assert!(BaseUrl::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "gateway.example.com",
            "ftp://example.com",
            "https://",
            "https:///x",
            "https://a b",
            "https://a?b",
            "https://a#b",
            "https://a\nb",
            "https://u@a",
        ] {
            assert!(BaseUrl::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_link_bears_its_token_below_the_base_address() {
        let links = Links::new(BaseUrl::parse("https://gateway.example.com/x/").unwrap(), Arc::new(Plain));
        let invitation = InvitationId(Uuid::from_u128(7));
        let address = links.address(&Link::Invitation { invitation, generation: 3 });
        assert_eq!(address.unwrap(), format!("https://gateway.example.com/x/register/invitation.{invitation}.3"));
        let status = links.address(&Link::CaseStatus { case_number: "GH-7K3M/../\r\n?x".to_owned() });
        assert_eq!(status.unwrap(), "https://gateway.example.com/x/status/GH-7K3M..x");
        assert_eq!(links.address(&Link::Nowhere), None);
    }
}
