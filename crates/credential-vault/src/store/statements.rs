//! Statements that both engines run as they are. Parameters come in the order of their numbers, as SQLite counts them.

pub(super) const PUT: &str = "
INSERT INTO credentials (id, person, named_by, kind, state, verifier, failures, expires_at, created_at, counter, mark)
VALUES ($1, $2, $3, $4, 0, $5, 0, $6, $7, $8, $9)
ON CONFLICT (id) DO UPDATE SET
    person = excluded.person,
    named_by = excluded.named_by,
    kind = excluded.kind,
    verifier = excluded.verifier,
    expires_at = excluded.expires_at,
    created_at = excluded.created_at,
    counter = excluded.counter,
    mark = excluded.mark,
    last_used_at = NULL
WHERE credentials.state = 0
";

pub(super) const ACTIVATE: &str = "
UPDATE credentials
SET state = 1
WHERE id = $1
    AND state = 0
";

pub(super) const SELECT_STATE: &str = "
SELECT state
FROM credentials
WHERE id = $1
";

/// Counts an attempt as wrong, if it may be compared at all: one statement, so that of any number at once each is counted. Parameters: the
/// attempts that a password has, now, the id, the attempts that a one-time password has, when a lock is over that began by then.
pub(super) const COUNT_ATTEMPT: &str = "
UPDATE credentials
SET
    failures = CASE WHEN kind = 1 AND failures >= $1 THEN 1 ELSE failures + 1 END,
    failed_at = $2
WHERE id = $3
    AND state = 1
    AND kind <= 2
    AND (expires_at IS NULL OR expires_at > $2)
    AND CASE WHEN kind = 2 THEN failures < $4 ELSE failures < $1 OR failed_at <= $5 END
RETURNING
    person,
    kind,
    verifier,
    failures
";

pub(super) const SELECT_REFUSED: &str = "
SELECT
    kind,
    failures,
    failed_at,
    expires_at
FROM credentials
WHERE id = $1
    AND state = 1
    AND kind <= 2
";

/// Writes what counting an attempt would. Parameters: nobody, now.
pub(super) const PRETEND_TO_COUNT: &str = "
INSERT INTO attempts (person, failures, failed_at)
VALUES ($1, 0, $2)
ON CONFLICT (person) DO UPDATE SET
    failed_at = excluded.failed_at
";

/// Counts an attempt with a second factor as wrong, for its person, if it may be compared at all: one statement, so that of any number at
/// once each is counted. Parameters: now, the id, its state, when a lock is over that began by then, the attempts that a person has.
macro_rules! count_proof {
    () => {
        "
INSERT INTO attempts (person, failures, failed_at)
SELECT
    person,
    1,
    $1
FROM credentials
WHERE id = $2
    AND state = $3
    AND kind BETWEEN 3 AND 5
ON CONFLICT (person) DO UPDATE SET
    failures = CASE WHEN attempts.failed_at <= $4 THEN 1 ELSE attempts.failures + 1 END,
    failed_at = CASE WHEN attempts.failed_at > $1 THEN attempts.failed_at ELSE $1 END
WHERE attempts.failures < $5
    OR attempts.failed_at <= $4
RETURNING
    person,
    failures
"
    };
}
pub(super) use count_proof;

pub(super) const SELECT_REFUSED_PROOF: &str = "
SELECT
    attempts.failures,
    attempts.failed_at
FROM credentials
LEFT JOIN attempts ON attempts.person = credentials.person
WHERE credentials.id = $1
    AND credentials.state = $2
    AND credentials.kind BETWEEN 3 AND 5
";

pub(super) const SELECT_FACTOR: &str = "
SELECT
    person,
    kind,
    verifier,
    counter
FROM credentials
WHERE id = $1
    AND state = $2
    AND kind BETWEEN 3 AND 6
";

pub(super) const SELECT_FACTORS: &str = "
SELECT
    id,
    kind,
    state,
    created_at,
    last_used_at
