//! Passwords and one-time passwords.

use domain::{CredentialId, PersonId, RegistrationId};
use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::aead;
use crate::error::VaultError;
use crate::hashing::Hashing;
use crate::proposal;
use crate::store;
use crate::vault::{Inner, Vault};

/// Wrong attempts that end a one-time password.
const ONE_TIME_PASSWORD_ATTEMPTS: u32 = 5;
/// Wrong attempts in a row after which a password is locked for a while.
const PASSWORD_ATTEMPTS: u32 = 10;
/// For how long.
const PASSWORD_LOCK: SignedDuration = SignedDuration::from_mins(15);

/// What kind of secret a row holds a verifier of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CredentialKind {
    /// A password.
    Password,
    /// A one-time password: good until it is revoked, which the first new password does; ended by five wrong attempts.
    OneTimePassword,
}

/// What became of a secret that was put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// It is there, pending; what was pending under the id before is gone.
    Stored,
    /// The id is active or revoked already: nothing was changed.
    Kept,
}

/// Whether a candidate is the secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Verification {
    /// It is.
    Ok,
    /// It is not.
    Wrong {
        /// How many more wrong ones are allowed. 0: this was the last.
        attempts_left: u32,
    },
    /// Not compared: too many wrong ones before.
    Locked {
        /// Until when, for a password; a one-time password is ended for good, and a new one must be handed over.
        until: Option<Timestamp>,
    },
    /// Not compared: it is past its time.
    Expired,
    /// There is no active credential of this id.
    Unknown,
}

/// Whose event is to name a credential: what to look at to know whether it did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NamedBy {
    /// The account of its person.
    User(PersonId),
    /// A registration that its person is to administrate.
    Registration(RegistrationId),
}

impl NamedBy {
    fn key(self) -> Uuid {
        match self {
            Self::User(person) => person.0,
            Self::Registration(registration) => registration.0,
        }
    }
}

/// A credential that does not count yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pending {
    /// Which one.
    pub id: CredentialId,
    /// Whose secret it is.
    pub person: PersonId,
    /// Whose event is to name it.
    pub named_by: NamedBy,
}

const PUT: &str = "
INSERT INTO credentials (id, person, named_by, kind, state, verifier, failures, expires_at, created_at)
VALUES (?1, ?2, ?3, ?4, 0, ?5, 0, ?6, ?7)
ON CONFLICT (id) DO UPDATE SET
    person = excluded.person,
    named_by = excluded.named_by,
    kind = excluded.kind,
    verifier = excluded.verifier,
    expires_at = excluded.expires_at,
    created_at = excluded.created_at
WHERE state = 0
";

const SELECT_PENDING: &str = "
SELECT
    id,
    person,
    named_by
FROM credentials
WHERE state = 0
    AND created_at < ?1
    AND named_by IS NOT NULL
ORDER BY created_at
";

const SELECT_ACTIVE: &str = "
SELECT
    person,
    kind,
    verifier,
    failures,
    failed_at,
    expires_at
FROM credentials
WHERE id = ?1
    AND state = 1
";

const COUNT_FAILURE: &str = "
UPDATE credentials
SET
    failures = ?2,
    failed_at = ?3
WHERE id = ?1
";

const UNCOUNT_ONE: &str = "
UPDATE credentials
SET failures = max(failures - 1, 0)
WHERE id = ?1
    AND state = 1
";

const UNCOUNT_ALL: &str = "
UPDATE credentials
SET failures = 0
WHERE id = ?1
    AND state = 1
";

impl Vault {
    /// Keeps a verifier of this password, pending. On disk when this returns. The password's strength was checked before.
    ///
    /// # Errors
    /// If hashing fails or the disk refuses.
    pub async fn put_password(&self, id: CredentialId, person: PersonId, secret: &str, now: Timestamp) -> Result<Put, VaultError> {
        self.put(id, person, NamedBy::User(person), CredentialKind::Password, Zeroizing::new(secret.to_owned()), None, now).await
    }

