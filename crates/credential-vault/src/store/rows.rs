//! What goes into the tables and comes out of them.

use std::sync::Arc;

use domain::{CredentialId, OrganizationId, PersonId, StaffId};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::statements;
use crate::credentials::{CredentialKind, NamedBy, Pending, Verification};
use crate::error::VaultError;
use crate::second_factors::{Factor, FactorState, TokenStanding};
use crate::sessions::{Assurance, Live, OpenedBy, Session, SessionHolder, SessionId};
use crate::text::TextHash;
use crate::tokens::{Token, TokenId};

/// Wrong attempts that end a one-time password.
pub(crate) const ONE_TIME_PASSWORD_ATTEMPTS: i64 = 5;
/// Wrong attempts in a row after which a password is locked for a while.
pub(crate) const PASSWORD_ATTEMPTS: i64 = 10;
/// Wrong codes of a person's second factors, all together, after which none is compared for a while.
pub(crate) const FACTOR_ATTEMPTS: i64 = 5;
/// For how long a password, or a person's second factors, are locked.
pub(crate) const PASSWORD_LOCK: SignedDuration = SignedDuration::from_mins(15);

/// A credential to keep.
pub(crate) struct NewCredential {
    pub(crate) id: CredentialId,
    pub(crate) person: PersonId,
    pub(crate) named_by: NamedBy,
    pub(crate) kind: CredentialKind,
    pub(crate) sealed: Vec<u8>,
    /// The last counter or step that was used of it.
    pub(crate) counter: i64,
    /// What no other credential may have: of a passkey, a keyed hash of its id at its authenticator.
    pub(crate) mark: Option<[u8; 32]>,
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) created_at: Timestamp,
}

/// What became of an attempt.
pub(crate) enum Attempted {
    /// It was counted, and may be compared.
    Counted(Counted),
    /// It is not compared.
    Refused(Verification),
}

/// An attempt that was counted.
pub(crate) struct Counted {
    pub(crate) person: PersonId,
    pub(crate) kind: CredentialKind,
    pub(crate) sealed: Vec<u8>,
    pub(crate) attempts_left: u32,
}

impl Counted {
    /// From a row that [`statements::COUNT_ATTEMPT`] gives.
    pub(super) fn of(id: CredentialId, person: Uuid, kind: i64, sealed: Vec<u8>, failures: i64) -> Result<Self, VaultError> {
        let kind = CredentialKind::of_code(kind).ok_or(VaultError::Damaged(id))?;
        let allowed = if kind == CredentialKind::Password { PASSWORD_ATTEMPTS } else { ONE_TIME_PASSWORD_ATTEMPTS };
        let attempts_left = u32::try_from(allowed.saturating_sub(failures)).unwrap_or_default();
        Ok(Self { person: PersonId(person), kind, sealed, attempts_left })
    }
}

/// Why an attempt was not counted: what [`statements::SELECT_REFUSED`] gives of an active credential.
pub(super) struct Refused {
    pub(super) kind: i64,
    pub(super) failures: i64,
    pub(super) failed_at: Option<i64>,
    pub(super) expires_at: Option<i64>,
}

impl Refused {
    /// What to answer; none if nothing is in the way of an attempt any more.
    pub(super) fn verification(&self, id: CredentialId, now: Timestamp) -> Result<Option<Verification>, VaultError> {
        if self.expires_at.is_some_and(|expires_at| expires_at <= now.as_microsecond()) {
            return Ok(Some(Verification::Expired));
        }
        Ok(match CredentialKind::of_code(self.kind).ok_or(VaultError::Damaged(id))? {
            CredentialKind::OneTimePassword => {
                (self.failures >= ONE_TIME_PASSWORD_ATTEMPTS).then_some(Verification::Locked { until: None })
            }
            CredentialKind::Password if self.failures >= PASSWORD_ATTEMPTS => locked(self.failed_at, now),
            CredentialKind::Password => None,
            // Second factors are not compared here.
            CredentialKind::Authenticator | CredentialKind::Token | CredentialKind::RecoveryCodes | CredentialKind::Passkey => {
                Some(Verification::Unknown)
            }
        })
    }
}

