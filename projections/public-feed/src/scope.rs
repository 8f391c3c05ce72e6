//! Who is told what.

use std::collections::BTreeSet;

use domain::ApplicationId;
use projection_runtime::sql::Database;
use projection_runtime::table::load;
use public_events::ApplicationCode;

use crate::rows::Application;

/// What a service is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// All public events.
    Everything,
    /// The events about exactly one application, if that is one of these, and every `person.erased`.
    Applications(BTreeSet<ApplicationCode>),
}

impl Scope {
    /// Limited to applications that are known by their ids. Those that are in no catalogue are left out: there is nothing to tell of
    /// them.
    ///
    /// # Errors
    /// [`sqlx::Error`] of the database.
    pub async fn of(rows: &mut impl Database, applications: impl IntoIterator<Item = ApplicationId>) -> Result<Self, sqlx::Error> {
        let found: Vec<Application> = load(rows, applications.into_iter().map(|application| (application,))).await?;
        let codes = found.into_iter().map(|row| ApplicationCode::try_from(row.code));
        Ok(Self::Applications(codes.collect::<Result<_, _>>().map_err(|error| sqlx::Error::Decode(error.into()))?))
    }
}