    /// Keeps a verifier of this one-time password, pending until an event of `named_by` names it, good until `expires_at` if that
    /// is given. On disk when this returns. Its strength was checked before.
    ///
    /// # Errors
    /// If hashing fails or the disk refuses.
    pub async fn put_one_time_password(
        &self,
        id: CredentialId,
        person: PersonId,
        named_by: NamedBy,
        secret: &str,
        expires_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Put, VaultError> {
        self.put(id, person, named_by, CredentialKind::OneTimePassword, proposal::canonical(secret), expires_at, now).await
    }

    #[expect(clippy::too_many_arguments, reason = "they are the columns of a row")]
    async fn put(
        &self,
        id: CredentialId,
        person: PersonId,
        named_by: NamedBy,
        kind: CredentialKind,
        secret: Zeroizing<String>,
        expires_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Put, VaultError> {
        let turn = self.inner.hashing.turn().await?;
        self.run(move |inner| {
            let verifier = inner.hashing.verifier(&secret)?;
            drop(turn);
            let sealed = aead::seal(&inner.key.verifiers, &aad(id, person, kind), &verifier)?;
            let named_by = named_by.key();
            let row = params![
                id.0.as_bytes(),
                person.0.as_bytes(),
                named_by.as_bytes(),
                code(kind),
                sealed,
                expires_at.map(Timestamp::as_microsecond),
                now.as_microsecond()
            ];
            let changed = inner.connection.lock().execute(PUT, row)?;
            Ok(if changed == 1 { Put::Stored } else { Put::Kept })
        })
        .await
    }

    /// Makes a pending credential count, because an event names it. True if the credential is active afterwards; false if
    /// it was revoked, or there is none. Doing it again does nothing new.
    ///
    /// # Errors
    /// If the disk refuses.
    pub async fn activate(&self, id: CredentialId) -> Result<bool, VaultError> {
        self.run(move |inner| {
            let connection = inner.connection.lock();
            connection.execute("UPDATE credentials SET state = 1 WHERE id = ?1 AND state = 0", params![id.0.as_bytes()])?;
            let state = connection
                .query_row("SELECT state FROM credentials WHERE id = ?1", params![id.0.as_bytes()], |row| row.get::<_, i64>(0))
                .optional()?;
            Ok(state == Some(1))
        })
        .await
    }

    /// Ends a credential, whatever its state, and wipes its verifier. The row stays, so that a late retry of the command
    /// that put it does not bring it back.
    ///
    /// # Errors
    /// If the disk refuses.
    pub async fn revoke(&self, id: CredentialId) -> Result<(), VaultError> {
        self.run(move |inner| {
            let statement = "UPDATE credentials SET state = 2, verifier = NULL WHERE id = ?1";
            inner.connection.lock().execute(statement, params![id.0.as_bytes()])?;
            Ok(())
        })
        .await
    }

    /// Says whether the candidate is the secret of this credential.
    ///
    /// An attempt is counted, durably, before it is compared, and taken back when it was right: however many guesses come
    /// at once, and wherever the process is killed, no more than five wrong ones are compared with a one-time password, and
    /// ten with a password in a quarter of an hour. For an id that is unknown this takes as long as for one that is known:
    /// call it with an id of nobody when the User ID is nobody's.
    ///
    /// # Errors
    /// If hashing fails, the verifier is damaged or the disk refuses: the attempt may have been counted.
    pub async fn verify(&self, id: CredentialId, candidate: &str, now: Timestamp) -> Result<Verification, VaultError> {
        let candidate = Zeroizing::new(candidate.to_owned());
        // The turn comes before the count: an attempt that is given up while it waits is not counted.
        let turn = self.inner.hashing.turn().await?;
        self.run(move |inner| {
            let verification = match inner.count_attempt(id, now)? {
                Counted::Compare(attempt) => inner.compare(id, &attempt, &candidate),
                Counted::Refused(Verification::Unknown) => inner.hashing.pretend(&candidate).map(|()| Verification::Unknown),
                Counted::Refused(verification) => Ok(verification),
            };
            drop(turn);
            verification
        })
        .await
    }

    /// The credentials that have been pending since before this instant: what to look for in the log before a sweep. Those that an
    /// earlier version kept, without saying whose event is to name them, are left out.
    ///
    /// # Errors
    /// If the disk refuses.
    pub async fn pending(&self, older_than: Timestamp) -> Result<Vec<Pending>, VaultError> {
        self.run(move |inner| {
            let connection = inner.connection.lock();
            let mut statement = connection.prepare(SELECT_PENDING)?;
            let uuid = |row: &rusqlite::Row<'_>, column| row.get::<_, [u8; 16]>(column).map(Uuid::from_bytes);
            let rows = statement.query_map([older_than.as_microsecond()], |row| {
                let (person, named_by) = (PersonId(uuid(row, 1)?), uuid(row, 2)?);
                let named_by = if named_by == person.0 { NamedBy::User(person) } else { NamedBy::Registration(RegistrationId(named_by)) };
                Ok(Pending { id: CredentialId(uuid(row, 0)?), person, named_by })
            })?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// Removes those of these credentials that are still pending since before `older_than`: found to be named by no event. One that
    /// was put anew in the meantime stays. Gives how many were removed.
    ///
    /// # Errors
    /// If the disk refuses; then nothing was changed.
    pub async fn sweep(&self, unnamed: Vec<CredentialId>, older_than: Timestamp) -> Result<usize, VaultError> {
        self.run(move |inner| {
            let mut connection = inner.connection.lock();
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let mut removed = 0;
            for id in unnamed {
                let statement = "DELETE FROM credentials WHERE id = ?1 AND state = 0 AND created_at < ?2";
                removed += transaction.execute(statement, params![id.0.as_bytes(), older_than.as_microsecond()])?;
            }
            transaction.commit()?;
            Ok(removed)
        })
        .await
    }
}

/// An attempt that was counted and may be compared.
struct Attempt {
    kind: CredentialKind,
    verifier: Zeroizing<Vec<u8>>,
    attempts_left: u32,
}

enum Counted {
    Compare(Attempt),
    Refused(Verification),
}

struct Row {
    person: [u8; 16],
    kind: i64,
    sealed: Vec<u8>,
    failures: u32,
    failed_at: Option<i64>,
    expires_at: Option<i64>,
}

impl Inner {
    /// Counts an attempt as wrong before it is compared; on disk when this returns.
    fn count_attempt(&self, id: CredentialId, now: Timestamp) -> Result<Counted, VaultError> {
        let mut connection = self.connection.lock();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let Some(row) = active(&transaction, id)? else { return Ok(Counted::Refused(Verification::Unknown)) };
        if row.expires_at.is_some_and(|expires_at| expires_at <= now.as_microsecond()) {
            return Ok(Counted::Refused(Verification::Expired));
        }
        let kind = kind(row.kind).ok_or(VaultError::Damaged(id))?;
        let (failures, allowed) = match kind {
            CredentialKind::OneTimePassword if row.failures >= ONE_TIME_PASSWORD_ATTEMPTS => {
                return Ok(Counted::Refused(Verification::Locked { until: None }));
            }
            CredentialKind::OneTimePassword => (row.failures + 1, ONE_TIME_PASSWORD_ATTEMPTS),
            CredentialKind::Password => match locked_until(&row) {
                Some(until) if now < until => return Ok(Counted::Refused(Verification::Locked { until: Some(until) })),
                Some(_) => (1, PASSWORD_ATTEMPTS),
                None => (row.failures + 1, PASSWORD_ATTEMPTS),
            },
        };
        let aad = aad(id, PersonId(uuid::Uuid::from_bytes(row.person)), kind);
        let verifier = aead::open(&self.key.verifiers, &aad, &row.sealed).map(Zeroizing::new).ok_or(VaultError::Damaged(id))?;
        transaction.execute(COUNT_FAILURE, params![id.0.as_bytes(), failures, now.as_microsecond()])?;
        transaction.commit()?;
        Ok(Counted::Compare(Attempt { kind, verifier, attempts_left: allowed.saturating_sub(failures) }))
    }

    fn compare(&self, id: CredentialId, attempt: &Attempt, candidate: &str) -> Result<Verification, VaultError> {
        let canonical = match attempt.kind {
            CredentialKind::Password => None,
            CredentialKind::OneTimePassword => Some(proposal::canonical(candidate)),
        };
        let candidate = canonical.as_ref().map_or(candidate, |canonical| canonical.as_str());
        if !Hashing::matches(&attempt.verifier, candidate)?.ok_or(VaultError::Damaged(id))? {
            return Ok(Verification::Wrong { attempts_left: attempt.attempts_left });
        }
        let uncount = match attempt.kind {
            // Right ones in between do not give more guesses to whoever guesses.
            CredentialKind::OneTimePassword => UNCOUNT_ONE,
            CredentialKind::Password => UNCOUNT_ALL,
        };
        // It may have been revoked while it was compared.
        let still_active = self.connection.lock().execute(uncount, params![id.0.as_bytes()])? == 1;
        Ok(if still_active { Verification::Ok } else { Verification::Unknown })
    }
}

fn active(connection: &Connection, id: CredentialId) -> Result<Option<Row>, VaultError> {
    let row = connection.query_row(SELECT_ACTIVE, params![id.0.as_bytes()], |row| {
        Ok(Row {
            person: row.get(0)?,
            kind: row.get(1)?,
            sealed: row.get(2)?,
            failures: row.get(3)?,
            failed_at: row.get(4)?,
            expires_at: row.get(5)?,
        })
    });
    Ok(row.optional()?)
}

/// Until when a password is locked, or was.
fn locked_until(row: &Row) -> Option<Timestamp> {
    if row.failures < PASSWORD_ATTEMPTS {
        return None;
    }
    row.failed_at.and_then(store::instant).and_then(|failed_at| failed_at.checked_add(PASSWORD_LOCK).ok())
}

fn code(kind: CredentialKind) -> i64 {
    match kind {
        CredentialKind::Password => 1,
        CredentialKind::OneTimePassword => 2,
    }
}

fn kind(code: i64) -> Option<CredentialKind> {
    [CredentialKind::Password, CredentialKind::OneTimePassword].into_iter().find(|kind| self::code(*kind) == code)
}

/// Binds a sealed verifier to its row, so that nobody who can write the file can put one person's in another's place.
fn aad(id: CredentialId, person: PersonId, kind: CredentialKind) -> Vec<u8> {
    [b"gatehouse verifier 1".as_slice(), id.0.as_bytes(), person.0.as_bytes(), &code(kind).to_be_bytes()].concat()
}
