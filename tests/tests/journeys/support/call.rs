//! Requests and answers, with what holds for all of them.

use std::ops::Index;

use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use serde_json::Value;

use super::world::World;

/// A request.
pub(crate) struct Call<'a> {
    world: &'a World,
    method: Method,
    path: String,
    token: Option<String>,
    body: Option<Value>,
    csv: Option<String>,
    if_match: Option<String>,
    cookie: Option<String>,
    on_own_page: bool,
    key: Option<String>,
}

impl<'a> Call<'a> {
    pub(super) fn new(world: &'a World, method: Method, path: String) -> Self {
        Self { world, method, path, token: None, body: None, csv: None, if_match: None, cookie: None, on_own_page: false, key: None }
    }

    /// Whose request it is.
    pub(crate) fn by(mut self, token: &str) -> Self {
        self.token = Some(token.to_owned());
        self
    }

    /// What is asked.
    pub(crate) fn json(mut self, body: Value) -> Self {
        self.body = Some(body);
        self
    }

    /// A table that is uploaded.
    pub(crate) fn csv(mut self, text: String) -> Self {
        self.csv = Some(text);
        self
    }

    /// The version that was looked at.
    pub(crate) fn if_match(mut self, etag: &str) -> Self {
        self.if_match = Some(etag.to_owned());
        self
    }

    /// Sent by a browser from a page of the service's own.
    pub(crate) fn on_own_page(mut self) -> Self {
        self.on_own_page = true;
        self
    }

    /// What a browser bears, `NAME=VALUE`.
    pub(crate) fn cookie(mut self, cookie: &str) -> Self {
        self.cookie = Some(cookie.to_owned());
        self
    }

    /// The command's key.
    pub(crate) fn key(mut self, key: &str) -> Self {
        self.key = Some(key.to_owned());
        self
    }

    /// Sends it. Where the world kills the service after every command, the service is killed once it answered, started again, and told
    /// the same command under the same key: it must say the same.
    pub(crate) async fn send(mut self) -> Answer {
        let is_command = self.method != Method::GET;
        if is_command && self.key.is_none() {
            self.world.keys.set(self.world.keys.get() + 1);
            self.key = Some(format!("journey-{}", self.world.keys.get()));
        }
        let answer = self.once().await;
        if self.world.kills() && is_command && answer.status < 300 {
            self.world.kill_and_restart();
            // Signing in is no command: each time is another session.
            if self.path != "/v1/sign-in" {
                let again = self.once().await;
                assert_eq!((again.status, &again.body), (answer.status, &answer.body), "{} {} after a kill", self.method, self.path);
            }
        }
        answer
    }

    async fn once(&self) -> Answer {
        let mut request = self.world.http().request(self.method.clone(), self.world.url(&self.path));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = &self.body {
            request = request.json(body);
        }
        if let Some(text) = &self.csv {
            request = request.header("Content-Type", "text/csv").body(text.clone());
        }
        if let Some(version) = &self.if_match {
            request = request.header("If-Match", version);
        }
        if let Some(cookie) = &self.cookie {
            request = request.header("Cookie", cookie);
        }
        if self.on_own_page {
            request = request.header("Sec-Fetch-Site", "same-origin");
        }
        if let Some(key) = &self.key {
            request = request.header("Idempotency-Key", key);
        }
        let seen = self.world.seen.borrow().clone();
        if let Some(seen) = seen.filter(|_| self.method == Method::GET) {
            request = request.header("Gatehouse-Min-Position", seen);
        }
        self.world.secrets.borrow_mut().met_in_request(&self.path, self.token.as_deref(), self.body.as_ref());
        let response = request.send().await.unwrap_or_else(|error| panic!("{} {} was not answered: {error}", self.method, self.path));
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.unwrap();
        let body = if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap_or(Value::String(text)) };
        let answer = Answer { what: format!("{} {}", self.method, self.path), status, headers, body };
        answer.check();
        self.world.secrets.borrow_mut().met_in_answer(&answer.body);
        if self.method != Method::GET
            && let Some(position) = answer.header("gatehouse-position")
        {
            *self.world.seen.borrow_mut() = Some(position);
        }
        answer
    }
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    what: String,
    /// The status code.
    pub(crate) status: u16,
    headers: HeaderMap,
    /// The body.
    pub(crate) body: Value,
}

impl Answer {
    /// What holds for every answer: a problem is told as RFC 9457 has it, and nothing else looks like one.
    fn check(&self) {
        let media = self.header(CONTENT_TYPE.as_str()).unwrap_or_default();
        if self.status < 400 {
            assert_ne!(media, "application/problem+json", "{self}");
            return;
        }
        assert_eq!(media, "application/problem+json", "{self}");
        assert!(self.text("type").starts_with("urn:gatehouse:problem:"), "{self}");
        assert!(!self.text("title").is_empty() && !self.text("detail").is_empty(), "{self}");
        assert_eq!(self.body["status"].as_u64(), Some(u64::from(self.status)), "{self}");
        for error in self.body["errors"].as_array().into_iter().flatten() {
            assert!(error["pointer"].is_string() && error["detail"].is_string(), "{self}");
        }
    }

    /// It was done, or found.
    #[track_caller]
    pub(crate) fn ok(self) -> Self {
        assert!(self.status < 300, "{self}");
        self
    }

    /// It was refused with this status and kind of problem.
    #[track_caller]
    pub(crate) fn refused(self, status: u16, code: &str) -> Self {
        assert_eq!(self.status, status, "{self}");
        assert_eq!(self.text("type"), format!("urn:gatehouse:problem:{code}"), "{self}");
        self
    }

    /// The fields that the problem names, sorted.
    pub(crate) fn pointers(&self) -> Vec<String> {
        let errors = self.body["errors"].as_array().into_iter().flatten();
        let mut pointers: Vec<String> = errors.map(|error| error["pointer"].as_str().unwrap().to_owned()).collect();
        pointers.sort();
        pointers
    }

    /// A text of the body, by name.
    #[track_caller]
    pub(crate) fn text(&self, name: &str) -> String {
        self.body[name].as_str().unwrap_or_else(|| panic!("no text {name} in {self}")).to_owned()
    }

    /// The rows of a page.
    #[track_caller]
    pub(crate) fn items(&self) -> &Vec<Value> {
        self.body["items"].as_array().unwrap_or_else(|| panic!("no items in {self}"))
    }

    /// A header.
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        self.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
    }

    /// What a cookie of this name was set to, as a browser bears it afterwards: `NAME=VALUE`.
    #[track_caller]
    pub(crate) fn set_cookie(&self, name: &str) -> String {
        let cookies = self.headers.get_all("set-cookie").iter().filter_map(|cookie| cookie.to_str().ok()?.split(';').next());
        let start = format!("{name}=");
        cookies.rev().find(|cookie| cookie.starts_with(&start)).unwrap_or_else(|| panic!("no cookie {name} with {self}")).to_owned()
    }

    /// The version of what was looked at.
    #[track_caller]
    pub(crate) fn etag(&self) -> String {
        self.header("etag").unwrap_or_else(|| panic!("no ETag with {self}"))
    }
}

impl Index<&str> for Answer {
    type Output = Value;

    fn index(&self, name: &str) -> &Value {
        &self.body[name]
    }
}

impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} was answered {} {}", self.what, self.status, self.body)
    }
}
