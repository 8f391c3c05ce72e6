//! The tables.
//!
//! Streams and subjects have small ascending numbers (`things`), so that the table that grows with the log, `concerns`, holds
//! nothing but integers. What an event says, who caused it and when is not kept again: the log has it, by position.

/// The tables, with the columns that order their rows.
pub(crate) const TABLES: &[(&str, &str)] = &[
    ("things", "id"),
    ("concerns", "subject, position"),
    ("inclusions", "subject, included"),
    ("memberships", "person"),
    ("causes", "high, low"),
];

/// The statements that create them.
pub(crate) const SCHEMA: &[&str] = &[
    // A UUID is kept as its two halves. INTEGER, so that SQLite keeps the rows by this number without an index of its own; two
    // thousand million of them fit.
    "CREATE TABLE things (
        id INTEGER NOT NULL PRIMARY KEY,
        high BIGINT NOT NULL,
        low BIGINT NOT NULL,
        kind INTEGER NOT NULL,
        UNIQUE (high, low, kind)
    )",
    "CREATE TABLE concerns (
        subject BIGINT NOT NULL,
        position BIGINT NOT NULL,
        stream BIGINT NOT NULL,
        introduces BIGINT NOT NULL,
        PRIMARY KEY (subject, position)
    )",
    // The history of `subject` includes all of the history of `included`: an organization's that of its case.
    "CREATE TABLE inclusions (
        subject BIGINT NOT NULL,
        included BIGINT NOT NULL,
        PRIMARY KEY (subject, included)
    )",
    "CREATE TABLE memberships (
        person BIGINT NOT NULL PRIMARY KEY,
        organization BIGINT NOT NULL
    )",
    // Whom an event concerned that a mail can be owed for, to be found by the event's id.
    "CREATE TABLE causes (
        high BIGINT NOT NULL,
        low BIGINT NOT NULL,
        subjects TEXT NOT NULL,
        PRIMARY KEY (high, low)
    )",
];
