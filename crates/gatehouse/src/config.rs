//! What an operator can decide: from a file, the environment and flags, in this order, later ones winning.
//!
//! Every key of the file has an environment variable: `GATEHOUSE_` and the key in capitals, tables joined by two
//! underscores (`[mail] transport` is `GATEHOUSE_MAIL__TRANSPORT`). A key that is not known is refused.

mod mail;
mod nats;
mod network;
mod staff_openid;
mod stores;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use domain::Policy;
use http_api::limits::Rates;
use http_api::wrong::without_values;
use serde::{Deserialize, Serialize};

pub(crate) use mail::{MailConfig, MailTransport, SmtpConfig, SmtpSecurity};
pub(crate) use nats::NatsConfig;
pub(crate) use network::NetworkConfig;
pub(crate) use staff_openid::StaffOpenIdConfig;
pub(crate) use stores::{LogAddress, Role, StoreAddress};

/// All that an operator can decide.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Config {
    /// The data folder: log, key ring, vault, read models, mails.
    pub(crate) data: PathBuf,
    /// Where HTTP is served; port 0 takes a free one and prints it.
    pub(crate) listen: SocketAddr,
    /// How the outside reaches the service: all links in mails begin with it. Never taken from a request. None: `http://` and
    /// the address served.
    pub(crate) base_url: Option<String>,
    /// The master key, if not in the data folder: a file with its text.
    pub(crate) master_key_file: Option<PathBuf>,
    /// Where the event log is: `postgres://…` or `esdb://…`. None: in the data folder.
    pub(crate) log: Option<String>,
    /// User and password for a log in EventStoreDB: a file with `user:password`.
    pub(crate) log_password_file: Option<PathBuf>,
    /// Where the key ring and the vault are: `postgres://…`. None: in the data folder.
    pub(crate) secrets: Option<String>,
    /// Where the read models are, and what else follows the log: `postgres://…`. None: in the data folder.
    pub(crate) views: Option<String>,
    /// What this instance does. Empty: everything.
    pub(crate) roles: Vec<Role>,
    /// What people call this instance. None: the name of the machine and the process id.
    pub(crate) instance: Option<String>,
    /// What is logged, as tracing-subscriber's filters have it. None: `info` for `serve`, `warn` otherwise.
    pub(crate) log_filter: Option<String>,
    /// How it is logged. None: JSON for `serve`, text otherwise.
    pub(crate) log_format: Option<LogFormat>,
    /// Where requests come from, and how much one client may take.
    pub(crate) network: NetworkConfig,
    /// How often something may be done from one network, to one account, to one address; per instance. `"20/15m"` is 20 at once, and one more
    /// every 45 seconds after that; `"off"` is no limit.
    pub(crate) limits: Rates,
    /// How mails leave.
    pub(crate) mail: MailConfig,
    /// Where events are published for other services.
    pub(crate) nats: NatsConfig,
    /// The identity provider by which staff can sign in.
    pub(crate) staff_openid: StaffOpenIdConfig,
    /// What published events name as their source. None: the base URL.
    pub(crate) event_source: Option<String>,
    /// Passwords that nobody may choose, one on each line, beside the 30,000 commonest. None: only those.
    pub(crate) password_blocklist_file: Option<PathBuf>,
    /// The rules that decisions look at.
    pub(crate) policy: Policy,
    /// Effort of the human check: leading zero bits that a browser has to find.
    pub(crate) human_check_bits: u32,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub(crate) enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For a person at a terminal.
    Text,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data: PathBuf::from("gatehouse-data"),
            listen: SocketAddr::from(([127, 0, 0, 1], 8080)),
            base_url: None,
            master_key_file: None,
            password_blocklist_file: None,
            log: None,
            log_password_file: None,
            secrets: None,
            views: None,
            roles: Vec::new(),
            instance: None,
            log_filter: None,
            log_format: None,
            network: NetworkConfig::default(),
            limits: Rates::default(),
            mail: MailConfig::default(),
            nats: NatsConfig::default(),
            staff_openid: StaffOpenIdConfig::default(),
            event_source: None,
            policy: Policy::default(),
            human_check_bits: 16,
        }
    }
}

