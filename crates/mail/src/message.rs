//! A mail as it leaves.

use domain::MailId;
use jiff::Timestamp;
use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue};
use lettre::message::{Body, Mailbox, MultiPart, MultiPartKind, SinglePart};
use lettre::{Address, Message};

use crate::Rendered;

/// A mail, composed: all that a transport needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Composed {
    /// Which mail it is. Its Message-ID derives from this, so that a mail sent again bears the same one.
    pub id: MailId,
    /// Who sends it.
    pub from: Mailbox,
    /// Where answers go, if anywhere else.
    pub reply_to: Option<Mailbox>,
    /// The recipient's name, one line; may be empty.
    pub to_name: String,
    /// The recipient's address.
    pub to_address: String,
    /// When it is sent.
    pub date: Timestamp,
    /// Subject, text and HTML.
    pub content: Rendered,
}

/// How bodies are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// In base64: nothing in a body can be taken for a line of the protocol (RUSTSEC-2026-0561). For servers.
    Base64,
    /// As it is, so that people can read the file; quoted-printable where a line is too long.
    Readable,
}

/// Why a message cannot be made. Says nothing of the address itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidMessage {
    /// The recipient's address is none that mail can be sent to.
    #[error("the recipient's address is not valid")]
    Address,
    /// The rest of the message.
    #[error("the message cannot be made: {0}")]
    Message(String),
}

impl Composed {
    /// `<mail id@domain of the sender>`.
    #[must_use]
    pub fn message_id(&self) -> String {
        format!("<{}@{}>", self.id, self.from.email.domain())
    }

    /// The message of RFC 5322.
    ///
    /// # Errors
    /// [`InvalidMessage`] if the recipient's address is not valid, or a header cannot be written.
    pub fn message(&self, encoding: Encoding) -> Result<Message, InvalidMessage> {
        let address: Address = self.to_address.parse().map_err(|_error| InvalidMessage::Address)?;
        let to = Mailbox::new(Some(crate::text::one_line(&self.to_name)).filter(|name| !name.is_empty()), address);
        let mut builder = Message::builder()
            .message_id(Some(self.message_id()))
            .date(self.date.into())
            .from(self.from.clone())
            .to(to)
            .subject(crate::text::one_line(&self.content.subject))
            // RFC 3834: no auto-responder shall answer; nor Exchange's, which has a header of its own.
            .raw_header(HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned()))
            .raw_header(HeaderValue::new(HeaderName::new_from_ascii_str("X-Auto-Response-Suppress"), "All".to_owned()));
        if let Some(reply_to) = &self.reply_to {
            builder = builder.reply_to(reply_to.clone());
        }
        let parts = MultiPart::builder()
            .kind(MultiPartKind::Alternative)
            .boundary(format!("=_{}", self.id.0.simple()))
            .singlepart(part(ContentType::TEXT_PLAIN, &self.content.text, encoding))
            .singlepart(part(ContentType::TEXT_HTML, &self.content.html, encoding));
        builder.multipart(parts).map_err(|error| InvalidMessage::Message(error.to_string()))
    }
}

fn part(content_type: ContentType, text: &str, encoding: Encoding) -> SinglePart {
    let body = match encoding {
        Encoding::Base64 => Body::new_with_encoding(text.to_owned(), ContentTransferEncoding::Base64),
        Encoding::Readable => Body::new_with_encoding(text.to_owned(), ContentTransferEncoding::EightBit),
    };
    // Refused is only 8bit with too long a line; what is taken then is quoted-printable.
    let body = body.unwrap_or_else(|_text| Body::new(text.to_owned()));
    SinglePart::builder().header(content_type).body(body)
}
