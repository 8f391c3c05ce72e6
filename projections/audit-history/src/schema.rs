//! The tables.
//!
//! Streams and subjects have small ascending numbers (`things`), so that the two tables that grow with the log, `events` and
//! `concerns`, hold integers where they are indexed, and grow at their ends.

/// The tables, with the columns that order their rows.
pub(crate) const TABLES: &[(&str, &str)] = &[
    ("things", "id"),
    ("events", "position"),
    ("concerns", "subject, position"),
    ("inclusions", "subject, included"),
    ("memberships", "person"),
    ("causes", "hash, position"),
];

/// The statements that create them.
pub(crate) const SCHEMA: &[&str] = &[
    // INTEGER, so that SQLite keeps the rows by this number without an index of its own. Two thousand million of them fit.
    "CREATE TABLE things (
        id INTEGER NOT NULL PRIMARY KEY,
        name TEXT NOT NULL,
        kind INTEGER NOT NULL,
        UNIQUE (name, kind)
    )",
    "CREATE TABLE events (
        position BIGINT NOT NULL PRIMARY KEY,
        stream BIGINT NOT NULL,
        version BIGINT NOT NULL,
        event TEXT NOT NULL,
        event_type TEXT NOT NULL,
        recorded_at BIGINT NOT NULL,
        actor TEXT NOT NULL,
        came_from TEXT NOT NULL,
        command TEXT NOT NULL,
        cause TEXT
    )",
    "CREATE TABLE concerns (
        subject BIGINT NOT NULL,
        position BIGINT NOT NULL,
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
    // Whom an event concerned that a mail can be owed for, to be found by the event's id. The hash is half of the id.
    "CREATE TABLE causes (
        hash BIGINT NOT NULL,
        position BIGINT NOT NULL,
        subjects TEXT NOT NULL,
        PRIMARY KEY (hash, position)
    )",
];
