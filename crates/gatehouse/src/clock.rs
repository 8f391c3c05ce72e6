//! The one place that reads the clock of the machine.

use std::sync::Arc;

use event_store::Clock;
use jiff::Timestamp;

/// What the machine's clock says. Everything else takes a clock.
#[expect(clippy::disallowed_methods, reason = "the composition root owns the clock")]
pub(crate) fn system() -> Clock {
    Arc::new(Timestamp::now)
}
