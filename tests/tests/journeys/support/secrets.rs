//! Every secret that a journey sent or was answered, collected as it goes, so that one can be looked for afterwards where none belongs.

use std::collections::BTreeMap;

use serde_json::Value;

/// What kind of secret: it says where one may be found nevertheless.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// A password, for good or for once, or the seed of an authenticator: nowhere.
    Credential,
    /// Six digits: too short to be looked for among numbers.
    Code,
    /// Of a session, or of an API: nowhere.
    Token,
    /// The token of a link: in mails.
    LinkToken,
}

/// The fields of bodies that hold credentials, wherever they stand.
const CREDENTIALS: [&str; 6] = ["secret", "password", "current_password", "one_time_password", "codes", "recovery_code"];

/// Secrets with their kinds.
#[derive(Debug, Default)]
pub(crate) struct Secrets(BTreeMap<String, Kind>);

impl Secrets {
    /// A secret that no request or answer shows.
    pub(crate) fn add(&mut self, text: &str, kind: Kind) {
        self.0.entry(text.to_owned()).or_insert(kind);
    }

    /// All of them.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&str, Kind)> {
        self.0.iter().map(|(text, kind)| (text.as_str(), *kind))
    }

    /// Those of a request.
    pub(super) fn met_in_request(&mut self, path: &str, token: Option<&str>, body: Option<&Value>) {
        token.into_iter().for_each(|token| self.token(token));
        let Some(body) = body else { return };
        self.met_in_answer(body);
        let proves = path == "/v1/sign-in/second-factor" || path.ends_with("/confirm");
        if let Some(code) = body["code"].as_str().filter(|_| proves) {
            self.add(code, if code.len() == 6 { Kind::Code } else { Kind::Credential });
        }
    }

    /// Those of an answer.
    pub(super) fn met_in_answer(&mut self, body: &Value) {
        match body {
            Value::Array(items) => items.iter().for_each(|item| self.met_in_answer(item)),
            Value::Object(fields) => {
                for (name, value) in fields {
                    if CREDENTIALS.contains(&name.as_str()) {
                        let texts = value.as_array().into_iter().flatten().chain([value]).filter_map(Value::as_str);
                        texts.for_each(|text| self.add(text, Kind::Credential));
                    } else if name == "token"
                        && let Some(token) = value.as_str()
                    {
                        self.token(token);
                    }
                    self.met_in_answer(value);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    /// Those that a command printed.
    pub(super) fn met_at_the_terminal(&mut self, printed: &str) {
        for word in printed.split_whitespace().filter(|word| word.starts_with("gh_")) {
            self.token(word);
        }
        for line in printed.lines().filter(|line| line.starts_with("One-time password")) {
            line.split_whitespace().last().into_iter().for_each(|word| self.add(word, Kind::Credential));
        }
    }

    fn token(&mut self, token: &str) {
        let is_link = !["gh_", "gs_"].iter().any(|prefix| token.starts_with(prefix));
        self.add(token, if is_link { Kind::LinkToken } else { Kind::Token });
    }
}