FROM credentials
WHERE person = $1
    AND kind BETWEEN 3 AND 6
ORDER BY created_at, id
";

pub(super) const SELECT_PASSKEYS: &str = "
SELECT
    id,
    state,
    person,
    verifier,
    counter
FROM credentials
WHERE person = $1
    AND kind = 6
    AND state IN (0, 1)
ORDER BY created_at, id
";

pub(super) const BEGIN_CEREMONY: &str = "
INSERT INTO ceremonies (id, person, state, ends_at)
VALUES ($1, $2, $3, $4)
ON CONFLICT (id) DO UPDATE SET
    state = excluded.state,
    ends_at = excluded.ends_at
";

pub(super) const TAKE_CEREMONY: &str = "
DELETE FROM ceremonies
WHERE id = $1
RETURNING
    state,
    ends_at
";

pub(super) const SWEEP_CEREMONIES: &str = "
DELETE FROM ceremonies
WHERE ends_at <= $1
";

pub(super) const INSERT_STOCK: &str = "
INSERT INTO inventory (serial, generator, counter, state, imported_at)
VALUES ($1, $2, $3, 0, $4)
ON CONFLICT (serial) DO NOTHING
";

pub(super) const SELECT_STOCK: &str = "
SELECT
    serial,
    generator,
    state,
    credential
FROM inventory
WHERE serial = $1
";

/// Parameters: the serial after which it begins, the standing or none, how many.
pub(super) const SELECT_INVENTORY: &str = "
SELECT
    serial,
    generator,
    state,
    credential
FROM inventory
WHERE serial > $1
    AND state = coalesce($2, state)
ORDER BY serial
LIMIT $3
";

pub(super) const RELEASE: &str = "
UPDATE inventory
SET state = 0
WHERE serial = $1
    AND state = 2
";

pub(super) const UNCOUNT_ONE: &str = "
UPDATE credentials
SET failures = CASE WHEN failures > 0 THEN failures - 1 ELSE 0 END
WHERE id = $1
    AND state = 1
";

pub(super) const UNCOUNT_ALL: &str = "
UPDATE credentials
SET failures = 0
WHERE id = $1
    AND state = 1
";

pub(super) const SELECT_PENDING: &str = "
SELECT
    id,
    person,
    named_by
FROM credentials
WHERE state = 0
    AND created_at < $1
    AND named_by IS NOT NULL
ORDER BY created_at
";

pub(super) const INSERT_TOKEN: &str = "
INSERT INTO tokens (id, hash, name, holder, scopes, created_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)
";

pub(super) const SELECT_TOKENS: &str = "
SELECT
    id,
    name,
    holder,
    scopes,
    created_at,
    expires_at,
    revoked_at,
    hash
FROM tokens
ORDER BY created_at, id
";

/// The columns of a session, in the order in which both engines read them.
macro_rules! session_columns {
    () => {
        "
        hash,
        id,
        person,
        organization,
        staff,
        assurance,
        created_at,
        proved_at,
        ends_at,
        idle_us,
        seen_at,
        label,
        opened_by
"
    };
}
pub(super) use session_columns;

pub(super) const INSERT_SESSION: &str = "
INSERT INTO sessions (id, hash, person, organization, staff, assurance, created_at, proved_at, ends_at, idle_us, seen_at, label, opened_by)
VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $8, $9, $7, $10, $11)
";

pub(super) const TOUCH_SESSION: &str = "
UPDATE sessions
SET seen_at = $1
WHERE id = $2
    AND seen_at < $1
";

/// How many rows there are about a person.
pub(super) const COUNT_ABOUT: &str = "
SELECT
    (SELECT COUNT(*) FROM credentials WHERE person = $1)
    + (SELECT COUNT(*) FROM ceremonies WHERE person = $1)
    + (SELECT COUNT(*) FROM attempts WHERE person = $1)
    + (SELECT COUNT(*) FROM sessions WHERE person = $1)
";
