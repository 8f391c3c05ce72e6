//! `gatehouse doctor`: looks for what is wrong, and says what would be right.

use std::fmt;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use event_store_sqlite::check_file;
use key_ring::MasterKey;
use postgres_schema::Server;

use crate::admin::client::Client;
use crate::admin::secrets::Left;
use crate::admin::status::Status;
use crate::config::{Config, LogAddress, MailTransport, StoreAddress};
use crate::failure::Failure;
use crate::folder::DataFolder;
use crate::secrets::{self, master_key_options};
use crate::{clock, mailing, moving, output, staff_openid};

/// Less free space than this is a problem now.
const LITTLE_SPACE: u64 = 256 << 20;
/// Less free space than this is one soon.
const ENOUGH_SPACE: u64 = 2 << 30;

/// What was found.
enum Finding {
    /// As it should be.
    Good(String),
    /// Works, and should be looked at.
    Doubtful(String),
    /// Does not work.
    Bad(String),
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Good(text) => write!(f, "ok       {text}"),
            Self::Doubtful(text) => write!(f, "look at  {text}"),
            Self::Bad(text) => write!(f, "WRONG    {text}"),
        }
    }
}

/// Looks for what is wrong.
///
/// # Errors
/// Something is.
pub(super) async fn run(config: Config) -> Result<(), Failure> {
    let mut bad = 0;
    let mut say = |finding: Finding| {
        if matches!(finding, Finding::Bad(_)) {
            bad += 1;
        }
        output::line(finding)
    };
    say(Finding::Good("the configuration can be read".to_owned()))?;
    say(base_url(&config))?;
    for finding in connections(&config) {
        say(finding)?;
    }
    if let Some(finding) = identity_provider(&config).await {
        say(finding)?;
    }
    match DataFolder::open(&config.data) {
        Ok(folder) => {
            say(permissions(&folder))?;
            say(free_space(folder.root()))?;
            say(master_key(&config, &folder))?;
            say(log(&config, &folder).await)?;
            say(mails(&config, &folder).await)?;
            for finding in service(config).await {
                say(finding)?;
            }
        }
        Err(failure) => say(Finding::Bad(failure.to_string()))?,
    }
    match bad {
        0 => Ok(()),
        1 => Err(Failure::failed("one thing is wrong")),
        many => Err(Failure::failed(format!("{many} things are wrong"))),
    }
}

fn base_url(config: &Config) -> Finding {
    match config.base_url.as_deref() {
        None => {
            Finding::Doubtful("base_url is not set: links in mails lead to the address served, which nobody outside may reach".to_owned())
        }
        Some(url) if url.starts_with("https://") => Finding::Good(format!("links in mails lead to {url}")),
        Some(url) => Finding::Doubtful(format!("links in mails lead to {url}, without encryption: right for a trial only")),
    }
}

/// Connections that leave this machine and may be in the clear, or end at somebody else.
fn connections(config: &Config) -> Vec<Finding> {
    let mut servers: Vec<Server> =
        [&config.secrets, &config.views].into_iter().flatten().filter_map(|address| address.parse().ok()).collect();
    if let Ok(LogAddress::Postgres(server)) = config.log_address() {
        servers.push(server);
    }
    let mut open: Vec<String> = servers.iter().filter(|server| !server.is_private()).map(ToString::to_string).collect();
    open.dedup();
    let mut findings: Vec<Finding> = open
        .into_iter()
        .map(|server| {
            Finding::Doubtful(format!(
                "the connection to {server} may be in the clear, or to another server: add `sslmode=verify-full` to its address"
            ))
        })
        .collect();
    let is_open = |server: &str| {
        server.trim().strip_prefix("nats://").is_some_and(|host| !host.starts_with("127.") && !host.starts_with("localhost"))
    };
    if config.nats.url.as_deref().is_some_and(|url| url.split(',').any(is_open)) {
        findings
            .push(Finding::Doubtful("the connection to NATS may be in the clear: begin the addresses of nats.url with tls://".to_owned()));
    }
    findings
}

