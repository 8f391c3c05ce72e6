//! The tables. Portable SQL (architecture, rule 13): ids are texts, instants are microseconds since 1970 in UTC.

use domain::{EventId, MailId, PersonId};
use jiff::Timestamp;
use projection_runtime::table;
use projection_runtime::table::Json;
use uuid::Uuid;

use crate::facts::Facts;
use crate::{Link, Variables};

table! {
    /// A mail. Empty texts and the instant 0 stand for what there is none of.
    pub(crate) struct MailRow in "mails" {
        key {
            /// Its id.
            pub mail_id: MailId,
        }
        /// Where its cause stands in the log.
        pub position: u64,
        /// Its cause.
        pub cause: EventId,
        /// The name of its template.
        pub template: String,
        /// Who gets it.
        pub recipient: PersonId,
        /// The address; empty once the recipient is forgotten.
        pub to_address: String,
        /// The recipient's name.
        pub recipient_name: String,
        /// Whom it speaks of.
        pub about: String,
        /// Their name.
        pub about_name: String,
        /// What its template is filled with.
        pub variables: Json<Variables>,
        /// Where its link leads.
        pub link: Json<Link>,
        /// What it is about.
        pub subject: Uuid,
        /// When it came to be owed.
        pub owed_at: Timestamp,
        /// What became of it.
        pub state: String,
        /// Attempts that its fate tells of.
        pub attempts: u32,
        /// When its fate was recorded.
        pub settled_at: Timestamp,
        /// What the server answered.
        pub answer: String,
        /// Why it should not be sent any more.
        pub superseded: String,
    }
}

table! {
    /// What is known of a thing.
    pub(crate) struct FactsRow in "facts" {
        key {
            /// Its id.
            pub id: Uuid,
        }
        /// The facts.
        pub facts: Json<Facts>,
    }
}

/// Creates the tables in an empty database.
pub(crate) const SCHEMA: &[&str] = &[
    "CREATE TABLE mails (
        mail_id TEXT NOT NULL PRIMARY KEY,
        position BIGINT NOT NULL,
        cause TEXT NOT NULL,
        template TEXT NOT NULL,
        recipient TEXT NOT NULL,
        to_address TEXT NOT NULL,
        recipient_name TEXT NOT NULL,
        about TEXT NOT NULL,
        about_name TEXT NOT NULL,
        variables TEXT NOT NULL,
        link TEXT NOT NULL,
        subject TEXT NOT NULL,
        owed_at BIGINT NOT NULL,
        state TEXT NOT NULL,
        attempts BIGINT NOT NULL,
        settled_at BIGINT NOT NULL,
        answer TEXT NOT NULL,
        superseded TEXT NOT NULL
    )",
    "CREATE INDEX mails_owed ON mails (position, mail_id) WHERE state = 'owed'",
    "CREATE INDEX mails_in_order ON mails (position, mail_id)",
    "CREATE INDEX mails_of_recipient ON mails (recipient)",
    "CREATE INDEX mails_about ON mails (about) WHERE about <> ''",
    "CREATE TABLE facts (
        id TEXT NOT NULL PRIMARY KEY,
        facts TEXT NOT NULL
    )",
];

/// What the digest covers.
pub(crate) const TABLES: &[(&str, &str)] = &[("mails", "mail_id"), ("facts", "id")];
