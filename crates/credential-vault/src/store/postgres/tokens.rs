//! Tokens in PostgreSQL.

use std::sync::Arc;

use jiff::Timestamp;

use super::{PostgresStore, bytes, uuid};
use crate::error::VaultError;
use crate::store::NewToken;
use crate::store::rows::TokenRow;
use crate::store::statements::{INSERT_TOKEN, SELECT_TOKENS};
use crate::text::TextHash;
use crate::tokens::{Token, TokenId};

const SELECT: &str = "
SELECT
    id,
    name,
    holder,
    scopes,
    created_at,
    expires_at,
    revoked_at
FROM tokens
WHERE hash = $1
    AND revoked_at IS NULL
";

/// A row of a change counts up the version in the same statement, so that others notice.
const REVOKE: &str = "
WITH revoked AS (
    UPDATE tokens
    SET revoked_at = $2
    WHERE id = $1
        AND revoked_at IS NULL
    RETURNING id
), noticed AS (
    UPDATE vault
    SET version = version + 1
    WHERE EXISTS (SELECT id FROM revoked)
)
SELECT count(*)
FROM revoked
";

type Columns = (Vec<u8>, String, String, String, i64, Option<i64>, Option<i64>);

impl PostgresStore {
    /// As [`crate::store::Store::insert_token`].
    pub(crate) async fn insert_token(&self, new: NewToken) -> Result<(), VaultError> {
        let (holder, scopes) = new.texts()?;
        let NewToken { hash, token } = new;
        sqlx::query(INSERT_TOKEN)
            .bind(bytes(token.id.0))
            .bind(hash.as_slice())
            .bind(&token.name)
            .bind(holder)
            .bind(scopes)
            .bind(token.created_at.as_microsecond())
            .bind(token.expires_at.map(Timestamp::as_microsecond))
            .execute(self.pool())
            .await?;
        Ok(())
    }

    /// As [`crate::store::Store::token`]: from memory, where what is there holds still.
    pub(crate) async fn token(self: &Arc<Self>, hash: &TextHash) -> Result<Option<Arc<Token>>, VaultError> {
        self.refresh().await?;
        if let Some(token) = self.tokens.get(hash) {
            return Ok(Some(token));
        }
        let (asked, hash) = (Arc::clone(self), *hash);
        self.ask(async move {
            let changes = asked.tokens.changes();
            let found: Option<Columns> = sqlx::query_as(SELECT).bind(hash.as_slice()).fetch_optional(asked.pool()).await?;
            let Some(columns) = found else { return Ok(None) };
            let token = Arc::new(row(columns)?.token()?);
            asked.tokens.put(hash, Arc::clone(&token), changes);
            Ok(Some(token))
        })
        .await
    }

    /// As [`crate::store::Store::list_tokens`].
    pub(crate) async fn list_tokens(&self) -> Result<Vec<Token>, VaultError> {
        // The last column, the hash, is left out.
        let found: Vec<Columns> = sqlx::query_as(SELECT_TOKENS).fetch_all(self.pool()).await?;
        found.into_iter().map(|columns| row(columns)?.token()).collect()
    }

    /// As [`crate::store::Store::revoke_token`].
    pub(crate) async fn revoke_token(&self, id: TokenId, now: Timestamp) -> Result<bool, VaultError> {
        let revoked: i64 = sqlx::query_scalar(REVOKE).bind(bytes(id.0)).bind(now.as_microsecond()).fetch_one(self.pool()).await?;
        self.tokens.forget(|token| token.id == id);
        Ok(revoked == 1)
    }
}

fn row(columns: Columns) -> Result<TokenRow, VaultError> {
    let (id, name, holder, scopes, created_at, expires_at, revoked_at) = columns;
    Ok(TokenRow { id: uuid("tokens", &id)?, name, holder, scopes, created_at, expires_at, revoked_at })
}
