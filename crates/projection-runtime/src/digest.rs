//! A digest of all rows of a read model, to compare one built live with one rebuilt.

use std::fmt;

use sha2::{Digest as _, Sha256};

use crate::Projection;
use crate::sql::{Cell, Database, Source};

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
pub async fn digest(db: &mut impl Database, projection: &dyn Projection) -> Result<Digest, sqlx::Error> {
    let mut hash = Sha256::new();
    for (table, order) in projection.tables() {
        feed(&mut hash, b't', table.as_bytes());
        // Both names are literals of the projection.
        db.tables().each(&format!("SELECT * FROM {table} ORDER BY {order}"), |row| hash_row(&mut hash, row)).await?;
    }
    Ok(Digest(hash.finalize().into()))
}

fn hash_row(hash: &mut Sha256, row: &dyn Source) -> Result<(), sqlx::Error> {
    hash.update(b"r");
    for index in 0.. {
        match row.cell(index)? {
            Some(Cell::Null) => hash.update(b"n"),
            Some(Cell::Int(value)) => feed(hash, b'i', &value.to_be_bytes()),
            Some(Cell::Text(text)) => feed(hash, b's', text.as_bytes()),
            None => break,
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