impl Config {
    /// From the file (if one is named, it must be there), then these environment variables.
    pub(crate) fn load(file: Option<&Path>, environment: impl Iterator<Item = (String, String)>) -> anyhow::Result<Self> {
        let mut tree = match file {
            Some(file) => {
                let text =
                    std::fs::read_to_string(file).with_context(|| format!("the configuration file {} cannot be read", file.display()))?;
                text.parse::<toml::Table>().with_context(|| format!("{} is not valid TOML", file.display()))?
            }
            None => toml::Table::new(),
        };
        // Sorted, so that what is said twice is decided the same way each time.
        let variables: BTreeMap<String, String> =
            environment.filter_map(|(name, value)| Some((name.strip_prefix("GATEHOUSE_")?.to_lowercase(), value))).collect();
        for (name, value) in variables {
            if OWN_VARIABLES.contains(&name.as_str()) {
                continue;
            }
            set(&mut tree, &name, &value).with_context(|| format!("GATEHOUSE_{} cannot be used", name.to_uppercase()))?;
        }
        // A secret may have been set under the wrong name: what is wrong is told, not what was found.
        let config: Self = tree
            .try_into()
            .map_err(|error: toml::de::Error| anyhow!(without_values(&error.to_string())))
            .context("the configuration is not valid")?;
        config.validate()?;
        Ok(config)
    }

    fn validate(&self) -> anyhow::Result<()> {
        if let Some(base_url) = &self.base_url {
            check_base_url(base_url)?;
        }
        if self.master_key_file.as_ref().is_some_and(|file| file.to_string_lossy().starts_with("gatehouse-master-key-")) {
            bail!("master_key_file names a file: the key itself goes into GATEHOUSE_MASTER_KEY, or better into that file");
        }
        self.policy.calendar.validate().context("policy.calendar cannot be used")?;
        self.network.validate()?;
        self.nats.validate()?;
        self.staff_openid.validate()?;
        self.validate_stores()?;
        if self.human_check_bits > 24 {
            bail!("human_check_bits must be at most 24: more takes a browser minutes (found {})", self.human_check_bits);
        }
        Ok(())
    }

    /// As a file would have it, with the keys that are not set as comments. Holds no secret: there is no key for one.
    pub(crate) fn to_toml(&self) -> anyhow::Result<String> {
        let text = toml::to_string(self).context("the configuration cannot be shown")?;
        let mut lines: Vec<String> = Vec::new();
        let mut table = String::new();
        let close = |table: &str, lines: &mut Vec<String>| {
            // Before the empty line that ends the table.
            let end = lines.iter().rposition(|line| !line.is_empty()).map_or(0, |last| last + 1);
            let keys = UNSET.iter().filter(|(of, key, _)| *of == table && !self.has(table, key));
            lines.splice(end..end, keys.map(|(_, key, meaning)| format!("# {key} = {meaning}")));
        };
        for line in text.lines() {
            if let Some(next) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')).filter(|next| !next.contains(['"', ' '])) {
                close(&table, &mut lines);
                next.clone_into(&mut table);
            }
            lines.push(line.to_owned());
        }
        close(&table, &mut lines);
        lines.push(String::new());
        Ok(lines.join("\n"))
    }

    /// Whether a key that may be unset is set.
    fn has(&self, table: &str, key: &str) -> bool {
        match (table, key) {
            ("", "base_url") => self.base_url.is_some(),
            ("", "master_key_file") => self.master_key_file.is_some(),
            ("", "password_blocklist_file") => self.password_blocklist_file.is_some(),
            ("", "log") => self.log.is_some(),
            ("", "log_password_file") => self.log_password_file.is_some(),
            ("", "secrets") => self.secrets.is_some(),
            ("", "views") => self.views.is_some(),
            ("", "instance") => self.instance.is_some(),
            ("", "log_filter") => self.log_filter.is_some(),
            ("", "log_format") => self.log_format.is_some(),
            ("", "event_source") => self.event_source.is_some(),
            ("nats", "url") => self.nats.url.is_some(),
            ("nats", "user") => self.nats.user.is_some(),
            ("nats", "password_file") => self.nats.password_file.is_some(),
            ("nats", "credentials_file") => self.nats.credentials_file.is_some(),
            ("nats", "authority_file") => self.nats.authority_file.is_some(),
            ("staff_openid", "issuer") => self.staff_openid.issuer.is_some(),
            ("staff_openid", "client_secret_file") => self.staff_openid.client_secret_file.is_some(),
            ("staff_openid", "authority_file") => self.staff_openid.authority_file.is_some(),
            ("mail", "support") => self.mail.support.is_some(),
            ("mail", "maildir") => self.mail.maildir.is_some(),
            ("network", "health_listen") => self.network.health_listen.is_some(),
            ("mail", "templates") => self.mail.templates.is_some(),
            ("mail.smtp", "user") => self.mail.smtp.user.is_some(),
            ("mail.smtp", "password_file") => self.mail.smtp.password_file.is_some(),
            ("mail.smtp", "authority_file") => self.mail.smtp.authority_file.is_some(),
            _ => true,
        }
    }
}