/// The lock that began with this failure; none if it is over.
fn locked(failed_at: Option<i64>, now: Timestamp) -> Option<Verification> {
    let until = failed_at.and_then(instant).and_then(|failed_at| failed_at.checked_add(PASSWORD_LOCK).ok());
    until.is_none_or(|until| now < until).then_some(Verification::Locked { until })
}

/// What became of an attempt with a second factor.
pub(crate) enum Attempting {
    /// It was counted, and may be compared.
    Counted {
        /// With this.
        row: FactorRow,
        /// How many more the person has.
        attempts_left: u32,
    },
    /// It is not compared.
    Refused(Verification),
}

impl Attempting {
    pub(super) fn counted(row: FactorRow, failures: i64) -> Self {
        Self::Counted { row, attempts_left: u32::try_from(FACTOR_ATTEMPTS.saturating_sub(failures)).unwrap_or_default() }
    }
}

/// Why an attempt with a second factor was not counted, by what is known of its person's attempts; none if nothing is in the way any more.
pub(super) fn refused_proof(failures: Option<i64>, failed_at: Option<i64>, now: Timestamp) -> Option<Verification> {
    failures.filter(|failures| *failures >= FACTOR_ATTEMPTS).and_then(|_| locked(failed_at, now))
}

/// A second factor, as it is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FactorRow {
    pub(crate) person: PersonId,
    pub(crate) kind: CredentialKind,
    pub(crate) sealed: Vec<u8>,
    pub(crate) counter: i64,
}

impl FactorRow {
    pub(super) fn of(id: CredentialId, person: Uuid, kind: i64, sealed: Vec<u8>, counter: i64) -> Result<Self, VaultError> {
        let kind = CredentialKind::of_code(kind).ok_or(VaultError::Damaged(id))?;
        Ok(Self { person: PersonId(person), kind, sealed, counter })
    }
}

/// What a right code changes.
pub(crate) struct UseUp {
    pub(crate) id: CredentialId,
    pub(crate) is_pending: bool,
    /// What it was compared with.
    pub(crate) before: FactorRow,
    /// What is sealed from now on, if that changes.
    pub(crate) sealed: Option<Vec<u8>>,
    /// The last counter or step that was used, from now on.
    pub(crate) counter: i64,
    pub(crate) now: Timestamp,
}

/// A second factor of these columns.
pub(super) fn factor(id: Uuid, kind: i64, state: i64, created_at: i64, last_used_at: Option<i64>) -> Result<Factor, VaultError> {
    const DAMAGED: VaultError = VaultError::DamagedRow { table: "credentials" };
    let state = match state {
        0 => FactorState::Pending,
        1 => FactorState::Active,
        2 => FactorState::Revoked,
        _ => return Err(DAMAGED),
    };
    Ok(Factor {
        id: CredentialId(id),
        kind: CredentialKind::of_code(kind).ok_or(DAMAGED)?,
        state,
        created_at: instant(created_at).ok_or(DAMAGED)?,
        last_used_at: last_used_at.map(|at| instant(at).ok_or(DAMAGED)).transpose()?,
    })
}

/// A passkey of somebody, pending or active.
pub(crate) struct PasskeyRow {
    pub(crate) id: CredentialId,
    pub(crate) is_pending: bool,
    pub(crate) row: FactorRow,
}

impl PasskeyRow {
    pub(super) fn of(id: Uuid, state: i64, person: Uuid, sealed: Vec<u8>, counter: i64) -> Self {
        let row = FactorRow { person: PersonId(person), kind: CredentialKind::Passkey, sealed, counter };
        Self { id: CredentialId(id), is_pending: state == 0, row }
    }
}

/// What is going on between somebody and their authenticator: one for each purpose.
pub(crate) struct Ceremony {
    pub(crate) person: PersonId,
    pub(crate) purpose: u8,
    pub(crate) sealed: Vec<u8>,
    pub(crate) ends_at: Timestamp,
}

/// The key of a ceremony: the person's, and one byte for the purpose.
pub(super) fn ceremony_key(person: PersonId, purpose: u8) -> Vec<u8> {
    [person.0.as_bytes().as_slice(), &[purpose]].concat()
}

