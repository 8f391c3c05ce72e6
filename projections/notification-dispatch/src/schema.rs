//! The tables. Portable SQL (architecture, rule 13): ids are texts, instants are microseconds since 1970 in UTC.

use projection_runtime::sql::Table;
use projection_runtime::table;
use projection_runtime::table::Json;
use uuid::Uuid;

use crate::facts::Facts;

/// The mails.
pub(crate) const MAILS: Table = Table::new(
    "mails",
    1,
    &[
        "mail_id",
        "position",
        "cause",
        "template",
        "recipient",
        "to_address",
        "recipient_name",
        "about",
        "about_name",
        "variables",
        "link",
        "subject",
        "owed_at",
        "state",
        "attempts",
        "settled_at",
        "answer",
        "superseded",
    ],
);

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
