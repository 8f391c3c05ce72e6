//! How new what a downstream service is told must be.

use crate::position::ReadAt;
use crate::services::Services;

/// The position that was asked for, or that of the last event which services can have been told of: details are never older than the
/// event that makes somebody ask for them.
pub(crate) fn as_told(services: &Services, at: ReadAt) -> ReadAt {
    let told = services.views.public_feed.position();
    ReadAt(Some(at.0.map_or(told, |at| at.max(told))))
}