/// Keys that may be unset: their table, their name, an example with what it means that they are unset.
const UNSET: &[(&str, &str, &str)] = &[
    ("", "base_url", "\"https://gateway.example\"  # unset: http:// and the address served"),
    ("", "master_key_file", "\"/etc/gatehouse/master.key\"  # unset: GATEHOUSE_MASTER_KEY, a systemd credential, or the data folder"),
    ("", "log", "\"postgres://gatehouse@db.example/gatehouse\"  # or esdb://…; unset: in the data folder"),
    ("", "log_password_file", "\"/etc/gatehouse/esdb.password\"  # user:password for esdb://"),
    ("", "secrets", "\"postgres://gatehouse@db.example/gatehouse\"  # key ring and vault; unset: in the data folder"),
    ("", "views", "\"postgres://gatehouse@db.example/gatehouse\"  # read models; unset: in the data folder"),
    ("", "instance", "\"gatehouse-1\"  # unset: the machine's name and the process id"),
    ("", "log_filter", "\"info,mail=debug\"  # unset: info for serve, warn otherwise"),
    ("", "log_format", "\"json\"  # or \"text\"; unset: json for serve, text otherwise"),
    ("", "password_blocklist_file", "\"/etc/gatehouse/known-passwords.txt\"  # unset: the 30,000 commonest are refused"),
    ("", "event_source", "\"https://gateway.example\"  # unset: the base URL"),
    ("nats", "url", "\"nats://127.0.0.1:4222\"  # unset: events are to be had over HTTP only"),
    ("nats", "user", "\"gatehouse\"  # unset: no password is sent"),
    ("nats", "password_file", "\"/etc/gatehouse/nats.password\"  # goes with user"),
    ("nats", "credentials_file", "\"/etc/gatehouse/nats.creds\"  # instead of user and password_file"),
    ("nats", "authority_file", "\"/etc/ssl/own.pem\"  # unset: the public authorities only"),
    ("staff_openid", "issuer", "\"https://id.example\"  # unset: staff sign in by User ID and password only"),
    ("staff_openid", "client_secret_file", "\"/etc/gatehouse/openid.secret\"  # goes with issuer"),
    ("staff_openid", "authority_file", "\"/etc/ssl/own.pem\"  # unset: the public authorities only"),
    ("network", "health_listen", "\"127.0.0.1:9090\"  # /livez, /readyz, /metrics; unset: beside the API"),
    ("mail", "support", "\"help@gateway.example\"  # unset: mails name no address for questions"),
    ("mail", "maildir", "\"/var/mail/gatehouse\"  # unset: mail in the data folder"),
    ("mail", "templates", "\"/etc/gatehouse/mail\"  # unset: the built-in ones"),
    ("mail.smtp", "user", "\"gatehouse\"  # unset: no password is sent"),
    ("mail.smtp", "password_file", "\"/etc/gatehouse/smtp.password\"  # goes with user"),
    ("mail.smtp", "authority_file", "\"/etc/ssl/own.pem\"  # unset: the public authorities only"),
];