/// A token for the inventory.
pub(crate) struct NewStock {
    pub(crate) serial: String,
    pub(crate) sealed: Vec<u8>,
    /// The last counter that was used of it.
    pub(crate) counter: i64,
    pub(crate) imported_at: Timestamp,
}

/// A token of the inventory.
pub(crate) struct Stock {
    pub(crate) serial: String,
    pub(crate) sealed: Vec<u8>,
    pub(crate) standing: TokenStanding,
}

impl Stock {
    pub(super) fn of(serial: Vec<u8>, sealed: Vec<u8>, state: i64, credential: Option<Uuid>) -> Result<Self, VaultError> {
        const DAMAGED: VaultError = VaultError::DamagedRow { table: "inventory" };
        let standing = match (state, credential) {
            (0, None) => TokenStanding::Available,
            (1, Some(credential)) => TokenStanding::Taken(CredentialId(credential)),
            (2, None) => TokenStanding::Withdrawn,
            _ => return Err(DAMAGED),
        };
        Ok(Self { serial: String::from_utf8(serial).map_err(|_| DAMAGED)?, sealed, standing })
    }
}

/// What became of a claim.
pub(crate) enum Claimed {
    /// The credential is there, pending.
    Stored,
    /// Its id is active or revoked already: nothing was changed.
    Kept,
    /// Somebody else has the token, or had it.
    Taken,
}

/// How an attempt that was right is taken back.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Uncounted(pub(super) &'static str);

impl Uncounted {
    pub(super) fn of(kind: CredentialKind) -> Self {
        // Right ones in between do not give more guesses at a one-time password to whoever guesses.
        Self(if kind == CredentialKind::Password { statements::UNCOUNT_ALL } else { statements::UNCOUNT_ONE })
    }
}

/// The latest instant of a last failure at which a lock is over now.
pub(super) fn unlocked_if_failed_by(now: Timestamp) -> i64 {
    now.checked_sub(PASSWORD_LOCK).map_or(i64::MIN, Timestamp::as_microsecond)
}

/// A pending credential of these columns.
pub(super) fn pending(id: Uuid, person: Uuid, named_by: Uuid) -> Pending {
    let (id, person) = (CredentialId(id), PersonId(person));
    let named_by = if named_by == person.0 {
        NamedBy::User(person)
    } else if named_by == id.0 {
        NamedBy::Credential(id)
    } else {
        NamedBy::Stream(named_by)
    };
    Pending { id, person, named_by }
}

/// A token to keep.
pub(crate) struct NewToken {
    pub(crate) hash: TextHash,
    pub(crate) token: Arc<Token>,
}

impl NewToken {
    /// The columns `holder` and `scopes`.
    pub(super) fn texts(&self) -> Result<(String, String), VaultError> {
        let holder = serde_json::to_string(&self.token.holder).map_err(|_| DAMAGED_TOKEN)?;
        let scopes = serde_json::to_string(&self.token.scopes).map_err(|_| DAMAGED_TOKEN)?;
        Ok((holder, scopes))
    }
}

/// The columns of a token, but its hash.
pub(super) struct TokenRow {
    pub(super) id: Uuid,
    pub(super) name: String,
    pub(super) holder: String,
    pub(super) scopes: String,
    pub(super) created_at: i64,
    pub(super) expires_at: Option<i64>,
    pub(super) revoked_at: Option<i64>,
}

impl TokenRow {
    pub(super) fn token(self) -> Result<Token, VaultError> {
        let time = |microseconds: Option<i64>| microseconds.map(|at| instant(at).ok_or(DAMAGED_TOKEN)).transpose();
        Ok(Token {
            id: TokenId(self.id),
            name: self.name,
            holder: serde_json::from_str(&self.holder).map_err(|_| DAMAGED_TOKEN)?,
            scopes: serde_json::from_str(&self.scopes).map_err(|_| DAMAGED_TOKEN)?,
            created_at: instant(self.created_at).ok_or(DAMAGED_TOKEN)?,
            expires_at: time(self.expires_at)?,
            revoked_at: time(self.revoked_at)?,
        })
    }
}

