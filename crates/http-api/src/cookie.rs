//! How a session gets to the client and comes back: as a token, or in a cookie.
//!
//! Programs send a session's token as `Authorization: Bearer …`. Browsers get it as a cookie that no script can read and no other host
//! can set (`__Host-`, RFC 6265bis), and that is sent with no request that began on another site (`SameSite=Strict`). A cookie comes
//! unasked, so it says who, and not that they meant it: what changes something has to come from a page of this service as well
//! ([`OwnOrigin`]). `SameSite` alone does not say so: to it, all hosts of a registered domain are one site.
//!
//! After a navigation that another site began (such as coming back from a provider of identities), the browser withholds the cookie until a
//! page of this service has been shown: answer with a page that leads on, not with a redirection.

use axum::Json;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use command_handlers::workflows;
use serde::{Deserialize, Serialize};
use url::Url;
use utoipa::ToSchema;

use crate::problem::Problem;
use crate::sign_in::begin::SignedIn;

/// The name of the cookie. Browsers take it only from this host, over TLS, and for all of its paths.
pub const NAME: &str = "__Host-gatehouse";
/// What stands behind the session's text: no `Max-Age`, so that it ends with the browser, and in any case when the session does.
const ATTRIBUTES: &str = "Path=/; Secure; HttpOnly; SameSite=Strict";

/// How a client holds its session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SessionAs {
    /// As a token in the answer, to be sent as `Authorization: Bearer …`.
    #[default]
    Token,
    /// As a cookie, which a browser keeps where no script can read it.
    Cookie,
}

impl<S: Send + Sync> FromRequestParts<S> for SessionAs {
    type Rejection = std::convert::Infallible;

    /// How this request bears its session, and so how it gets a new one.
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(parts.extensions.get().copied().unwrap_or_default())
    }
}

/// The answer to a request that opened a session, or went on with one under a new token: the only way in which a session's text leaves.
pub(crate) struct Opened {
    body: SignedIn,
    cookie: Option<HeaderValue>,
}

impl Opened {
    /// The session, for a client that holds it so.
    ///
    /// # Errors
    /// 500 if the text of a session is none that a header can bear.
    pub(crate) fn new(signed_in: workflows::SignedIn, held: SessionAs) -> Result<Self, Problem> {
        let cookie = match held {
            SessionAs::Token => None,
            SessionAs::Cookie => Some(set(&signed_in.token)?),
        };
        let mut body = SignedIn::from(signed_in);
        body.token = body.token.filter(|_| cookie.is_none());
        Ok(Self { body, cookie })
    }
}

impl IntoResponse for Opened {
    fn into_response(self) -> Response {
        let mut response = Json(self.body).into_response();
        if let Some(cookie) = self.cookie {
            response.headers_mut().insert(header::SET_COOKIE, cookie);
        }
        response
    }
}

/// The `Set-Cookie` that gives a browser this session.
///
/// # Errors
/// 500 if the text is none that a header can bear.
pub(crate) fn set(token: &str) -> Result<HeaderValue, Problem> {
    let mut value = HeaderValue::from_str(&format!("{NAME}={token}; {ATTRIBUTES}")).map_err(|error| Problem::internal(&error))?;
    value.set_sensitive(true);
    Ok(value)
}

/// What takes the session, and all else that this service may have left there, from a browser. Cookies are not named in `Clear-Site-Data`:
/// that would take those of all hosts of the domain.
pub(crate) fn clear() -> [(HeaderName, HeaderValue); 2] {
    const EMPTIED: &str = "__Host-gatehouse=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0";
    let clear_site_data = HeaderName::from_static("clear-site-data");
    [(header::SET_COOKIE, HeaderValue::from_static(EMPTIED)), (clear_site_data, HeaderValue::from_static("\"cache\", \"storage\""))]
}

/// What a request's cookies say of a session.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Borne<'a> {
    /// Nothing.
    Nothing,
    /// This text.
    One(&'a str),
    /// Several texts, or one that cannot be one: a browser keeps one cookie of this name, so somebody else has a hand in it.
    Unclear,
}

impl<'a> Borne<'a> {
    /// What these headers say. Cookies of other names may look as they like.
    pub(crate) fn by(headers: &'a HeaderMap) -> Self {
        Self::named(NAME, headers)
    }

    /// What they say of another cookie of ours.
    pub(crate) fn named(name: &str, headers: &'a HeaderMap) -> Self {
        let pairs = headers.get_all(header::COOKIE).iter().flat_map(|line| line.as_bytes().split(|byte| *byte == b';'));
        let mut ours = pairs.filter_map(|pair| pair.trim_ascii().strip_prefix(name.as_bytes())?.strip_prefix(b"="));
        match (ours.next().map(str::from_utf8), ours.next()) {
            (None, _) => Self::Nothing,
            (Some(Ok(text)), None) => Self::One(text),
            (Some(_), _) => Self::Unclear,
        }
    }
}

/// Where the pages of this service are, as browsers name it: by its configuration, never by a request.
#[derive(Debug, Clone)]
pub(crate) struct OwnOrigin(String);

impl OwnOrigin {
    /// That of a base URL. One that cannot be read is nobody's origin.
    pub(crate) fn of(base_url: &str) -> Self {
        let origin = Url::parse(base_url).ok().map(|url| url.origin()).filter(url::Origin::is_tuple);
        Self(origin.map(|origin| origin.ascii_serialization()).unwrap_or_default())
    }

