//! Makes a mail of the outbox ready to leave.

use jiff::Timestamp;
use lettre::Address;
use lettre::message::Mailbox;
use notification_dispatch::Mail;

use crate::{Composed, Links, TemplateError, Templates, text};

/// Who sends all mails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender {
    /// The operator's name, as mails bear it.
    pub operator: String,
    from: Mailbox,
    reply_to: Option<Mailbox>,
    /// The address that mails name for questions.
    support: Option<String>,
}

/// Why a mail cannot be composed.
#[derive(Debug, thiserror::Error)]
pub enum ComposeError {
    /// Its template cannot be rendered.
    #[error("the mail cannot be rendered")]
    Template(#[from] TemplateError),
    /// An address in the configuration is not valid.
    #[error("{what} is not a valid e-mail address: {address}")]
    Configuration {
        /// Which setting.
        what: &'static str,
        /// What it says.
        address: String,
    },
}

impl Sender {
    /// The operator's name, the address that mails come from and the one that they name for questions, which answers go to.
    ///
    /// # Errors
    /// [`ComposeError::Configuration`] if an address is not valid.
    pub fn new(operator: &str, from: &str, support: Option<&str>) -> Result<Self, ComposeError> {
        let operator = text::one_line(operator);
        let mailbox = |what: &'static str, address: &str| {
            let invalid = |_error| ComposeError::Configuration { what, address: address.to_owned() };
            Ok::<_, ComposeError>(Mailbox::new(Some(operator.clone()), address.parse::<Address>().map_err(invalid)?))
        };
        let from = mailbox("the sender's address", from)?;
        let reply_to = support.map(|support| mailbox("the support address", support)).transpose()?;
        Ok(Self { operator, from, reply_to, support: support.map(str::to_owned) })
    }
}

/// Composes mails: fills templates, renders links.
pub struct Composer {
    sender: Sender,
    templates: Templates,
    links: Links,
}

impl Composer {
    /// From these.
    #[must_use]
    pub fn new(sender: Sender, templates: Templates, links: Links) -> Self {
        Self { sender, templates, links }
    }

    /// The mail, ready to leave at this time.
    ///
    /// # Errors
    /// [`ComposeError`] if its template cannot be rendered.
    pub fn compose(&self, mail: &Mail, now: Timestamp) -> Result<Composed, ComposeError> {
        let mut values = mail.variables.clone();
        let link = self.links.address(&mail.link).unwrap_or_default();
        values.insert("link".to_owned(), link.into());
        values.insert("name".to_owned(), text::one_line(&mail.recipient_name).into());
        values.insert("about".to_owned(), text::one_line(&mail.about_name).into());
        let operator = serde_json::json!({ "name": self.sender.operator, "support": self.sender.support.as_deref().unwrap_or_default() });
        values.insert("operator".to_owned(), operator);
        Ok(Composed {
            id: mail.id,
            from: self.sender.from.clone(),
            reply_to: self.sender.reply_to.clone(),
            to_name: text::one_line(&mail.recipient_name),
            to_address: mail.to_address.clone(),
            date: now,
            content: self.templates.render(mail.template, &values)?,
        })
    }
}
