//! The outbox: mails owed, which are causes minus fates (domain, "Mails"; architecture, rule 8).
//!
//! Every event that somebody must be told of owes a mail to each recipient, under an id that derives from the event and the
//! recipient ([`domain::MailId::of`]). What became of it is an event too (`mail.sent`, `mail.refused`, `mail.given_up`): a mail
//! without one is owed. So a rebuild finds the same mails, sent and owed, as the live one has, and sends nothing twice.
//!
//! A row holds what the mail says, but neither a secret nor a link: of the link it holds only where it leads ([`Link`]); its
//! token is rendered while the mail is being sent. Personal values lie in columns of their own and in `facts` of the person;
//! both are blanked when the person is forgotten, and a mail still owed to them is then to be given up.

mod batch;
mod causes;
mod facts;
mod link;
mod mail;
mod projection;
mod queries;
mod schema;
mod template;

pub use link::Link;
pub use mail::{Cursor, Mail, MailState, Obstacle, Owed, Variables};
pub use projection::NotificationDispatch;
pub use queries::{OutboxError, OutboxPage, by_ids, counts, due, owed_after, owed_to, page};
pub use template::Template;