/// Whether the identity provider of staff answers; none: there is none.
async fn identity_provider(config: &Config) -> Option<Finding> {
    let base_url = config.base_url.clone().unwrap_or_else(|| format!("http://{}", config.listen));
    let provider = match staff_openid::of(config, &base_url) {
        Ok(provider) => provider?,
        Err(failure) => return Some(Finding::Bad(failure.to_string())),
    };
    let issuer = provider.client.issuer();
    Some(match provider.client.check().await {
        Ok(()) => {
            Finding::Good(format!("the identity provider {issuer} answers; it sends browsers back to {}", provider.client.redirect_uri()))
        }
        Err(error) => Finding::Bad(format!("staff cannot sign in by the identity provider {issuer}: {error}")),
    })
}

fn permissions(folder: &DataFolder) -> Finding {
    let root = folder.root();
    match fs::metadata(root) {
        Ok(metadata) if metadata.permissions().mode() & 0o077 == 0 => Finding::Good(format!("{} is for its owner only", root.display())),
        Ok(metadata) => Finding::Doubtful(format!(
            "{} can be opened by others than its owner (mode {:03o}): `chmod 700` it",
            root.display(),
            metadata.permissions().mode() & 0o777
        )),
        Err(error) => Finding::Bad(format!("{} cannot be looked at: {error}", root.display())),
    }
}

fn free_space(root: &Path) -> Finding {
    match rustix::fs::statvfs(root) {
        Ok(disk) => {
            let free = disk.f_bavail.saturating_mul(disk.f_frsize);
            let text = format!("{} MiB are free on the disk of {}", free >> 20, root.display());
            match free {
                _ if free < LITTLE_SPACE => Finding::Bad(format!("{text}: soon nothing can be recorded any more")),
                _ if free < ENOUGH_SPACE => Finding::Doubtful(text),
                _ => Finding::Good(text),
            }
        }
        Err(error) => Finding::Doubtful(format!("the free space of {} cannot be told: {error}", root.display())),
    }
}

fn master_key(config: &Config, folder: &DataFolder) -> Finding {
    match secrets::address(config) {
        Err(failure) => return Finding::Bad(failure.to_string()),
        Ok(StoreAddress::Folder) if !folder.key_ring().exists() => {
            return Finding::Doubtful("the service has never run on this folder: its first start makes a master key".to_owned());
        }
        Ok(StoreAddress::Postgres(_)) => {
            return match secrets::given_master_key(config) {
                Ok(_) => Finding::Good("there is a master key; keep a copy apart from backups".to_owned()),
                Err(failure) => Finding::Bad(failure.to_string()),
            };
        }
        Ok(StoreAddress::Folder) => {}
    }
    match MasterKey::load(&master_key_options(config, folder)) {
        Ok(loaded) if loaded.readable_by_others => {
            Finding::Doubtful(format!("the master key in {} can be read by others than its owner: `chmod 600` it", loaded.source))
        }
        Ok(loaded) => Finding::Good(format!("the master key is in {}; keep a copy apart from backups", loaded.source)),
        Err(error) => Finding::Bad(error.to_string()),
    }
}

async fn log(config: &Config, folder: &DataFolder) -> Finding {
    match config.log_address() {
        Ok(LogAddress::Folder) => log_in_folder(folder).await,
        Ok(LogAddress::Postgres(server)) => log_in_postgres(&server).await,
        Ok(LogAddress::Kurrent(_)) => Finding::Doubtful(
            "the log is in EventStoreDB: whether it is whole is for its own tools to say; what is read of it is checked when it is read"
                .to_owned(),
        ),
        Err(error) => Finding::Bad(format!("{error:#}")),
    }
}

async fn log_in_postgres(server: &Server) -> Finding {
    let log = match moving::open_postgres(server, &clock::system()).await {
        Ok(log) => log,
        Err(failure) => return Finding::Bad(failure.to_string()),
    };
    let checked = log.check().await;
    log.close().await;
    match checked {
        Ok(report) if report.problems.is_empty() => {
            Finding::Good(format!("the log in {server} is whole: {} events in {} streams", report.events, report.streams))
        }
        Ok(report) => Finding::Bad(format!("the log in {server} is damaged, restore a backup: {}", report.problems.join("; "))),
        Err(error) => Finding::Bad(crate::failure::chain(&error)),
    }
}