    /// Requires that a request comes from a page of this service. Browsers say so in `Sec-Fetch-Site`, which no page can forge; those that do
    /// not send it (before 2023, or over plain HTTP) send `Origin` with whatever is not a GET.
    ///
    /// # Errors
    /// 403 if it comes from elsewhere, or does not say from where.
    pub(crate) fn require(&self, headers: &HeaderMap) -> Result<(), Problem> {
        let is_own = match headers.get("sec-fetch-site") {
            Some(site) => site == "same-origin",
            None => headers.get(header::ORIGIN).is_some_and(|origin| !self.0.is_empty() && origin == self.0.as_str()),
        };
        if is_own { Ok(()) } else { Err(foreign()) }
    }
}

fn foreign() -> Problem {
    Problem::new(
        StatusCode::FORBIDDEN,
        "cross-site-request",
        "with a session in a cookie, this is taken from a page of this service only: a browser says so in `Sec-Fetch-Site` or `Origin`; a program sends its session's token \
         as `Authorization: Bearer …` instead",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
        lines.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_bytes(value.as_bytes()).unwrap())).collect()
    }

    fn cookies(lines: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header::COOKIE, HeaderValue::from_bytes(line.as_bytes()).unwrap());
        }
        headers
    }

    #[test]
    fn the_session_is_found_among_whatever_other_cookies_there_are() {
        for lines in [
            &["__Host-gatehouse=gs_1"][..],
            &["theme=dark; __Host-gatehouse=gs_1; lang=de"],
            &["theme=dark", "__Host-gatehouse=gs_1"],
            &[";;=; nonsense;\u{fc}=\u{fc};__Host-gatehouse=gs_1 ;__Host-gatehouse2=x;__host-gatehouse=y;x__Host-gatehouse=z"],
        ] {
            assert_eq!(Borne::by(&cookies(lines)), Borne::One("gs_1"), "{lines:?}");
        }
    }

    #[test]
    fn two_sessions_or_none_that_can_be_read_are_unclear() {
        for lines in [
            &["__Host-gatehouse=gs_1; __Host-gatehouse=gs_2"][..],
            &["__Host-gatehouse=gs_1; __Host-gatehouse=gs_1"],
            &["__Host-gatehouse=gs_1", "__Host-gatehouse=gs_2"],
        ] {
            assert_eq!(Borne::by(&cookies(lines)), Borne::Unclear, "{lines:?}");
        }
        let mut unreadable = HeaderMap::new();
        unreadable.insert(header::COOKIE, HeaderValue::from_bytes(b"__Host-gatehouse=\xff").unwrap());
        assert_eq!(Borne::by(&unreadable), Borne::Unclear);
    }

    #[test]
    fn no_cookie_of_ours_is_nothing() {
        for lines in [&[][..], &[""], &["__Host-gatehouse"], &["__Host-gatehouses=gs_1"], &["a=__Host-gatehouse"]] {
            assert_eq!(Borne::by(&cookies(lines)), Borne::Nothing, "{lines:?}");
        }
    }

    #[test]
    fn what_a_browser_says_of_the_site_counts_before_the_origin() {
        let own = OwnOrigin::of("https://Gateway.example:443/registration");
        let own_page = ("origin", "https://gateway.example");
        let cases: &[(&[(&'static str, &str)], bool)] = &[
            (&[("sec-fetch-site", "same-origin")], true),
            (&[("sec-fetch-site", "same-origin"), own_page], true),
            (&[("sec-fetch-site", "cross-site"), own_page], false),
            (&[("sec-fetch-site", "same-site"), own_page], false),
            (&[("sec-fetch-site", "none"), own_page], false),
            (&[("sec-fetch-site", "nonsense")], false),
            (&[own_page], true),
            (&[("origin", "http://gateway.example")], false),
            (&[("origin", "https://gateway.example:8443")], false),
            (&[("origin", "https://other.gateway.example")], false),
            (&[("origin", "https://gateway.example.evil.example")], false),
            (&[("origin", "null")], false),
            (&[("referer", "https://gateway.example/")], false),
            (&[("host", "gateway.example")], false),
            (&[], false),
        ];
        for (lines, is_own) in cases {
            assert_eq!(own.require(&headers(lines)).is_ok(), *is_own, "{lines:?}");
        }
    }

    #[test]
    fn a_base_url_that_names_no_origin_is_nobodys() {
        let own = OwnOrigin::of("nonsense");
        for origin in ["", "null", "nonsense"] {
            assert!(own.require(&headers(&[("origin", origin)])).is_err(), "{origin:?}");
        }
        // What has no host has an opaque origin, which browsers write as `null`.
        assert!(OwnOrigin::of("data:text/plain,x").require(&headers(&[("origin", "null")])).is_err());
    }

    #[test]
    fn a_cookie_shows_no_session_where_it_is_logged() {
        let cookie = set("gs_secret").unwrap();
        assert_eq!(cookie, "__Host-gatehouse=gs_secret; Path=/; Secure; HttpOnly; SameSite=Strict");
        assert!(!format!("{cookie:?}").contains("gs_secret"));
    }

    #[test]
    fn the_cookie_that_clears_is_the_cookie_that_was_set() {
        let [(_, cleared), _] = clear();
        assert_eq!(cleared.to_str().unwrap(), format!("{NAME}=; {ATTRIBUTES}; Max-Age=0"));
    }
}
