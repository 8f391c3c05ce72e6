//! What can happen to the operator's business calendar.

use serde::{Deserialize, Serialize};

use super::BusinessCalendar;

/// What can happen to the operator's business calendar.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub enum CalendarEvent {
    /// A calendar is in force from now on. Open cases move by an event of their own.
    #[serde(rename = "calendar.adopted.v1")]
    Adopted {
        /// All of it.
        calendar: BusinessCalendar,
    },
}
