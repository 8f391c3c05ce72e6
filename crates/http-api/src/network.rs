//! From where a request comes: the address that counts, where proxies stand between.
//!
//! What a header says of an address, anybody can say. So it counts only from a proxy that the operator trusts, and only as far as trusted
//! proxies vouch for it: of the addresses that they were reached from, the last one that is not a trusted proxy's.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use axum::extract::ConnectInfo;
use axum::http::{Extensions, HeaderMap, HeaderName, header};
use ipnet::IpNet;
use serde::{Deserialize, Serialize};

/// Where trusted proxies are: a network (`10.0.0.0/8`, `fd00::/8`) or an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ProxyNetwork(IpNet);

/// What is no network.
#[derive(Debug, thiserror::Error)]
#[error("{0:?} is neither a network such as 10.0.0.0/8 nor an address")]
pub struct NoNetwork(String);

impl FromStr for ProxyNetwork {
    type Err = NoNetwork;

    fn from_str(text: &str) -> Result<Self, NoNetwork> {
        let network = text.parse::<IpNet>().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from));
        network.map(Self).ok_or_else(|| NoNetwork(text.to_owned()))
    }
}

impl TryFrom<String> for ProxyNetwork {
    type Error = NoNetwork;

    fn try_from(text: String) -> Result<Self, NoNetwork> {
        text.parse()
    }
}

impl From<ProxyNetwork> for String {
    fn from(network: ProxyNetwork) -> Self {
        network.to_string()
    }
}

impl fmt::Display for ProxyNetwork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// In which header proxies say from where they were reached. Each proxy must set it or append to it; the other header counts for nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ForwardedHeader {
    /// `X-Forwarded-For`: addresses, separated by commas.
    #[default]
    XForwardedFor,
    /// `Forwarded` (RFC 7239): `for=` of each element.
    Forwarded,
}

/// The proxies that are trusted to say from where they were reached. None by default: then the peer counts.
#[derive(Debug, Clone, Default)]
pub struct Proxies {
    trusted: Vec<ProxyNetwork>,
    header: ForwardedHeader,
}

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

impl Proxies {
    /// Those of these networks, which say it in this header.
    #[must_use]
    pub fn new(trusted: Vec<ProxyNetwork>, header: ForwardedHeader) -> Self {
        Self { trusted, header }
    }

    /// Whether this is the address of a trusted proxy.
    #[must_use]
    pub fn trusts(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.trusted.iter().any(|network| network.0.contains(&address))
    }

    /// The address that counts of a request from this peer with these headers.
    #[must_use]
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut client = peer.to_canonical();
        if !self.trusts(client) {
            return client;
        }
        let name = match self.header {
            ForwardedHeader::XForwardedFor => X_FORWARDED_FOR,
            ForwardedHeader::Forwarded => header::FORWARDED,
        };
        for line in headers.get_all(name).iter().rev() {
            // Not to be read: what is before it was vouched for by nobody.
            let Ok(line) = line.to_str() else { return client };
            for element in elements(line).into_iter().rev() {
                let address = match self.header {
                    ForwardedHeader::XForwardedFor => address(element),
                    ForwardedHeader::Forwarded => forwarded_for(element).and_then(address),
                };
                let Some(address) = address else { return client };
                client = address;
                if !self.trusts(client) {
                    return client;
                }
            }
        }
        client
    }

    /// The address that counts of a request, by the peer that the listener noted; none if it noted none.
    pub(crate) fn client_of(&self, extensions: &Extensions, headers: &HeaderMap) -> Option<IpAddr> {
        extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| self.client(peer.ip(), headers))
    }
}

/// The elements of a header, without the empty ones: between commas, but for those in quotes.
fn elements(line: &str) -> Vec<&str> {
    let mut elements = split(line, ',');
    elements.retain(|element| !element.is_empty());
    elements
}

/// What stands between these marks, but for those in quotes.
fn split(text: &str, mark: char) -> Vec<&str> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    let between = |character: char| {
        if is_escaped {
            is_escaped = false;
            return false;
        }
        match character {
            '"' => is_quoted = !is_quoted,
            '\\' if is_quoted => is_escaped = true,
            _ => {}
        }
        character == mark && !is_quoted
    };
    text.split(between).map(str::trim).collect()
}

/// What an element of `Forwarded` says in `for=`.
fn forwarded_for(element: &str) -> Option<&str> {
    let pairs = split(element, ';').into_iter().filter_map(|pair| pair.split_once('='));
    let mut nodes = pairs.filter(|(name, _)| name.eq_ignore_ascii_case("for")).map(|(_, node)| node);
    let node = nodes.next().filter(|_| nodes.next().is_none())?;
    Some(node.strip_prefix('"').and_then(|node| node.strip_suffix('"')).unwrap_or(node))
}

/// An address, perhaps in brackets, perhaps with a port.
fn address(text: &str) -> Option<IpAddr> {
    let bracketed = |text: &str| text.strip_prefix('[')?.strip_suffix(']')?.parse::<Ipv6Addr>().ok().map(IpAddr::from);
    let with_port = || text.parse::<SocketAddr>().ok().map(|address| address.ip());
    let address = text.parse::<IpAddr>().ok().or_else(|| bracketed(text)).or_else(with_port)?;
    Some(address.to_canonical())
}

