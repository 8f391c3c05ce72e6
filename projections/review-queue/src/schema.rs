//! The tables. Built for a million cases of which a hundred thousand are open: all indexes but the keys hold open cases only.

/// The tables, with the columns that order their rows.
pub(crate) const TABLES: &[(&str, &str)] = &[("cases", "registration"), ("application_cases", "application, of_case")];

/// The statements that create them.
pub(crate) const SCHEMA: &[&str] = &[
    "CREATE TABLE cases (
        registration TEXT NOT NULL PRIMARY KEY,
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
    // With the text that is searched, so that searching reads the index alone.
    "CREATE INDEX open_by_due ON cases (due_order, registration, search) WHERE is_open = 1",
    "CREATE INDEX open_by_state ON cases (state, due_order, registration) WHERE is_open = 1",
    "CREATE INDEX open_by_reviewer ON cases (claimed_by, due_order, registration) WHERE is_open = 1 AND claimed_by IS NOT NULL",
    "CREATE INDEX open_by_country ON cases (country, due_order, registration) WHERE is_open = 1",
    "CREATE TABLE application_cases (
        application TEXT NOT NULL,
        of_case TEXT NOT NULL,
        due_order_of_case BIGINT NOT NULL,
        PRIMARY KEY (application, of_case)
    )",
    "CREATE INDEX application_cases_by_due ON application_cases (application, due_order_of_case, of_case)",
];
