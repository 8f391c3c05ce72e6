//! What can be asked of the operator's business calendar.

use super::BusinessCalendar;

/// What can be asked of the operator's business calendar.
#[derive(Debug, Clone)]
pub enum CalendarCommand {
    /// Puts a calendar in force. Its version must be greater than the one before; the same calendar again yields nothing.
    AdoptCalendar {
        /// All of it.
        calendar: BusinessCalendar,
    },
}
