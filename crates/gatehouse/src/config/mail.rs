//! How mails leave.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// How mails leave.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct MailConfig {
    /// `maildir` (a folder in the data folder) or `smtp`.
    pub(crate) transport: MailTransport,
    /// The address that mails come from, such as `no-reply@gateway.example`.
    pub(crate) from: String,
    /// Who runs the gateway, as mails call it.
    pub(crate) operator_name: String,
    /// The address that mails name for questions, and that answers go to; none: mails name none.
    pub(crate) support: Option<String>,
    /// The language of mails, such as `en` or `de`.
    pub(crate) locale: String,
    /// The folder, for `maildir`; none: `mail` in the data folder.
    pub(crate) maildir: Option<PathBuf>,
    /// A folder with templates that replace the built-in ones.
    pub(crate) templates: Option<PathBuf>,
    /// The server, for `smtp`.
    pub(crate) smtp: SmtpConfig,
    /// Hours after which a mail that cannot be delivered is given up.
    pub(crate) give_up_after_hours: u32,
}

/// Which transport.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum MailTransport {
    /// A folder.
    Maildir,
    /// A server.
    Smtp,
}

/// A mail server.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct SmtpConfig {
    /// Its host name.
    pub(crate) host: String,
    /// Its port.
    pub(crate) port: u16,
    /// How the connection is protected.
    pub(crate) security: SmtpSecurity,
    /// The user name, if it wants one.
    pub(crate) user: Option<String>,
    /// A file with the password. There is no key for the password itself: it would be shown.
    pub(crate) password_file: Option<PathBuf>,
    /// A file with certificates (PEM) of authorities to trust beside the public ones.
    pub(crate) authority_file: Option<PathBuf>,
}

/// How a connection to a mail server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SmtpSecurity {
    /// TLS from the first byte.
    Tls,
    /// STARTTLS, or nothing is sent.
    Starttls,
    /// None: for a server on the same machine.
    None,
}

impl Default for MailConfig {
    fn default() -> Self {
        Self {
            transport: MailTransport::Maildir,
            from: "no-reply@gateway.example".to_owned(),
            operator_name: "Gatehouse".to_owned(),
            support: None,
            locale: "en".to_owned(),
            maildir: None,
            templates: None,
            smtp: SmtpConfig::default(),
            give_up_after_hours: 72,
        }
    }
}

impl Default for SmtpConfig {
    fn default() -> Self {
        Self {
            host: "localhost".to_owned(),
            port: 587,
            security: SmtpSecurity::Starttls,
            user: None,
            password_file: None,
            authority_file: None,
        }
    }
}