const DAMAGED_TOKEN: VaultError = VaultError::DamagedRow { table: "tokens" };

/// A session to keep.
pub(crate) struct NewSession {
    pub(crate) hash: TextHash,
    pub(crate) live: Arc<Live>,
}

/// A session that goes on under another id and another hash.
#[derive(Clone, Copy)]
pub(crate) struct Raising {
    pub(crate) old: SessionId,
    pub(crate) id: SessionId,
    pub(crate) hash: TextHash,
    pub(crate) assurance: Assurance,
    pub(crate) now: Timestamp,
}

/// The columns of a session, but its hash.
pub(super) struct SessionRow {
    pub(super) id: Uuid,
    pub(super) person: Uuid,
    pub(super) organization: Option<Uuid>,
    pub(super) staff: Option<Uuid>,
    pub(super) assurance: i64,
    pub(super) created_at: i64,
    pub(super) proved_at: Option<i64>,
    pub(super) ends_at: i64,
    pub(super) idle_us: i64,
    pub(super) seen_at: i64,
    pub(super) label: String,
    pub(super) opened_by: Option<Vec<u8>>,
}

impl SessionRow {
    pub(super) fn live(self) -> Result<Live, VaultError> {
        const DAMAGED: VaultError = VaultError::DamagedRow { table: "sessions" };
        let holder = match (self.organization, self.staff) {
            (Some(organization), None) => SessionHolder::User { organization: OrganizationId(organization) },
            (None, Some(staff)) => SessionHolder::Staff { staff: StaffId(staff) },
            (Some(_), Some(_)) | (None, None) => return Err(DAMAGED),
        };
        let session = Session {
            id: SessionId(self.id),
            person: PersonId(self.person),
            holder,
            opened_by: OpenedBy::of_column(self.opened_by.as_deref()).ok_or(DAMAGED)?,
            assurance: Assurance::of_code(self.assurance).ok_or(DAMAGED)?,
            created_at: instant(self.created_at).ok_or(DAMAGED)?,
            // An earlier version did not write it: it knew passwords only, proved at sign-in.
            proved_at: instant(self.proved_at.unwrap_or(self.created_at)).ok_or(DAMAGED)?,
            ends_at: instant(self.ends_at).ok_or(DAMAGED)?,
            label: self.label,
        };
        Ok(Live::new(session, self.idle_us, self.seen_at))
    }
}

/// The columns that say whose a session is: `organization` and `staff`, one of them null.
pub(super) fn holder_columns(holder: SessionHolder) -> (Option<Uuid>, Option<Uuid>) {
    match holder {
        SessionHolder::User { organization } => (Some(organization.0), None),
        SessionHolder::Staff { staff } => (None, Some(staff.0)),
    }
}

/// Which sessions end.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Ending {
    /// This one.
    One(SessionId),
    /// This one, if it is this person's.
    OneOf(PersonId, SessionId),
    /// All of a person.
    AllOf(PersonId),
    /// All of a person but this one; if something is told, that one counts as opened by it from now on.
    Others(PersonId, SessionId, Option<OpenedBy>),
}

impl Ending {
    /// Whether it ends this one.
    pub(super) fn ends(self, session: &Session) -> bool {
        match self {
            Self::One(id) => session.id == id,
            Self::OneOf(person, id) => session.person == person && session.id == id,
            Self::AllOf(person) => session.person == person,
            Self::Others(person, keep, _) => session.person == person && session.id != keep,
        }
    }

    /// The person's session that stays and counts as opened by something else.
    pub(super) fn reopens(self) -> Option<(PersonId, SessionId, OpenedBy)> {
        match self {
            Self::Others(person, keep, Some(opened_by)) => Some((person, keep, opened_by)),
            Self::One(_) | Self::OneOf(..) | Self::AllOf(_) | Self::Others(_, _, None) => None,
        }
    }
}

/// The instant of this many microseconds; none if it is out of range, which only a damaged row has.
fn instant(microseconds: i64) -> Option<Timestamp> {
    Timestamp::from_microsecond(microseconds).ok()
}
