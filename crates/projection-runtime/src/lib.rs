//! Feeds read models from the log (architecture, rule 7).
//!
//! A [`Projection`] turns events into rows of its own database. Rows and checkpoint change in one transaction; an event that
//! cannot be applied stops that projection, with its position and the reason to be seen, and nothing is ever skipped.
//!
//! A [`Runtime`] keeps all read models and gives [`Consumer`]s their events. One reader decodes each event once; whoever is far
//! behind reads by itself until it is near. [`Views`] reads a read model at a position; [`Runtime::rebuild`] (in a running service)
//! and [`rebuild`] (while none runs) build one anew beside the one that is read.
//!
//! [`sql`] writes many rows with few statements; [`Standalone`] is a read model by itself, without a log.

mod apply;
mod board;
mod build;
mod checkpoint;
mod compare;
mod consumer;
mod cursors;
mod decode;
mod digest;
mod feed;
mod follow;
mod lease;
pub mod leases;
mod meter;
mod postgres;
mod projection;
mod readers;
mod rebuild;
mod runtime;
mod setup;
mod shelf;
pub mod sql;
mod sqlite;
mod standalone;
mod status;
pub mod table;
mod tables;
mod views;
mod wanted;
mod worker;
mod writer;

use sqlite::database;

pub use build::RebuildError;
pub use compare::Compared;
pub use consumer::{Begin, Consumer, ConsumerError, ConsumerState, ConsumerStatus};
pub use cursors::{PLACES, copy_places};
pub use digest::{Digest, digest};
pub use event_codec::{Envelope, Fingerprint, Metadata};
pub use event_store::{Clock, Direction, Epoch, Position, StreamId, as_of};
pub use feed::newest;
pub use lease::{Fence, Lease};
pub use leases::{Holder, LeaseSettings, Leases};
pub use meter::Progress;
pub use postgres::catalogue::BUILDS;
pub use projection::{Projection, ProjectionError};
pub use rebuild::rebuild;
pub use runtime::Runtime;
pub use setup::{Setup, Shared, StartError};
pub use standalone::Standalone;
pub use status::{ProjectionState, ProjectionStatus};
pub use tables::Tables;
pub use views::{Changes, ReadView, ViewError, Views};
pub use worker::Rebuilt;