/// What counts as one place: an IPv4 address, or the /64 of an IPv6 address, which whoever has one has all of.
#[must_use]
pub fn place(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX)).into(),
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn behind(networks: &[&str], header: ForwardedHeader) -> Proxies {
        Proxies::new(networks.iter().map(|network| network.parse().unwrap()).collect(), header)
    }

    fn client(proxies: &Proxies, peer: &str, name: &'static str, lines: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(name, HeaderValue::from_bytes(line.as_bytes()).unwrap());
        }
        proxies.client(ip(peer), &headers).to_string()
    }

    #[test]
    fn without_trusted_proxies_the_peer_counts_whatever_it_says() {
        let nobody = Proxies::default();
        assert_eq!(client(&nobody, "203.0.113.5", "x-forwarded-for", &["198.51.100.1"]), "203.0.113.5");
        assert_eq!(client(&nobody, "127.0.0.1", "x-forwarded-for", &["198.51.100.1"]), "127.0.0.1");
        let other = behind(&["10.0.0.0/8"], ForwardedHeader::XForwardedFor);
        assert_eq!(client(&other, "203.0.113.5", "x-forwarded-for", &["198.51.100.1"]), "203.0.113.5");
    }

    #[test]
    fn behind_trusted_proxies_the_last_address_that_is_not_theirs_counts() {
        let proxies = behind(&["10.0.0.0/8", "2001:db8:1::/48", "192.0.2.7"], ForwardedHeader::XForwardedFor);
        let cases: &[(&[&str], &str)] = &[
            (&["198.51.100.1"], "198.51.100.1"),
            // What stands before it is the client's own word.
            (&["8.8.8.8, 198.51.100.1"], "198.51.100.1"),
            (&["8.8.8.8", "198.51.100.1"], "198.51.100.1"),
            (&["8.8.8.8, 198.51.100.1, 10.9.9.9"], "198.51.100.1"),
            (&["8.8.8.8, 198.51.100.1", "10.9.9.9, 192.0.2.7"], "198.51.100.1"),
            (&["198.51.100.1,2001:db8:1::9"], "198.51.100.1"),
            (&["198.51.100.1:4711"], "198.51.100.1"),
            (&["[2001:db8:9::1]:4711"], "2001:db8:9::1"),
            (&["[2001:db8:9::1]"], "2001:db8:9::1"),
            (&["::ffff:198.51.100.1"], "198.51.100.1"),
            // Only proxies on the way: the first of them.
            (&["10.1.1.1, 10.2.2.2"], "10.1.1.1"),
            // Beyond what cannot be read, nobody vouches.
            (&["198.51.100.1, unknown, 10.2.2.2"], "10.2.2.2"),
            (&["198.51.100.1, \u{fc}"], "10.0.0.1"),
            (&["nonsense"], "10.0.0.1"),
            (&["198.51.100.1,, 10.2.2.2,"], "198.51.100.1"),
            (&[], "10.0.0.1"),
            (&[""], "10.0.0.1"),
        ];
        for (lines, expected) in cases {
            assert_eq!(client(&proxies, "10.0.0.1", "x-forwarded-for", lines), *expected, "{lines:?}");
        }
        assert_eq!(client(&proxies, "::ffff:10.0.0.1", "x-forwarded-for", &["198.51.100.1"]), "198.51.100.1");
        assert_eq!(client(&proxies, "10.0.0.1", "forwarded", &["for=198.51.100.1"]), "10.0.0.1", "the other header counts for nothing");
    }

    #[test]
    fn the_forwarded_header_is_read_as_its_standard_has_it() {
        let proxies = behind(&["10.0.0.0/8"], ForwardedHeader::Forwarded);
        let cases: &[(&[&str], &str)] = &[
            (&["for=198.51.100.1;proto=https;by=10.0.0.1"], "198.51.100.1"),
            (&["For=\"198.51.100.1:4711\""], "198.51.100.1"),
            (&["for=8.8.8.8, for=\"[2001:db8:cafe::17]:4711\", for=10.2.2.2"], "2001:db8:cafe::17"),
            (&["for=8.8.8.8", "proto=https;for=198.51.100.1"], "198.51.100.1"),
            // A comma or a semicolon in quotes parts nothing, nor does an escaped quote end them.
            (&["for=8.8.8.8, for=198.51.100.1;host=\"a,for=9.9.9.9;\\\",for=7.7.7.7\""], "198.51.100.1"),
            (&["for=198.51.100.1, for=_hidden"], "10.0.0.1"),
            (&["for=unknown"], "10.0.0.1"),
            (&["for=198.51.100.1;for=198.51.100.2"], "10.0.0.1"),
            (&["by=198.51.100.1"], "10.0.0.1"),
            (&["for=\"198.51.100.1"], "10.0.0.1"),
        ];
        for (lines, expected) in cases {
            assert_eq!(client(&proxies, "10.0.0.1", "forwarded", lines), *expected, "{lines:?}");
        }
    }

    #[test]
    fn an_ipv6_network_is_one_place_and_an_ipv4_address_is_one() {
        assert_eq!(place(ip("2001:db8:1:2:3:4:5:6")), ip("2001:db8:1:2::"));
        assert_eq!(place(ip("2001:db8:1:2::1")), place(ip("2001:db8:1:2:ffff::")));
        assert_ne!(place(ip("2001:db8:1:2::1")), place(ip("2001:db8:1:3::1")));
        assert_eq!(place(ip("198.51.100.1")), ip("198.51.100.1"));
        assert_eq!(place(ip("::ffff:198.51.100.1")), ip("198.51.100.1"));
    }

    #[test]
    fn what_is_no_network_is_refused_by_name() {
        for text in ["", "10.0.0.0/33", "example.org", "10.0.0.0/", "*"] {
            let error = text.parse::<ProxyNetwork>().unwrap_err();
            assert!(error.to_string().contains(&format!("{text:?}")), "{error}");
        }
        assert_eq!("10.0.0.1".parse::<ProxyNetwork>().unwrap().to_string(), "10.0.0.1/32");
    }
}
