//! What is printed when the story is told: where to look, with which tokens, and what to try.

use std::fmt::{self, Write as _};
use std::fs::OpenOptions;
use std::io::Write as _;
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::cast::Cast;
use super::stage::Stage;
use crate::failure::Failure;
use crate::read_models;
use crate::service::Service;

/// Where to look and what to try.
pub(super) struct Ending {
    address: SocketAddr,
    /// How this program is called from here.
    program: String,
    folder: String,
    mails: String,
    waiting: u64,
    overdue: u64,
    tokens: [(&'static str, String); 6],
    case: Option<String>,
    user: Option<(String, String)>,
}

impl Ending {
    /// Of this service.
    ///
    /// # Errors
    /// The review queue cannot be read.
    pub(super) async fn of(service: &Service, cast: &Cast, stage: &Stage<'_>, address: SocketAddr) -> Result<Self, Failure> {
        let mut view = service.read_now(read_models::REVIEW_QUEUE).await?;
        let now = (service.clock)();
        let wrong = |error: sqlx::Error| Failure::from_error(&error);
        let counts = review_queue::counts(view.rows(), now).await.map_err(wrong)?;
        let first = review_queue::page(view.rows(), &review_queue::Filter::default(), None, 1).await.map_err(wrong)?;
        let tokens = &cast.tokens;
        Ok(Self {
            address,
            program: program(),
            folder: service.folder.root().display().to_string(),
            mails: service.folder.root().join("mail").display().to_string(),
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
            user: stage.user.as_ref().map(|(user_id, password)| (user_id.to_string(), password.clone())),
        })
    }
}

/// This program as it can be typed here.
fn program() -> String {
    let Ok(path) = std::env::current_exe() else { return "gatehouse".to_owned() };
    let here = std::env::current_dir().unwrap_or_default();
    path.strip_prefix(&here).unwrap_or(&path).display().to_string()
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
        let wrong = |error: std::io::Error| Failure::from_error(&error);
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(folder.join("demo.env")).map_err(wrong)?;
        file.write_all(text.as_bytes()).map_err(wrong)
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = format!("http://{}", self.address);
        let token = |of: &str| self.tokens.iter().find(|(name, _)| *name == of).map_or("", |(_, token)| token);
        writeln!(
            f,
            "\nGatehouse is running with two weeks of registrations: {} wait for a reviewer, {} are overdue.\n",
            self.waiting, self.overdue
        )?;
        writeln!(f, "  API and its reference   {at}/docs")?;
        writeln!(f, "  Mails it has sent       {}/new", self.mails)?;
        writeln!(f, "  Data                    {}\n", self.folder)?;
        writeln!(f, "Tokens (Authorization: Bearer …):\n")?;
        for (name, token) in &self.tokens {
            writeln!(f, "  {name:<15} {token}")?;
        }
        if let Some((user_id, password)) = &self.user {
            writeln!(f, "\nAn organization administrator signs in as {user_id} with {password}")?;
        }
        writeln!(f, "\nFour things to try:\n")?;
        writeln!(
            f,
            "  1. What waits for review, the most urgent first:\n     curl -s {at}/v1/review/queue -H 'Authorization: Bearer {}'\n",
            token("reviewer")
        )?;
        let case = self.case.as_deref().unwrap_or("GH-…");
        writeln!(f, "  2. All that ever happened to a case:\n     {} history case {case} --data {}\n", self.program, self.folder)?;
        writeln!(
            f,
            "  3. What other services are told, as it happens:\n     curl -sN {at}/v1/events/stream -H 'Authorization: Bearer {}'\n",
            token("service")
        )?;
        writeln!(
            f,
            "  4. Pull the plug, start again, and find everything where it was:\n     kill -9 {}; gatehouse serve --data {} --listen {}",
            std::process::id(),
            self.folder,
            self.address
        )
    }
}
