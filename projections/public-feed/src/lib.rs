//! Every public event, and what is so at the last of them: what the publisher and the HTTP API tell other services (domain, J10; ADR
//! 0026).
//!
//! `translate` says which stored event becomes which public one, `state` what a public event changes. Both, and the place of the event
//! in the feed, are written in one transaction: a [`Snapshot`] and the events after it fit together.
//!
//! Nothing here is personal and nothing is free text: there is nothing to be blanked when a person is forgotten.

mod apply;
mod entries;
mod erasures;
mod lines;
mod rows;
mod schema;
mod scope;
mod snapshot;
mod state;
mod translate;

use std::sync::Arc;

use async_trait::async_trait;
use projection_runtime::{Envelope, Projection, ProjectionError, Tables};

pub use entries::{Entry, Origin, entry_at, last, page};
pub use erasures::{Acknowledgement, Erasure, Service, acknowledgements_of, erasures, outstanding, outstanding_of, service, services};
pub use scope::Scope;
pub use snapshot::Snapshot;

/// The read model `public-feed`.
#[derive(Debug, Clone, Copy)]
pub struct PublicFeed;

#[async_trait]
impl Projection for PublicFeed {
    fn name(&self) -> &'static str {
        "public-feed"
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
