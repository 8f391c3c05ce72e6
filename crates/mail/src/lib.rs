//! Mails: what they say, how they leave, and the dispatcher that sends each once for its cause (domain, "Mails").
//!
//! The outbox (`notification-dispatch`) says which mails are owed. The [`Dispatcher`] follows it: it composes a mail
//! ([`Composer`]), hands it to a [`Transport`] ([`Maildir`] or [`Smtp`]) and has its fate recorded as an event. Nothing is
//! sent while the outbox is rebuilt, and only a crash between a server's 250 and that event can repeat a mail, which then
//! bears the same Message-ID (architecture, rule 8).
//!
//! Links are rendered while a mail is composed, from a base address that is configuration, never taken from a request, and
//! with a token that is stored nowhere.

mod attempts;
mod clock;
mod compose;
mod dispatcher;
mod fates;
mod links;
mod message;
mod outbox;
mod templates;
mod text;
mod transport;

pub use attempts::{ATTEMPTS, Attempt, Attempts, AttemptsError};
pub use clock::Clock;
pub use compose::{ComposeError, Composer, Sender};
pub use dispatcher::{Dispatcher, DispatcherSettings, FateRecorder, RecordError, Retry};
pub use fates::Fates;
pub use links::{BaseUrl, InvalidBaseUrl, LinkSigner, Links};
pub use message::{Composed, Encoding, InvalidMessage};
pub use outbox::Outbox;
pub use templates::{Rendered, TemplateError, Templates};
pub use transport::{Delivery, Maildir, Smtp, SmtpCredentials, SmtpError, SmtpSettings, SmtpTls, Transport};
