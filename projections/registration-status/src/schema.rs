//! The tables.

/// The tables, with the columns that order their rows.
pub(crate) const TABLES: &[(&str, &str)] = &[("statuses", "registration")];

/// The statements that create them.
pub(crate) const SCHEMA: &[&str] = &[
    "CREATE TABLE statuses (
        registration TEXT NOT NULL PRIMARY KEY,
        case_number TEXT NOT NULL,
        state TEXT NOT NULL,
        applications TEXT NOT NULL,
        filling TEXT NOT NULL,
        started_at BIGINT NOT NULL,
        expires_at BIGINT NOT NULL,
        submitted_at BIGINT,
        dossier_version BIGINT NOT NULL,
        due_at BIGINT,
        questions TEXT NOT NULL,
        answer_asked_at BIGINT,
        first_approved_version BIGINT,
        effective_at BIGINT,
        organization TEXT,
        decided_at BIGINT,
        reason TEXT,
        since BIGINT NOT NULL
    )",
    "CREATE INDEX statuses_by_case_number ON statuses (case_number)",
];
