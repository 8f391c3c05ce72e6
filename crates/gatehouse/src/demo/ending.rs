//! What is printed when the story is told: where to look, with which tokens, and what to try.

use std::fmt::{self, Write as _};
use std::fs::OpenOptions;
use std::io::Write as _;
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use zeroize::Zeroizing;

use super::cast::Cast;
use super::stage::{Account, Authenticator, Stage};
use crate::config::MailTransport;
use crate::failure::Failure;
use crate::read_models;
use crate::service::Service;

/// How commands that are printed find what the demonstration has filled.
struct Typed {
    /// How this program is called from here.
    program: String,
    /// The flags of every command: the folder, the file of the configuration, and where the stores are that do not lie in the folder.
    flags: String,
    /// The flags of `serve` beside those.
    served: String,
}

impl Typed {
    /// With this service's configuration, which was read from this file, if from any. What came from the environment is still there for
    /// whoever types in the same shell.
    fn with(service: &Service, file: Option<&Path>) -> Self {
        let flag = |name: &str, value: Option<String>| value.map_or_else(String::new, |value| format!(" --{name} {}", word(&value)));
        let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).display().to_string();
        let config = &service.config;
        let everywhere = [
            ("data", Some(service.folder.root().display().to_string())),
            ("config", file.map(absolute)),
            ("log", config.log.clone()),
            ("secrets", config.secrets.clone()),
            ("views", config.views.clone()),
        ];
        let flags = everywhere.into_iter().map(|(name, value)| flag(name, value)).collect();
        Self { program: word(&program()), flags, served: flag("nats", config.nats.url.clone()) }
    }
}

