//! A digest of all rows of a read model, to compare one built live with one rebuilt.

use std::fmt;

use futures_util::TryStreamExt;
use sha2::{Digest as _, Sha256};
use sqlx::any::{AnyRow, AnyTypeInfoKind};
use sqlx::{AnyConnection, AssertSqlSafe, Row, ValueRef};

use crate::Projection;

/// SHA-256 over all rows of a read model. Written as 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Digest(pub [u8; 32]);

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

/// The digest of all rows in the [tables](Projection::tables) of a read model, in their order. Equal rows give equal digests,
/// whatever the order in which they were written.
///
/// # Errors
/// When the database fails.
pub async fn digest(db: &mut AnyConnection, projection: &dyn Projection) -> Result<Digest, sqlx::Error> {
    let mut hash = Sha256::new();
    for (table, order) in projection.tables() {
        feed(&mut hash, b't', table.as_bytes());
        // Both names are literals of the projection.
        let sql = AssertSqlSafe(format!("SELECT * FROM {table} ORDER BY {order}"));
        let mut rows = sqlx::query(sql).fetch(&mut *db);
        while let Some(row) = rows.try_next().await? {
            hash_row(&mut hash, &row)?;
        }
    }
    Ok(Digest(hash.finalize().into()))
}

fn hash_row(hash: &mut Sha256, row: &AnyRow) -> Result<(), sqlx::Error> {
    hash.update(b"r");
    for index in 0..row.len() {
        let value = row.try_get_raw(index)?;
        if value.is_null() {
            hash.update(b"n");
            continue;
        }
        match value.type_info().kind() {
            AnyTypeInfoKind::Text => feed(hash, b's', row.try_get::<String, _>(index)?.as_bytes()),
            AnyTypeInfoKind::Blob => feed(hash, b'b', &row.try_get::<Vec<u8>, _>(index)?),
            AnyTypeInfoKind::Real | AnyTypeInfoKind::Double => feed(hash, b'f', &row.try_get::<f64, _>(index)?.to_be_bytes()),
            AnyTypeInfoKind::Bool => feed(hash, b'i', &i64::from(row.try_get::<bool, _>(index)?).to_be_bytes()),
            AnyTypeInfoKind::SmallInt | AnyTypeInfoKind::Integer | AnyTypeInfoKind::BigInt => {
                feed(hash, b'i', &row.try_get::<i64, _>(index)?.to_be_bytes());
            }
            AnyTypeInfoKind::Null => hash.update(b"n"),
        }
    }
    Ok(())
}

/// The length goes first, so that no two different rows feed the same bytes.
fn feed(hash: &mut Sha256, tag: u8, bytes: &[u8]) {
    hash.update([tag]);
    hash.update(u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes());
    hash.update(bytes);
}
