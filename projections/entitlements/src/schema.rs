//! The tables.

/// The tables, with the columns that order their rows.
pub(crate) const TABLES: &[(&str, &str)] = &[
    ("application_owners", "application"),
    ("invitation_offers", "invitation"),
    ("subscriptions", "organization, application"),
    ("accesses", "person, application"),
    ("relationships", "organization, partner"),
];

/// The statements that create them.
pub(crate) const SCHEMA: &[&str] = &[
    "CREATE TABLE application_owners (
        application TEXT NOT NULL PRIMARY KEY,
        owner TEXT NOT NULL
    )",
    "CREATE INDEX application_owners_by_owner ON application_owners (owner)",
    "CREATE TABLE invitation_offers (
        invitation TEXT NOT NULL PRIMARY KEY,
        partner TEXT NOT NULL,
        organization TEXT
    )",
    "CREATE TABLE subscriptions (
        organization TEXT NOT NULL,
        application TEXT NOT NULL,
        id TEXT NOT NULL,
        state TEXT NOT NULL,
        origin TEXT,
        reason TEXT,
        requested_at BIGINT,
        activated_at BIGINT,
        since BIGINT NOT NULL,
        PRIMARY KEY (organization, application)
    )",
    "CREATE INDEX subscriptions_by_application ON subscriptions (application, organization)",
    "CREATE TABLE accesses (
        person TEXT NOT NULL,
        application TEXT NOT NULL,
        id TEXT NOT NULL,
        organization TEXT NOT NULL,
        state TEXT NOT NULL,
        proposed_by TEXT,
        requested_because TEXT,
        requested_at BIGINT,
        requested_position BIGINT,
        decided_by TEXT,
        reason TEXT,
        since BIGINT NOT NULL,
        PRIMARY KEY (person, application)
    )",
    "CREATE INDEX accesses_by_organization ON accesses (organization, application, person)",
    "CREATE INDEX accesses_requested ON accesses (organization, requested_position) WHERE requested_position IS NOT NULL",
    "CREATE TABLE relationships (
        organization TEXT NOT NULL,
        partner TEXT NOT NULL,
        state TEXT NOT NULL,
        reason TEXT,
        open_offers TEXT NOT NULL,
        subscriptions TEXT NOT NULL,
        established_at BIGINT,
        ended_at BIGINT,
        since BIGINT NOT NULL,
        PRIMARY KEY (organization, partner)
    )",
    "CREATE INDEX relationships_by_partner ON relationships (partner, organization)",
];