/// As one word of a shell, whatever is in it.
fn word(text: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./:@,+=".contains(letter);
    if !text.is_empty() && text.chars().all(is_plain) { text.to_owned() } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

/// Where to look and what to try.
pub(super) struct Ending {
    address: SocketAddr,
    typed: Typed,
    /// Whether the service goes on.
    stays: bool,
    folder: String,
    mails: String,
    waiting: u64,
    overdue: u64,
    tokens: [(&'static str, String); 6],
    case: Option<String>,
    user: Option<Account>,
    /// The token of a session of theirs.
    session: Option<Zeroizing<String>>,
}

impl Ending {
    /// Of this service, whose configuration was read from this file, if from any, and which goes on (`stays`) or not.
    ///
    /// # Errors
    /// The review queue cannot be read.
    pub(super) async fn of(
        service: &Service,
        (cast, stage): (&Cast, &Stage<'_>),
        address: SocketAddr,
        file: Option<&Path>,
        stays: bool,
    ) -> Result<Self, Failure> {
        let mut view = service.read_now(read_models::REVIEW_QUEUE).await?;
        let now = (service.clock)();
        let wrong = |error: sqlx::Error| Failure::from_error(&error);
        let counts = review_queue::counts(view.rows(), now).await.map_err(wrong)?;
        let first = review_queue::page(view.rows(), &review_queue::Filter::default(), None, 1).await.map_err(wrong)?;
        let tokens = &cast.tokens;
        Ok(Self {
            address,
            typed: Typed::with(service, file),
            stays,
            folder: service.folder.root().display().to_string(),
            mails: mails(service),
            waiting: counts.submitted,
            overdue: counts.overdue,
            tokens: [
                ("partner", tokens.partner.clone()),
                ("reviewer", tokens.reviewer.clone()),
                ("review lead", tokens.review_lead.clone()),
                ("auditor", tokens.auditor.clone()),
                ("administrator", tokens.administrator.clone()),
                ("service", tokens.service.clone()),
            ],
            case: first.cases.first().map(|row| row.case_number.to_string()),
            user: stage.user.clone(),
            session: stage.sign_in().await?,
        })
    }
}

/// Where mails go.
fn mails(service: &Service) -> String {
    let mail = &service.config.mail;
    match mail.transport {
        MailTransport::Maildir => mail.maildir.clone().unwrap_or_else(|| service.folder.mail()).join("new").display().to_string(),
        MailTransport::Smtp => format!("{}:{}", mail.smtp.host, mail.smtp.port),
    }
}

/// This program as it can be typed here.
fn program() -> String {
    let Ok(path) = std::env::current_exe() else { return "gatehouse".to_owned() };
    let here = std::env::current_dir().unwrap_or_default();
    match path.strip_prefix(&here) {
        // With a slash in it, so that the shell does not look for it elsewhere.
        Ok(short) if short.components().nth(1).is_none() => format!("./{}", short.display()),
        Ok(short) => short.display().to_string(),
        Err(_) => path.display().to_string(),
    }
}

impl Ending {
    /// Keeps address and tokens as shell variables in the data folder, for the tour of the README: only its owner can read it.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(super) fn keep(&self, folder: &Path) -> Result<(), Failure> {
        let mut text = format!("GATEHOUSE=http://{}\nGATEHOUSE_PID={}\n", self.address, std::process::id());
        for (name, token) in &self.tokens {
            let _ = writeln!(text, "{}={token}", name.to_uppercase().replace(' ', "_"));
        }
        if let Some(session) = &self.session {
            let _ = writeln!(text, "ORGANIZATION_ADMINISTRATOR={}", session.as_str());
        }
        let wrong = |error: std::io::Error| Failure::from_error(&error);
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(folder.join("demo.env")).map_err(wrong)?;
        file.write_all(text.as_bytes()).map_err(wrong)
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = format!("http://{}", self.address);
        let token = |of: &str| self.tokens.iter().find(|(name, _)| *name == of).map_or("", |(_, token)| token);
        let Typed { program, flags, served } = &self.typed;
        let serve = format!("{program} serve{flags}{served} --listen {}", self.address);
        let is_running = if self.stays { "is running with" } else { "has lived through" };
        writeln!(
            f,
            "\nGatehouse {is_running} two weeks of registrations: {} wait for a reviewer, {} are overdue.\n",
            self.waiting, self.overdue
        )?;
        writeln!(f, "  API and its reference   {at}/docs")?;
        writeln!(f, "  Mails it has sent       {}", self.mails)?;
        writeln!(f, "  Data                    {}\n", self.folder)?;
        writeln!(f, "Tokens (Authorization: Bearer …):\n")?;
        for (name, token) in &self.tokens {
            writeln!(f, "  {name:<15} {token}")?;
        }
        if let Some(Account { user_id, password, authenticator }) = &self.user {
            writeln!(f, "\nAn organization administrator signs in as {user_id} with {password}")?;
            if let Some(Authenticator { text, .. }) = authenticator {
                writeln!(f, "and a code of an authenticator app that is given the secret {text}")?;
            }
        }
        if self.stays {
            writeln!(f, "\nFour things to try:\n")?;
        } else {
            writeln!(f, "\nIt does not run any more. Serve it:\n     {serve}\n\nThen there are three things to try:\n")?;
        }
        writeln!(
            f,
            "  1. What waits for review, the most urgent first:\n     curl -s {at}/v1/review/queue -H 'Authorization: Bearer {}'\n",
            token("reviewer")
        )?;
        let (what, subject) = match &self.case {
            Some(case) => ("a case", format!("case {case}")),
            None => ("an application", "application SFT".to_owned()),
        };
        writeln!(f, "  2. All that ever happened to {what}:\n     {program} history {subject}{flags}\n")?;
        writeln!(
            f,
            "  3. What other services are told, as it happens:\n     curl -sN {at}/v1/events/stream -H 'Authorization: Bearer {}'",
            token("service")
        )?;
        if self.stays {
            let pid = std::process::id();
            writeln!(f, "\n  4. Pull the plug, start again, and find everything where it was:\n     kill -9 {pid}; {serve}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_a_flag_holds_it_is_one_word_of_the_shell() {
        assert_eq!(word("postgres://anna@db:5432/gatehouse"), "postgres://anna@db:5432/gatehouse");
        assert_eq!(
            word("postgres://anna@db/g?sslmode=verify-full&sslrootcert=ca.pem"),
            "'postgres://anna@db/g?sslmode=verify-full&sslrootcert=ca.pem'"
        );
        assert_eq!(word("Anna's folder"), "'Anna'\\''s folder'");
        assert_eq!(word(""), "''");
    }
}
