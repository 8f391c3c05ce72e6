//! A real OpenID Connect provider that can be made to misbehave while it runs, and the part of a browser that is with it.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::child::{ChildProcess, last_lines};
use super::http::{Answer, request};
use super::ports::lasting_port;
use super::python;

/// How long the provider may take to start: Python on a busy machine.
const TIME_TO_START: Duration = Duration::from_secs(60);

/// How to start an [`OpenIdProvider`].
#[derive(Debug, Clone)]
pub struct OpenIdProviderBuilder {
    redirect_uri: String,
    signing_algorithm: &'static str,
    tls: bool,
    users: BTreeMap<String, String>,
}

impl OpenIdProviderBuilder {
    /// Signs ID tokens so, instead of RS256: RS384, PS256, ES256 and so on.
    #[must_use]
    pub fn signing_algorithm(mut self, algorithm: &'static str) -> Self {
        self.signing_algorithm = algorithm;
        self
    }

    /// Is reached over TLS, with a certificate for `localhost` that the authority of [`SmtpServer::authority_pem`](super::SmtpServer::authority_pem) signed.
    #[must_use]
    pub fn tls(mut self) -> Self {
        self.tls = true;
        self
    }

    /// Knows this user, whose subject is `sub-NAME`.
    #[must_use]
    pub fn user(mut self, name: &str, password: &str) -> Self {
        self.users.insert(name.to_owned(), password.to_owned());
        self
    }

    /// Starts the provider and waits until it listens.
    ///
    /// # Panics
    /// When it does not start; the message says what it wrote.
    #[must_use]
    pub fn start(self) -> OpenIdProvider {
        let folder = TempDir::new().expect("a temporary folder can be made");
        let (port, plain_port) = (lasting_port(), if self.tls { Some(lasting_port()) } else { None });
        let issuer = if self.tls { format!("https://localhost:{port}") } else { format!("http://127.0.0.1:{port}") };
        let certificate = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/servers/smtp_server.pem");
        let options = json!({
            "port": port,
            "issuer": issuer,
            "certificate": self.tls.then_some(certificate),
            "plain_port": plain_port,
            "client_id": OpenIdProvider::CLIENT_ID,
            "client_secret": OpenIdProvider::CLIENT_SECRET,
            "redirect_uri": self.redirect_uri,
            "signing_algorithm": self.signing_algorithm,
            "users": self.users,
        });
        std::fs::write(folder.path().join("options.json"), options.to_string()).expect("the folder can be written");
        write_behaviour(folder.path(), &json!({}));
        let child = spawn(folder.path());
        OpenIdProvider { child: Some(child), issuer, port: plain_port.unwrap_or(port), folder }
    }
}

/// A running provider with one confidential client. Dropping it ends it.
///
/// Its users show a password, and the code [`OpenIdProvider::CODE`] as well if the client asks for the class
/// [`OpenIdProvider::TWO_FACTORS`]; the ID token says so in `acr`, and in `amr` (`pwd`, or `pwd`, `otp` and `mfa`).
#[derive(Debug)]
pub struct OpenIdProvider {
    child: Option<ChildProcess>,
    issuer: String,
    /// Where the played browser finds it: without TLS.
    port: u16,
    folder: TempDir,
}

impl OpenIdProvider {
    /// How it calls its client.
    pub const CLIENT_ID: &'static str = "gatehouse";
    /// What the client proves itself by.
    pub const CLIENT_SECRET: &'static str = "a-secret-of-the-client-that-is-long-enough";
    /// The class of authentication with two factors.
    pub const TWO_FACTORS: &'static str = "urn:example:acr:two-factors";
    /// The second factor of every user.
    pub const CODE: &'static str = "424242";

    /// A provider that sends browsers back to this address, without users.
    #[must_use]
    pub fn builder(redirect_uri: &str) -> OpenIdProviderBuilder {
        OpenIdProviderBuilder { redirect_uri: redirect_uri.to_owned(), signing_algorithm: "RS256", tls: false, users: BTreeMap::new() }
    }

    /// Its issuer identifier; the same after [`Self::restart`].
    #[must_use]
    pub fn issuer(&self) -> String {
        self.issuer.clone()
    }

    /// From the next answer on, does this wrong: see `Wrong` in the provider's script. An empty object: nothing.
    ///
    /// # Panics
    /// When the provider's folder cannot be written.
    pub fn misbehave(&self, wrong: &Value) {
        write_behaviour(self.folder.path(), wrong);
    }

    /// Plays the browser of a user who was sent to this address of the provider: shows the form, fills it in, and gives the address that the
    /// provider sends the browser to then.
    ///
    /// # Panics
    /// When the provider shows no form, or does not take what is filled in.
    #[must_use]
    pub fn log_in(&self, address: &str, user: &str, password: &str) -> String {
        let target = address.strip_prefix(&self.issuer()).expect("the address is the provider's");
        let page = self.ask("GET", target, "");
        assert_eq!(page.status, 200, "{}", page.body);
        let (_, rest) = page.body.split_once("name=\"token\" value=\"").expect("the form has a token");
        let (token, _) = rest.split_once('"').expect("the form's token has an end");
        // The token has none of the characters that a form would encode.
        let form = format!("token={token}&username={user}&password={password}&code={}", Self::CODE);
        let answer = self.ask("POST", "/login", &form);
        assert_eq!(answer.status, 302, "{}", answer.body);
        answer.header("location").expect("the provider sends the browser on").to_owned()
    }

    /// What it was asked so far, in order, such as `POST /token`; no queries.
    #[must_use]
    pub fn requests(&self) -> Vec<String> {
        let lines = std::fs::read_to_string(self.folder.path().join("requests")).unwrap_or_default();
        lines.lines().map(str::to_owned).collect()
    }

    /// Kills it: from now on connections are refused.
    pub fn stop(&mut self) {
        self.child = None;
    }

    /// Starts it again where it was, with new keys: nothing that it signed before holds.
    ///
    /// # Panics
    /// When it does not start.
    pub fn restart(&mut self) {
        self.stop();
        self.child = Some(spawn(self.folder.path()));
    }

    fn ask(&self, method: &str, target: &str, form: &str) -> Answer {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        request(address, method, target, form).expect("the provider answers")
    }
}

/// Under another name first: the provider never reads half of it.
fn write_behaviour(folder: &Path, wrong: &Value) {
    let unfinished = folder.join("behaviour.unfinished");
    std::fs::write(&unfinished, wrong.to_string()).expect("the folder can be written");
    std::fs::rename(unfinished, folder.join("behaviour.json")).expect("the folder can be written");
}

fn spawn(folder: &Path) -> ChildProcess {
    let mut command = Command::new(python());
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/servers/openid_provider.py");
    command.arg(script).arg("--folder").arg(folder);
    let child = ChildProcess::start(command, &folder.join("stderr.log"));
    let listening = child.wait_for_line(TIME_TO_START, |line| line.strip_prefix("listening on ").map(str::to_owned));
    assert!(listening.is_some(), "the OpenID Connect provider did not start:\n{}", last_lines(&child.stderr(), 20));
    child
}
