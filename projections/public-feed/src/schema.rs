//! The tables.

/// What creates them.
pub(crate) const SCHEMA: &[&str] = &[
    "CREATE TABLE public_events (
        position BIGINT NOT NULL PRIMARY KEY,
        previous BIGINT NOT NULL,
        id TEXT NOT NULL,
        kind TEXT NOT NULL,
        subject TEXT NOT NULL,
        recorded_at BIGINT NOT NULL,
        application TEXT,
        organization TEXT,
        data TEXT NOT NULL
    )",
    // What a service that is limited to some applications is told.
    "CREATE INDEX public_events_by_application ON public_events (application, position) WHERE application IS NOT NULL",
    "CREATE INDEX public_events_of_erasures ON public_events (position) WHERE kind = 'person.erased.v1'",
    "CREATE TABLE applications (
        application TEXT NOT NULL PRIMARY KEY,
        code TEXT NOT NULL,
        partner TEXT,
        registration TEXT NOT NULL,
        access TEXT NOT NULL,
        state TEXT NOT NULL
    )",
    "CREATE TABLE invitations (
        invitation TEXT NOT NULL PRIMARY KEY,
        partner TEXT,
        organization TEXT,
        applications TEXT NOT NULL
    )",
    "CREATE TABLE registrations (
        registration TEXT NOT NULL PRIMARY KEY,
        organization TEXT NOT NULL,
        applications TEXT NOT NULL
    )",
    "CREATE TABLE organizations (
        organization TEXT NOT NULL PRIMARY KEY,
        state TEXT NOT NULL
    )",
    "CREATE TABLE users (
        person TEXT NOT NULL PRIMARY KEY,
        organization TEXT NOT NULL,
        state TEXT NOT NULL,
        activated BIGINT NOT NULL,
        roles TEXT NOT NULL
    )",
    "CREATE TABLE subscriptions (
        application TEXT NOT NULL,
        organization TEXT NOT NULL,
        state TEXT NOT NULL,
        PRIMARY KEY (application, organization)
    )",
    "CREATE TABLE accesses (
        application TEXT NOT NULL,
        person TEXT NOT NULL,
        organization TEXT NOT NULL,
        state TEXT NOT NULL,
        PRIMARY KEY (application, person)
    )",
    "CREATE INDEX accesses_by_organization ON accesses (application, organization)",
    "CREATE TABLE relationships (
        organization TEXT NOT NULL,
        partner TEXT NOT NULL,
        state TEXT NOT NULL,
        PRIMARY KEY (organization, partner)
    )",
    "CREATE TABLE services (
        service TEXT NOT NULL PRIMARY KEY,
        name TEXT NOT NULL,
        sees TEXT NOT NULL,
        registered_at BIGINT NOT NULL,
        retired_at BIGINT
    )",
    "CREATE TABLE erasures (
        person TEXT NOT NULL PRIMARY KEY,
        position BIGINT NOT NULL,
        erased_at BIGINT NOT NULL
    )",
    "CREATE INDEX erasures_by_position ON erasures (position)",
    "CREATE TABLE acknowledgements (
        person TEXT NOT NULL,
        service TEXT NOT NULL,
        position BIGINT NOT NULL,
        owed BIGINT NOT NULL,
        acknowledged_at BIGINT,
        PRIMARY KEY (person, service)
    )",
    "CREATE INDEX acknowledgements_outstanding ON acknowledgements (service, position) WHERE acknowledged_at IS NULL",
];

/// The tables, each with what orders its rows.
pub(crate) const TABLES: &[(&str, &str)] = &[
    ("public_events", "position"),
    ("applications", "application"),
    ("invitations", "invitation"),
    ("registrations", "registration"),
    ("organizations", "organization"),
    ("users", "person"),
    ("subscriptions", "application, organization"),
    ("accesses", "application, person"),
    ("relationships", "organization, partner"),
    ("services", "service"),
    ("erasures", "person"),
    ("acknowledgements", "person, service"),
];
