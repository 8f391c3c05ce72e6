//! What the events of the business calendar fold to.

use super::BusinessCalendar;

/// The calendar in force, if one was adopted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CalendarState {
    /// All of it.
    pub in_force: Option<BusinessCalendar>,
}
