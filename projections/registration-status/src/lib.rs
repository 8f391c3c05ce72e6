//! Where a case stands and who acts next: for the registrant who comes back, for staff, and, in what may be said without a login,
//! for whoever knows the case number (domain, "The ways through"). No personal data.
//!
//! [`get`] and [`by_case_number`] tell all of it, [`public`] what anybody may know.

mod apply;
mod queries;
mod rows;
mod schema;
mod steps;

use std::sync::Arc;

use async_trait::async_trait;
use projection_runtime::{Envelope, Projection, ProjectionError, Tables};

pub use queries::*;
pub use rows::*;
pub use steps::*;

/// The read model `registration-status`.
#[derive(Debug, Clone, Copy, Default)]
pub struct RegistrationStatus;

#[async_trait]
impl Projection for RegistrationStatus {
    fn name(&self) -> &'static str {
        "registration-status"
    }

    fn version(&self) -> u32 {
        1
    }

    fn schema(&self) -> &'static [&'static str] {
        schema::SCHEMA
    }

    fn tables(&self) -> &'static [(&'static str, &'static str)] {
        schema::TABLES
    }

    async fn apply(&self, rows: &mut Tables<'_>, events: &[Arc<Envelope>]) -> Result<(), ProjectionError> {
        apply::apply(rows, events).await
    }
}
