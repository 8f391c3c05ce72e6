//! Texts that stand for something.

use std::net::IpAddr;
use std::sync::LazyLock;

use axum::http::{HeaderMap, HeaderValue};
use domain::names::{comparable_name, words as words_of};
use http_api::network::{ForwardedHeader, Proxies, ProxyNetwork, place};
use key_ring::MasterKey;
use mail::BaseUrl;

static MASTER: LazyLock<MasterKey> = LazyLock::new(|| MasterKey::from_bytes([7; 32]));

macro_rules! texts {
    ($text:ident, $($name:ident <= $most:literal),* $(,)?) => {
        $(if let Ok(accepted) = domain::$name::parse($text) {
            let shown = accepted.to_string();
            assert_eq!(domain::$name::parse(&shown).as_ref(), Ok(&accepted), "{} is not accepted as it is shown", stringify!($name));
            assert!((1..=$most).contains(&shown.chars().count()), "{} of {} characters", stringify!($name), shown.chars().count());
            let is_forbidden = |c: char| c.is_control() && (!matches!(c, '\n' | '\t') || $most < 1_000);
            assert!(!shown.contains(is_forbidden), "{} with a control character: {shown:?}", stringify!($name));
        })*
    };
}

/// Every kind of text that a field may be.
pub(crate) fn text(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    texts!(
        text,
        CompanyName <= 200,
        PersonName <= 100,
        Email <= 254,
        Phone <= 16,
        Country <= 2,
        AddressLine <= 120,
        ApplicationCode <= 20,
        ApplicationName <= 120,
        Description <= 2_000,
        Message <= 2_000,
        Reason <= 1_000,
        IdentifierScheme <= 20,
        IdentifierValue <= 40,
        WebAddress <= 500,
        Slug <= 40,
        ServiceName <= 40,
        UserId <= 40,
        CaseNumber <= 40,
        TermsVersion <= 40,
        CredentialLabel <= 60,
        JobTitle <= 100,
    );
    if let Ok(email) = domain::Email::parse(text) {
        assert!(!email.as_str().contains([' ', ',', ';', '<', '>', '"', '\r', '\n']), "an address that a header could misread: {email}");
    }
}

/// Names to compare and to search for.
pub(crate) fn words(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let found = words_of(text);
    assert!(found.iter().all(|word| !word.is_empty() && !word.contains(char::is_whitespace)), "{found:?}");
    assert_eq!(words_of(&found.join(" ")), found, "the words of the words differ");
    let compared = comparable_name(text);
    assert!(!compared.contains(char::is_whitespace), "{compared:?}");
    // Each letter becomes two or three others at most.
    assert!(compared.chars().count() <= 4 * text.chars().count() + 4, "{} became {}", text.len(), compared.len());
}

/// The token of a link.
pub(crate) fn link_token(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    for label in ["invitation", "registration", "self-registration"] {
        if let Some(link) = MASTER.read_link_token(label, text) {
            assert_eq!(MASTER.link_token(label, link), text, "a token is written in one way");
        }
    }
}

/// The place in a list.
pub(crate) fn cursor(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(cursor) = text.parse::<review_queue::Cursor>() {
        let shown = cursor.to_string();
        assert_eq!(shown.parse::<review_queue::Cursor>().as_ref().ok(), Some(&cursor), "a cursor is not read as it is shown: {shown}");
    }
    if let Ok(position) = text.parse::<public_events::Position>() {
        assert_eq!(position.to_string().parse::<public_events::Position>().ok(), Some(position));
    }
}

/// Addresses that an operator configures.
pub(crate) fn address(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(base) = BaseUrl::parse(text) {
        let shown = base.to_string();
        assert!(!shown.contains(|c: char| c.is_whitespace() || c.is_control() || c == '<' || c == '"'), "{shown:?}");
        assert_eq!(BaseUrl::parse(&shown).map(|base| base.to_string()).ok(), Some(shown));
    }
    if let Ok(server) = text.parse::<postgres_schema::Server>() {
        let shown = format!("{server} {server:?}");
        // Somebody may call their server as their password: then it is shown.
        let is_password = text.contains(":Hunter-2@") && ["://", "@", "Hunter-2"].iter().all(|part| text.matches(part).count() == 1);
        assert!(!is_password || !shown.contains("Hunter-2"), "a password is shown: {shown}");
    }
    if let Ok(network) = text.parse::<ProxyNetwork>() {
        assert_eq!(network.to_string().parse::<ProxyNetwork>().ok(), Some(network));
    }
}

/// What a proxy says of the client's address: two lines of headers.
pub(crate) fn forwarded(bytes: &[u8]) {
    let trusted: Vec<ProxyNetwork> = ["10.0.0.0/8", "2001:db8::/32"].iter().map(|network| network.parse().expect("a network")).collect();
    let peer: IpAddr = "10.1.2.3".parse().expect("an address");
    for header in [ForwardedHeader::XForwardedFor, ForwardedHeader::Forwarded] {
        let mut headers = HeaderMap::new();
        for line in bytes.split(|byte| *byte == b'\n').take(3) {
            let Ok(value) = HeaderValue::from_bytes(line) else { continue };
            let name = match header {
                ForwardedHeader::XForwardedFor => "x-forwarded-for",
                ForwardedHeader::Forwarded => "forwarded",
            };
            headers.append(name, value);
        }
        let proxies = Proxies::new(trusted.clone(), header);
        let client = proxies.client(peer, &headers);
        let stranger: IpAddr = "203.0.113.9".parse().expect("an address");
        assert_eq!(proxies.client(stranger, &headers), stranger, "whoever is no proxy says nothing of others");
        assert_eq!(place(place(client)), place(client));
    }
}
