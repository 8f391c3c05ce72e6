//! Which types are kept in one column, and how.

use std::str::FromStr;

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::sql::{Source, Value};

/// A type that is kept in one column.
pub trait Column: Sized {
    /// NULL in a column of this type.
    const NULL: Value;

    /// As the database keeps it.
    ///
    /// # Errors
    /// [`sqlx::Error::Encode`] when it cannot be written.
    fn value(&self) -> Result<Value, sqlx::Error>;

    /// From the column of this index, counted from 0.
    ///
    /// # Errors
    /// [`sqlx::Error`] when the column is missing or holds something else.
    fn read(row: &impl Source, index: usize) -> Result<Self, sqlx::Error>;
}

fn int(row: &impl Source, index: usize) -> Result<i64, sqlx::Error> {
    row.int(index)?.ok_or_else(|| unreadable(index, "NULL where there must be a number"))
}

fn text(row: &impl Source, index: usize) -> Result<&str, sqlx::Error> {
    row.text(index)?.ok_or_else(|| unreadable(index, "NULL where there must be a text"))
}

/// What a text stands for.
///
/// # Errors
/// [`sqlx::Error`] when the column is missing or holds something else.
pub fn parse<T: FromStr<Err: Into<Box<dyn std::error::Error + Send + Sync>>>>(row: &impl Source, index: usize) -> Result<T, sqlx::Error> {
    text(row, index)?.parse().map_err(|error| unreadable(index, error))
}

fn unreadable(index: usize, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> sqlx::Error {
    sqlx::Error::ColumnDecode { index: index.to_string(), source: source.into() }
}

impl Column for i64 {
    const NULL: Value = Value::Int(None);

    fn value(&self) -> Result<Value, sqlx::Error> {
        Ok(Value::Int(Some(*self)))
    }

    fn read(row: &impl Source, index: usize) -> Result<Self, sqlx::Error> {
        int(row, index)
    }
}

macro_rules! integers {
    ($($type:ty),*) => {$(
        impl Column for $type {
            const NULL: Value = Value::Int(None);

            fn value(&self) -> Result<Value, sqlx::Error> {
                let value = i64::try_from(*self).map_err(|error| sqlx::Error::Encode(error.into()))?;
                Ok(Value::Int(Some(value)))
            }

            fn read(row: &impl Source, index: usize) -> Result<Self, sqlx::Error> {
                let value = int(row, index)?;
                Self::try_from(value).map_err(|error| unreadable(index, error))
            }
        }
    )*};
}

integers!(u32, u64);

/// 0 or 1.
impl Column for bool {
    const NULL: Value = Value::Int(None);

    fn value(&self) -> Result<Value, sqlx::Error> {
        Ok(Value::Int(Some(i64::from(*self))))
    }

    fn read(row: &impl Source, index: usize) -> Result<Self, sqlx::Error> {
        let value = int(row, index)?;
        Ok(value != 0)
    }
}

/// Microseconds since 1970, UTC.
impl Column for Timestamp {
    const NULL: Value = Value::Int(None);

    fn value(&self) -> Result<Value, sqlx::Error> {
        Ok(Value::Int(Some(self.as_microsecond())))
    }

    fn read(row: &impl Source, index: usize) -> Result<Self, sqlx::Error> {
        let value = int(row, index)?;
        Self::from_microsecond(value).map_err(|error| unreadable(index, error))
    }
}

impl Column for String {
    const NULL: Value = Value::Text(None);

    fn value(&self) -> Result<Value, sqlx::Error> {
        Ok(Value::Text(Some(self.clone())))
    }

    fn read(row: &impl Source, index: usize) -> Result<Self, sqlx::Error> {
        text(row, index).map(ToOwned::to_owned)
    }
}

macro_rules! ids {
    ($($id:ident),*) => {$(
        /// The UUID as text, lower case with dashes.
        impl Column for domain::$id {
            const NULL: Value = Value::Text(None);

            fn value(&self) -> Result<Value, sqlx::Error> {
                Ok(Value::Text(Some(self.to_string())))
            }

            fn read(row: &impl Source, index: usize) -> Result<Self, sqlx::Error> {
                parse(row, index)
            }
        }
    )*};
}

impl Column for Uuid {
    const NULL: Value = Value::Text(None);

    fn value(&self) -> Result<Value, sqlx::Error> {
        Ok(Value::Text(Some(self.to_string())))
    }

    fn read(row: &impl Source, index: usize) -> Result<Self, sqlx::Error> {
        parse(row, index)
    }
}

ids!(
    CommandId,
    EventId,
    ApplicationId,
    InvitationId,
    RegistrationId,
    OrganizationId,
    PersonId,
    ServiceId,
    SubscriptionId,
    AccessId,
    RelationshipId,
    CredentialId,
    StaffId,
    ReservationId,
    MailId
);

impl<C: Column> Column for Option<C> {
    const NULL: Value = C::NULL;

    fn value(&self) -> Result<Value, sqlx::Error> {
        self.as_ref().map_or(Ok(C::NULL), C::value)
    }

    fn read(row: &impl Source, index: usize) -> Result<Self, sqlx::Error> {
        let is_null = match C::NULL {
            Value::Int(_) => row.int(index)?.is_none(),
            Value::Text(_) => row.text(index)?.is_none(),
        };
        if is_null { Ok(None) } else { C::read(row, index).map(Some) }
    }
}

/// A value that is kept as its JSON text.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Json<T>(pub T);

impl<T: Serialize + DeserializeOwned> Column for Json<T> {
    const NULL: Value = Value::Text(None);

    fn value(&self) -> Result<Value, sqlx::Error> {
        let text = serde_json::to_string(&self.0).map_err(|error| sqlx::Error::Encode(error.into()))?;
        Ok(Value::Text(Some(text)))
    }

    fn read(row: &impl Source, index: usize) -> Result<Self, sqlx::Error> {
        serde_json::from_str(text(row, index)?).map(Self).map_err(|error| unreadable(index, error))
    }
}