async fn log_in_folder(folder: &DataFolder) -> Finding {
    let path = folder.log();
    if !path.exists() {
        return Finding::Doubtful("there is no log yet: the first start makes one".to_owned());
    }
    let checked = tokio::task::spawn_blocking(move || check_file(&path)).await;
    match checked {
        Ok(Ok(report)) if report.problems.is_empty() => {
            Finding::Good(format!("the log is whole: {} events in {} streams", report.events, report.streams))
        }
        Ok(Ok(report)) => Finding::Bad(format!("the log is damaged, restore a backup: {}", report.problems.join("; "))),
        Ok(Err(error)) => Finding::Bad(crate::failure::chain(&error)),
        Err(_) => Finding::Bad("the log could not be checked to its end".to_owned()),
    }
}

async fn mails(config: &Config, folder: &DataFolder) -> Finding {
    match config.mail.transport {
        MailTransport::Maildir => {
            let path = config.mail.maildir.clone().unwrap_or_else(|| folder.mail());
            match rustix::fs::access(&path, rustix::fs::Access::WRITE_OK) {
                Ok(()) => Finding::Good(format!("mails go into the folder {}", path.display())),
                Err(error) => Finding::Bad(format!("mails cannot be written to {}: {error}", path.display())),
            }
        }
        MailTransport::Smtp => match mailing::smtp(&config.mail.smtp) {
            Ok(smtp) => match smtp.check().await {
                Ok(()) => Finding::Good(format!("the mail server {} answers", config.mail.smtp.host)),
                Err(problem) => Finding::Bad(format!("the mail server {} cannot be used: {problem}", config.mail.smtp.host)),
            },
            Err(failure) => Finding::Bad(failure.to_string()),
        },
    }
}

/// Asks the service that runs, or opens the folder as the service would.
async fn service(config: Config) -> Vec<Finding> {
    let mut client = match Client::connect(config, Arc::clone(&clock::system())).await {
        Ok(client) => client,
        Err(failure) => return vec![Finding::Bad(format!("the service cannot be opened: {failure}"))],
    };
    let running = client.is_running();
    let status: Result<Status, Failure> = client.get("/status").await;
    let left: Result<Left, Failure> = client.get("/secrets-left").await;
    client.close().await;
    let status = match status {
        Ok(status) => status,
        Err(failure) => return vec![Finding::Bad(format!("the service does not answer: {failure}"))],
    };
    let mut findings =
        vec![Finding::Good(if running { "the service runs" } else { "the service does not run, and can be opened" }.to_owned())];
    if let Some(failure) = &status.log.failure {
        findings.push(Finding::Bad(format!("the log takes no more events: {failure}; start the service again")));
    }
    for follower in status.read_models.iter().chain(&status.consumers) {
        let reason = follower.reason.as_deref().unwrap_or_default();
        findings.push(match follower.state.as_str() {
            "stopped" => Finding::Bad(format!("{} has stopped {reason}", follower.name)),
            "waiting" => Finding::Doubtful(format!("{} waits {reason}", follower.name)),
            _ if follower.lag_events > 10_000 => Finding::Doubtful(format!("{} is {} events behind", follower.name, follower.lag_events)),
            state => Finding::Good(format!("{}: {state}", follower.name)),
        });
    }
    match &status.mails {
        Some(mails) => {
            let owed = mails.iter().find(|(state, _)| state == "owed").map_or(0, |(_, count)| *count);
            findings.push(Finding::Good(format!("{owed} mails wait to be sent")));
        }
        None => findings.push(Finding::Doubtful("the mails cannot be counted yet".to_owned())),
    }
    findings.push(match left {
        Ok(Left { secrets: 0 }) => Finding::Good("every secret in the vault that is older than a day is named by an event".to_owned()),
        Ok(Left { secrets }) => {
            Finding::Good(format!("{secrets} secrets in the vault are named by no event: the service removes them, at its start and daily"))
        }
        Err(failure) => Finding::Bad(format!("the vault cannot be looked through: {failure}")),
    });
    findings
}
