//! What can be asked.

use domain::{CaseNumber, RegistrationId};
use projection_runtime::sql::Database;
use projection_runtime::table::{load, select};

use crate::{PublicStatus, Status};

/// Where the case of this registration stands.
///
/// # Errors
/// [`sqlx::Error`] of the database.
pub async fn get(conn: &mut impl Database, registration: RegistrationId) -> Result<Option<Status>, sqlx::Error> {
    Ok(load(conn, [(registration,)]).await?.into_iter().next())
}

/// Where the case of this number stands: all of it, for whoever may know it.
///
/// # Errors
/// [`sqlx::Error`] of the database.
pub async fn by_case_number(conn: &mut impl Database, number: &CaseNumber) -> Result<Option<Status>, sqlx::Error> {
    Ok(select(conn, "WHERE case_number = $1", vec![number.as_str().into()]).await?.into_iter().next())
}

/// Where the case of this number stands, in what may be said without a login: no reason, no question, no company, and no approval
/// that can still be undone.
///
/// # Errors
/// [`sqlx::Error`] of the database.
pub async fn public(conn: &mut impl Database, number: &CaseNumber) -> Result<Option<PublicStatus>, sqlx::Error> {
    Ok(by_case_number(conn, number).await?.map(|status| status.public()))
}
