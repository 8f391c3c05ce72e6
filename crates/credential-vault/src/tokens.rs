//! API tokens.

use std::fmt;
use std::sync::Arc;

use domain::{OrganizationId, StaffId, StaffRole};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use zeroize::Zeroizing;

use crate::error::VaultError;
use crate::store::NewToken;
use crate::text;
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

impl Vault {
    /// Makes a token. On disk when this returns.
    ///
    /// # Errors
    /// If there are no random bytes or the disk refuses.
    pub async fn issue_token(&self, request: TokenRequest, now: Timestamp) -> Result<IssuedToken, VaultError> {
        let secret = text::new_text(PREFIX)?;
        let hash = text::hash_of(PREFIX, &secret).ok_or(VaultError::DamagedRow { table: "tokens" })?;
        let mut id = [0; 16];
        getrandom::fill(&mut id)?;
        let TokenRequest { name, holder, scopes, expires_at } = request;
        let id = TokenId(uuid::Builder::from_random_bytes(id).into_uuid());
        let token = Arc::new(Token { id, name, holder, scopes, created_at: now, expires_at, revoked_at: None });
        self.inner.store.insert_token(NewToken { hash, token: Arc::clone(&token) }).await?;
        Ok(IssuedToken { token, secret })
    }

    /// The token of this text, if it works now. Answers from memory, in PostgreSQL after the first time; what another process revoked or
    /// issued counts after a second at most.
    ///
    /// # Errors
    /// If the database of a vault in PostgreSQL does not answer: then nothing that is remembered is trusted for longer than that second.
    pub async fn authenticate_token(&self, secret: &str, now: Timestamp) -> Result<Option<Arc<Token>>, VaultError> {
        let Some(hash) = text::hash_of(PREFIX, secret) else { return Ok(None) };
        let token = self.inner.store.token(&hash, now).await?;
        Ok(token.filter(|token| token.expires_at.is_none_or(|expires_at| expires_at > now)))
    }

    /// All tokens, oldest first, revoked and expired ones too.
    ///
    /// # Errors
    /// If a row cannot be read.
    pub async fn list_tokens(&self) -> Result<Vec<Token>, VaultError> {
        self.inner.store.list_tokens().await
    }

    /// Ends a token at once; on other instances that share the vault, after a second at most. False if there is none of this id, or it was
    /// revoked before.
    ///
    /// # Errors
    /// If the disk refuses.
    pub async fn revoke_token(&self, id: TokenId, now: Timestamp) -> Result<bool, VaultError> {
        self.inner.store.revoke_token(id, now).await
    }

    /// Ends all tokens whose holder is one of those meant, as [`Vault::revoke_token`]. How many worked until now.
    ///
    /// # Errors
    /// If the disk refuses; some may have ended then, and asking again ends the rest.
    pub async fn revoke_tokens_of(&self, is_meant: impl Fn(&Holder) -> bool + Send, now: Timestamp) -> Result<usize, VaultError> {
        let mut meant = self.list_tokens().await?;
        meant.retain(|token| token.revoked_at.is_none() && is_meant(&token.holder));
        let mut revoked = 0;
        for token in meant {
            revoked += usize::from(self.revoke_token(token.id, now).await?);
        }
        Ok(revoked)
    }
}
