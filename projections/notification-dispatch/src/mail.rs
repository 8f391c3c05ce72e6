//! A mail of the outbox.

use std::fmt;

use domain::{EventId, MailId, PersonId};
use jiff::Timestamp;
use projection_runtime::Position;

use crate::{Link, Template};

/// The values that a template is filled with. Instants are RFC 3339 texts.
pub type Variables = serde_json::Map<String, serde_json::Value>;

/// A mail: whom it is for, what it says, and what became of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Mail {
    /// Its id, which derives from the event and the recipient.
    pub id: MailId,
    /// Where in the log the event stands that it is owed for.
    pub position: Position,
    /// The event that it is owed for.
    pub cause: EventId,
    /// Which mail it is.
    pub template: Template,
    /// Who gets it.
    pub recipient: PersonId,
    /// The address that it goes to; empty if the recipient has been forgotten.
    pub to_address: String,
    /// The recipient's name; empty if it is not known.
    pub recipient_name: String,
    /// Whom it speaks of, if not of the recipient.
    pub about: Option<PersonId>,
    /// The name of whom it speaks of; empty if there is none or they have been forgotten.
    pub about_name: String,
    /// What its template is filled with.
    pub variables: Variables,
    /// Where its link leads.
    pub link: Link,
    /// What it is about: the key of the event's stream.
    pub subject: uuid::Uuid,
    /// When it came to be owed.
    pub owed_at: Timestamp,
    /// What became of it.
    pub state: MailState,
    /// Attempts that its fate tells of; 0 while it is owed.
    pub attempts: u32,
    /// When its fate was recorded.
    pub settled_at: Option<Timestamp>,
    /// What the server answered or went wrong, without addresses.
    pub answer: Option<String>,
    /// Why it should not be sent although it is owed.
    pub obstacle: Option<Obstacle>,
}

/// Why a mail should not be sent although it is owed: it is to be given up instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Obstacle {
    /// Its recipient has been forgotten, or has no address.
    RecipientForgotten,
    /// Its link does not work any more; a later mail, or none, takes its place. The text says what happened.
    Superseded(String),
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RecipientForgotten => f.write_str("recipient forgotten"),
            Self::Superseded(why) => write!(f, "superseded: {why}"),
        }
    }
}

/// What became of a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum MailState {
    /// It waits to be sent.
    Owed,
    /// A server (or the maildir) took it.
    Sent,
    /// A server refused it for good.
    Refused,
    /// It could not be delivered in time, or should not be any more.
    GivenUp,
}

impl MailState {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Owed, Self::Sent, Self::Refused, Self::GivenUp];

    /// Its name, such as `given_up`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Owed => "owed",
            Self::Sent => "sent",
            Self::Refused => "refused",
            Self::GivenUp => "given_up",
        }
    }

    /// The state of this name, if there is one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

/// A place in the outbox: mails are in the order of their causes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Cursor {
    /// Where in the log the mail's cause stands.
    pub position: Position,
    /// Which of that event's mails.
    pub mail: Option<MailId>,
}

/// A mail that is owed, as the dispatcher schedules it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owed {
    /// Which mail.
    pub id: MailId,
    /// Where in the log its cause stands.
    pub position: Position,
    /// When it came to be owed.
    pub owed_at: Timestamp,
}

impl Owed {
    /// The place of this mail in the outbox.
    #[must_use]
    pub fn cursor(&self) -> Cursor {
        Cursor { position: self.position, mail: Some(self.id) }
    }
}