/// Whether links can begin with this.
pub(crate) fn check_base_url(base_url: &str) -> anyhow::Result<()> {
    let rest = base_url.strip_prefix("https://").or_else(|| base_url.strip_prefix("http://"));
    if rest.is_none_or(|rest| {
        rest.is_empty() || rest.starts_with('/') || rest.contains(|c: char| c.is_whitespace() || c.is_control() || c == '?' || c == '#')
    }) {
        bail!("base_url must be an address such as https://gateway.example (found {base_url:?})");
    }
    Ok(())
}

/// Variables that are not keys of the file: the flag for the file itself, the master key, and what tests use.
const OWN_VARIABLES: &[&str] = &["config", "master_key", "bin"];

fn set(tree: &mut toml::Table, name: &str, value: &str) -> anyhow::Result<()> {
    if name.starts_with("test_") {
        return Ok(());
    }
    let mut path: Vec<&str> = name.split("__").collect();
    let Some(key) = path.pop() else { return Ok(()) };
    let mut table = tree;
    for step in path {
        table = table
            .entry(step)
            .or_insert_with(|| toml::Value::Table(toml::Table::new()))
            .as_table_mut()
            .with_context(|| format!("{step} is no table"))?;
    }
    // A number, a truth value or a list is read as one; everything else is text.
    let parsed = format!("x = {value}").parse::<toml::Table>().ok().and_then(|mut parsed| parsed.remove("x"));
    let value = match parsed {
        Some(parsed) if parsed.is_integer() || parsed.is_bool() || parsed.is_array() => parsed,
        Some(_) | None => toml::Value::String(value.to_owned()),
    };
    table.insert(key.to_owned(), value);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(pairs: &[(&str, &str)]) -> impl Iterator<Item = (String, String)> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect::<Vec<_>>().into_iter()
    }

    #[test]
    fn the_environment_wins_over_the_defaults() {
        let config =
            Config::load(None, environment(&[("GATEHOUSE_MAIL__TRANSPORT", "smtp"), ("GATEHOUSE_POLICY__CLAIM_MINUTES", "5")])).unwrap();
        assert_eq!(config.mail.transport, MailTransport::Smtp);
        assert_eq!(config.policy.claim_minutes, 5);
    }

    #[test]
    fn an_unknown_key_is_refused_by_name() {
        let error = Config::load(None, environment(&[("GATEHOUSE_LISTNE", "127.0.0.1:1")])).unwrap_err();
        assert!(format!("{error:#}").contains("listne"), "{error:#}");
    }

    #[test]
    fn what_is_shown_can_be_read_again() {
        let shown = Config::default().to_toml().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("gatehouse.toml");
        std::fs::write(&file, &shown).unwrap();
        assert_eq!(Config::load(Some(&file), environment(&[])).unwrap().to_toml().unwrap(), shown);
    }

    #[test]
    fn keys_that_are_not_set_are_shown_as_comments_that_hold_once_they_are_uncommented() {
        let shown = Config::default().to_toml().unwrap();
        for (_, key, _) in UNSET {
            assert!(shown.contains(&format!("\n# {key} = ")), "{key} is not in {shown}");
        }
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("gatehouse.toml");
        let uncomment = |line: &str| line.strip_prefix("# ").map_or(line, |line| line.split("  #").next().unwrap()).to_owned();
        let uncommented: Vec<String> = shown.lines().map(uncomment).collect();
        std::fs::write(&file, uncommented.join("\n")).unwrap();
        let all = Config::load(Some(&file), environment(&[])).unwrap();
        assert!(UNSET.iter().all(|(table, key, _)| all.has(table, key)));
    }
}
