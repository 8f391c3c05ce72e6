//! API tokens.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use domain::{OrganizationId, StaffId, StaffRole};
use jiff::Timestamp;
use parking_lot::RwLock;
use rusqlite::{Connection, params};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::error::VaultError;
use crate::store::instant;
use crate::text::{self, TextHash};
use crate::vault::Vault;

/// What a token's text begins with.
const PREFIX: &str = "gh_";

/// An API token, by a name that is no secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TokenId(pub Uuid);

impl fmt::Display for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::str::FromStr for TokenId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self)
    }
}

/// Who acts with a token.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Holder {
    /// A member of the operator's staff.
    Staff {
        /// Who.
        staff: StaffId,
        /// In which roles; one never implies another.
        roles: Vec<StaffRole>,
    },
    /// A partner's own system.
    Partner {
        /// The partner.
        organization: OrganizationId,
    },
    /// A downstream service.
    Service {
        /// Its name.
        name: String,
    },
}

/// What a token should be.
#[derive(Debug, Clone)]
pub struct TokenRequest {
    /// What people call it.
    pub name: String,
    /// Who acts with it.
    pub holder: Holder,
    /// What it may be used for, where that is narrower than its holder's rights; the caller gives the words their meaning.
    pub scopes: Vec<String>,
    /// Until when it works; none: until it is revoked.
    pub expires_at: Option<Timestamp>,
}

/// A token, without its text, of which only the hash is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Its id.
    pub id: TokenId,
    /// What people call it.
    pub name: String,
    /// Who acts with it.
    pub holder: Holder,
    /// What it may be used for.
    pub scopes: Vec<String>,
    /// When it was issued.
    pub created_at: Timestamp,
    /// Until when it works.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked, if it was.
    pub revoked_at: Option<Timestamp>,
}

/// A token that was issued just now.
pub struct IssuedToken {
    /// What it is.
    pub token: Arc<Token>,
    /// Its text, to be shown this once: `gh_` and 42 letters and digits.
    pub secret: Zeroizing<String>,
}

/// Never shows the text.
impl fmt::Debug for IssuedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IssuedToken").field("token", &self.token).finish_non_exhaustive()
    }
}

/// The tokens that work, by the hash of their text.
#[derive(Default)]
pub(crate) struct Tokens {
    by_hash: RwLock<HashMap<TextHash, Arc<Token>>>,
}

const INSERT: &str = "
INSERT INTO tokens (id, hash, name, holder, scopes, created_at, expires_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
";

const SELECT: &str = "
SELECT
    id,
    hash,
    name,
    holder,
    scopes,
    created_at,
    expires_at,
    revoked_at
FROM tokens
ORDER BY created_at, id
";

impl Vault {
    /// Makes a token. On disk when this returns.
    ///
    /// # Errors
    /// If there are no random bytes or the disk refuses.
    pub async fn issue_token(&self, request: TokenRequest, now: Timestamp) -> Result<IssuedToken, VaultError> {
        let secret = text::new_text(PREFIX)?;
        let hash = text::hash_of(PREFIX, &secret).ok_or(DAMAGED)?;
        let mut id = [0; 16];
        getrandom::fill(&mut id)?;
        let TokenRequest { name, holder, scopes, expires_at } = request;
        let id = TokenId(uuid::Builder::from_random_bytes(id).into_uuid());
        let token = Arc::new(Token { id, name, holder, scopes, created_at: now, expires_at, revoked_at: None });
        let kept = Arc::clone(&token);
        self.run(move |inner| {
            let holder = serde_json::to_string(&kept.holder).map_err(|_| DAMAGED)?;
            let scopes = serde_json::to_string(&kept.scopes).map_err(|_| DAMAGED)?;
            let (created_at, expires_at) = (now.as_microsecond(), expires_at.map(Timestamp::as_microsecond));
            let connection = inner.connection.lock();
            connection.execute(INSERT, params![id.0.as_bytes(), hash, kept.name, holder, scopes, created_at, expires_at])?;
            inner.tokens.by_hash.write().insert(hash, kept);
            Ok(())
        })
        .await?;
        Ok(IssuedToken { token, secret })
    }

    /// The token of this text, if it works now. Answers from memory; what another process revoked or issued counts after a
    /// second at most.
    #[must_use]
    pub fn authenticate_token(&self, secret: &str, now: Timestamp) -> Option<Arc<Token>> {
        let hash = text::hash_of(PREFIX, secret)?;
        self.inner.notice_changes(now);
        let token = self.inner.tokens.by_hash.read().get(&hash).cloned()?;
        if token.expires_at.is_some_and(|expires_at| expires_at <= now) { None } else { Some(token) }
    }

    /// All tokens, oldest first, revoked and expired ones too.
    ///
    /// # Errors
    /// If a row cannot be read.
    pub async fn list_tokens(&self) -> Result<Vec<Token>, VaultError> {
        self.run(|inner| Ok(read(&inner.connection.lock())?.into_iter().map(|(_, token)| token).collect())).await
    }

    /// Ends a token at once. False if there is none of this id, or it was revoked before.
    ///
    /// # Errors
    /// If the disk refuses.
    pub async fn revoke_token(&self, id: TokenId, now: Timestamp) -> Result<bool, VaultError> {
        self.run(move |inner| {
            let connection = inner.connection.lock();
            let statement = "UPDATE tokens SET revoked_at = ?2 WHERE id = ?1 AND revoked_at IS NULL";
            let revoked = connection.execute(statement, params![id.0.as_bytes(), now.as_microsecond()])? == 1;
            inner.tokens.by_hash.write().retain(|_, token| token.id != id);
            Ok(revoked)
        })
        .await
    }
}

impl Tokens {
    /// Takes in the tokens as they are in the database.
    pub(crate) fn load(&self, connection: &Connection) -> Result<(), VaultError> {
        let tokens = read(connection)?.into_iter().filter(|(_, token)| token.revoked_at.is_none());
        let tokens = tokens.map(|(hash, token)| (hash, Arc::new(token))).collect();
        *self.by_hash.write() = tokens;
        Ok(())
    }
}

const DAMAGED: VaultError = VaultError::DamagedRow { table: "tokens" };

fn read(connection: &Connection) -> Result<Vec<(TextHash, Token)>, VaultError> {
    let mut statement = connection.prepare(SELECT)?;
    let mut rows = statement.query([])?;
    let mut tokens = Vec::new();
    while let Some(row) = rows.next()? {
        let time = |microseconds: Option<i64>| microseconds.map(|at| instant(at).ok_or(DAMAGED)).transpose();
        let token = Token {
            id: TokenId(Uuid::from_bytes(row.get(0)?)),
            name: row.get(2)?,
            holder: serde_json::from_str(&row.get::<_, String>(3)?).map_err(|_| DAMAGED)?,
            scopes: serde_json::from_str(&row.get::<_, String>(4)?).map_err(|_| DAMAGED)?,
            created_at: instant(row.get(5)?).ok_or(DAMAGED)?,
            expires_at: time(row.get(6)?)?,
            revoked_at: time(row.get(7)?)?,
        };
        tokens.push((row.get(1)?, token));
    }
    Ok(tokens)
}
