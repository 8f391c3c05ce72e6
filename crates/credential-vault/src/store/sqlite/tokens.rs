//! Tokens in a file.

use std::sync::Arc;

use jiff::Timestamp;
use rusqlite::{Connection, params};
use uuid::Uuid;

use super::SqliteStore;
use crate::error::VaultError;
use crate::store::NewToken;
use crate::store::rows::TokenRow;
use crate::store::statements::{INSERT_TOKEN, SELECT_TOKENS};
use crate::text::TextHash;
use crate::tokens::{Token, TokenId};

impl SqliteStore {
    /// As [`crate::store::Store::insert_token`].
    pub(crate) fn insert_token(&self, new: NewToken) -> Result<(), VaultError> {
        let (holder, scopes) = new.texts()?;
        let NewToken { hash, token } = new;
        let (created_at, expires_at) = (token.created_at.as_microsecond(), token.expires_at.map(Timestamp::as_microsecond));
        let connection = self.connection.lock();
        connection.execute(INSERT_TOKEN, params![token.id.0.as_bytes(), hash, token.name, holder, scopes, created_at, expires_at])?;
        self.tokens.write().insert(hash, token);
        Ok(())
    }

    /// As [`crate::store::Store::token`], from memory.
    pub(crate) fn token(&self, hash: &TextHash, now: Timestamp) -> Option<Arc<Token>> {
        self.notice_changes(now);
        self.tokens.read().get(hash).cloned()
    }

    /// As [`crate::store::Store::list_tokens`].
    pub(crate) fn list_tokens(&self) -> Result<Vec<Token>, VaultError> {
        Ok(read(&self.connection.lock())?.into_iter().map(|(_, token)| token).collect())
    }

    /// As [`crate::store::Store::revoke_token`].
    pub(crate) fn revoke_token(&self, id: TokenId, now: Timestamp) -> Result<bool, VaultError> {
        let connection = self.connection.lock();
        let statement = "UPDATE tokens SET revoked_at = ?2 WHERE id = ?1 AND revoked_at IS NULL";
        let revoked = connection.execute(statement, params![id.0.as_bytes(), now.as_microsecond()])? == 1;
        self.tokens.write().retain(|_, token| token.id != id);
        Ok(revoked)
    }

    /// Takes in the tokens as they are in the database.
    pub(super) fn reload_tokens(&self, connection: &Connection) -> Result<(), VaultError> {
        let tokens = read(connection)?.into_iter().filter(|(_, token)| token.revoked_at.is_none());
        let tokens = tokens.map(|(hash, token)| (hash, Arc::new(token))).collect();
        *self.tokens.write() = tokens;
        Ok(())
    }
}

fn read(connection: &Connection) -> Result<Vec<(TextHash, Token)>, VaultError> {
    let mut statement = connection.prepare(SELECT_TOKENS)?;
    let mut rows = statement.query([])?;
    let mut tokens = Vec::new();
    while let Some(row) = rows.next()? {
        let token = TokenRow {
            id: Uuid::from_bytes(row.get(0)?),
            name: row.get(1)?,
            holder: row.get(2)?,
            scopes: row.get(3)?,
            created_at: row.get(4)?,
            expires_at: row.get(5)?,
            revoked_at: row.get(6)?,
        };
        tokens.push((row.get(7)?, token.token()?));
    }
    Ok(tokens)
}
