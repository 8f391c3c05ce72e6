//! The tables. Built for a million cases of which a hundred thousand are open: all indexes but the keys hold open cases only.
//!
//! A case is told apart by its number, which is smaller than its id and grows in the order in which cases begin.

/// The tables, with the columns that order their rows.
pub(crate) const TABLES: &[(&str, &str)] = &[
    ("cases", "number"),
    ("application_cases", "application, due_order_of_case, of_case"),
    ("search_terms", "term, of_case"),
    ("tallies", "state"),
];

/// The statements that create them.
pub(crate) const SCHEMA: &[&str] = &[
    // INTEGER, so that SQLite keeps the rows by this number without an index of its own; two thousand million of them fit.
    "CREATE TABLE cases (
        registration TEXT NOT NULL UNIQUE,
        number INTEGER NOT NULL PRIMARY KEY,
        is_open BIGINT NOT NULL,
        due_order BIGINT NOT NULL,
        state TEXT NOT NULL,
        case_number TEXT NOT NULL,
        company TEXT,
        country TEXT,
        search TEXT NOT NULL,
        applications TEXT NOT NULL,
        inviter TEXT,
        submitted_at BIGINT,
        due_at BIGINT,
        business_seconds_left BIGINT,
        claimed_by TEXT,
        claimed_until BIGINT,
        dossier_version BIGINT NOT NULL,
        has_risk BIGINT NOT NULL,
        needs_two_people BIGINT NOT NULL,
        first_approver TEXT,
        first_approved_version BIGINT
    )",
    // With the words that are searched, so that looking for frequent ones reads the index alone.
    "CREATE INDEX open_by_due ON cases (due_order, number, search) WHERE is_open = 1",
    "CREATE INDEX open_by_state ON cases (state, due_order, number) WHERE is_open = 1",
    "CREATE INDEX open_by_reviewer ON cases (claimed_by, due_order, number) WHERE is_open = 1 AND claimed_by IS NOT NULL",
    "CREATE INDEX open_by_country ON cases (country, due_order, number) WHERE is_open = 1",
    "CREATE TABLE application_cases (
        application TEXT NOT NULL,
        due_order_of_case BIGINT NOT NULL,
        of_case BIGINT NOT NULL,
        PRIMARY KEY (application, due_order_of_case, of_case)
    )",
    "CREATE TABLE search_terms (
        term TEXT NOT NULL,
        of_case BIGINT NOT NULL,
        PRIMARY KEY (term, of_case)
    )",
    "CREATE TABLE tallies (
        state TEXT NOT NULL PRIMARY KEY,
        cases BIGINT NOT NULL
    )",
];
